//! What ids, headlines, texts and dates are called: in English, and in German, French, Spanish, Italian, Portuguese and
//! Dutch, in small letters without marks.

pub(super) const IDS: [&str; 18] = [
    "guid",
    "id",
    "identifier",
    "uid",
    "uuid",
    "pmid",
    "doi",
    "docid",
    "idno",
    "ident",
    "key",
    "sku",
    "kennung",
    "identifiant",
    "identificador",
    "identificativo",
    "identificatore",
    "identificatie",
];

/// The best first; each in all languages.
pub(super) const HEADLINES: [&[&str]; 5] = [
    &["headline", "uberschrift", "ueberschrift", "schlagzeile", "titular"],
    &["hl1"],
    &["title", "titel", "titelzeile", "titre", "titulo", "titolo"],
    &["hedline"],
    &["subject", "betreff", "objet", "asunto", "oggetto", "assunto", "onderwerp"],
];

/// Titles of something else than the record, or a part of its title.
pub(super) const OTHER_TITLES: [&str; 37] = [
    "journal",
    "series",
    "source",
    "channel",
    "book",
    "short",
    "alt",
    "running",
    "publisher",
    "sub",
    "ref",
    "reference",
    "references",
    "link",
    "related",
    "fig",
    "figure",
    "table",
    "section",
    "sec",
    "app",
    "appendix",
    "monogr",
    "sous",
    "untertitel",
    "zwischentitel",
    "kurztitel",
    "reihentitel",
    "serientitel",
    "zeitschriftentitel",
    "ondertitel",
    "tussentitel",
    "abschnitt",
    "revue",
    "revista",
    "rivista",
    "tijdschrift",
];

pub(super) const BODIES: [&str; 22] = [
    "body",
    "encoded",
    "content",
    "fulltext",
    "story",
    "block",
    "inhalt",
    "volltext",
    "meldungstext",
    "artikeltext",
    "texte",
    "contenu",
    "corps",
    "texto",
    "cuerpo",
    "contenido",
    "testo",
    "contenuto",
    "conteudo",
    "corpo",
    "tekst",
    "inhoud",
];

/// The best first; each in all languages.
pub(super) const PUBLISHED: [&[&str]; 8] = [
    &["published", "veroffentlicht", "veroeffentlicht", "publie", "publicado", "pubblicato", "gepubliceerd"],
    &["pub"],
    &[
        "publication",
        "veroffentlichung",
        "veroffentlichungsdatum",
        "veroeffentlichungsdatum",
        "erscheinungsdatum",
        "parution",
        "publicacion",
        "pubblicazione",
        "publicacao",
        "publicatie",
        "publicatiedatum",
    ],
    &["issue"],
    &["issued"],
    &["date", "datum", "fecha"],
    &["created", "erstellt", "cree", "creado", "creato", "criado"],
    &["sent", "gesendet", "envoye", "enviado", "inviato", "verzonden"],
];

/// Dates of something else than a publication.
pub(super) const OTHER_DATES: [&str; 17] = [
    "birth",
    "born",
    "death",
    "died",
    "expiry",
    "expires",
    "expiration",
    "due",
    "until",
    "geburtsdatum",
    "sterbedatum",
    "ablaufdatum",
    "naissance",
    "nacimiento",
    "nascita",
    "nascimento",
    "geboortedatum",
];

/// Parts of a record: what they are called by is not its id.
pub(super) const PARTS: [&str; 12] = [
    "figure", "fig", "image", "img", "graphic", "media", "section", "sec", "table", "abstract", "note",
    "claim",
];

/// A date in Italian and Portuguese, and anything in English: the value has to be one.
pub(super) const DATA: [&str; 1] = ["data"];

/// Whether words are those of one of these groups.
pub(super) fn is_any_of(groups: &[&[&str]], mut has: impl FnMut(&[&str]) -> bool) -> bool {
    groups.iter().any(|words| has(words))
}
