//! What fields are to a record: its id, its headline, its text, its date. Pure.

mod vocabulary;

use std::cmp::Reverse;

use docmill_crds::conversion::FieldType;

use super::kinds::{Form, Kinds};
use super::names::{ends_with_word, has_word};
use vocabulary::{BODIES, DATA, HEADLINES, IDS, OTHER_DATES, OTHER_TITLES, PARTS, PUBLISHED, is_any_of};

/// Elements and attributes around a role that are still the record's own.
const DEEPEST: usize = 4;
/// Fewer documents do not tell by chance alone that values differ.
const FEW_DOCUMENTS: u64 = 3;

/// Addresses, of which one may be the id where there is no other.
const ADDRESSES: [&str; 2] = ["loc", "permalink"];
/// Ids of something else than the record.
const OTHERS: [&str; 18] = [
    "prev",
    "previous",
    "next",
    "parent",
    "ref",
    "reference",
    "related",
    "author",
    "publisher",
    "provider",
    "source",
    "journal",
    "link",
    "href",
    "url",
    "src",
    "base",
    "elocation",
];
/// People and organizations, and what is cited: their ids are not the record's, however deep they are.
const PARTIES: [&str; 22] = [
    "person",
    "persons",
    "author",
    "authors",
    "contrib",
    "contributor",
    "contributors",
    "creator",
    "editor",
    "sponsor",
    "sponsors",
    "cosponsors",
    "member",
    "members",
    "agent",
    "affiliation",
    "organization",
    "organisation",
    "committee",
    "committees",
    "citation",
    "references",
];

/// What a field is to its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The id of the document.
    Guid,
    Headline,
    Body,
    /// When it was published.
    PublishedAt,
}

impl Role {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Guid => "guid",
            Self::Headline => "headline",
            Self::Body => "body",
            Self::PublishedAt => "publishedAt",
        }
    }
}

/// A field of the record.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
pub(super) struct Candidate<'t> {
    /// The name of its element or attribute, and that of the element around it.
    pub(super) name: &'t str,
    pub(super) around: &'t str,
    /// It is in an element for somebody or something else, at any depth.
    pub(super) of_party: bool,
    /// It is one of several ids, told apart by an attribute.
    pub(super) labelled: bool,
    /// Levels below the record.
    pub(super) depth: usize,
    pub(super) kind: FieldType,
    pub(super) kinds: Kinds,
    /// Whether no two documents have the same value.
    pub(super) distinct: bool,
    /// Whether every document has it.
    pub(super) everywhere: bool,
    pub(super) repeated: bool,
    /// Bytes of all its values.
    pub(super) bytes: u64,
}

/// Whether the name of an element says that its value is an id.
pub(super) fn is_name_of_id(name: &str) -> bool {
    ends_with_word(name, &IDS)
}

/// Whether the name of an element says that its value is a headline, or the caption of a picture.
pub(super) fn is_name_of_headline(name: &str) -> bool {
    is_any_of(&HEADLINES, |words| ends_with_word(name, words)) || ends_with_word(name, &["caption"])
}

/// Whether the name of an element says that its value is the date of a document.
pub(super) fn is_name_of_date(name: &str) -> bool {
    is_any_of(&PUBLISHED, |words| has_word(name, words))
        || has_word(name, &["updated", "modified", "timestamp", "time"])
}

/// Whether the name of an element says that its value is a date, if it looks like one.
pub(super) fn may_be_name_of_date(name: &str) -> bool {
    is_any_of(&PUBLISHED, |words| has_word(name, words)) || has_word(name, &DATA)
}

/// Whether the name of an element says that what is in it is about somebody or something else than the record.
pub(super) fn is_name_of_party(name: &str) -> bool {
    has_word(name, &PARTIES)
}

/// The roles of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Roles {
    /// In the order of the fields. Each role has one field at most.
    pub(super) of: Vec<Option<Role>>,
    /// The number of a field that would be the guid if no two documents had the same value.
    pub(super) shared: Option<usize>,
}

/// The roles of these fields.
pub(super) fn assign(fields: &[Candidate<'_>], documents: u64) -> Roles {
    let mut roles = vec![None; fields.len()];
    let found_guid = best(fields, |field| guid(field, documents));
    let is_own_id = |field: &Candidate<'_>| field.depth == 1 && is_name_of_id(field.name);
    let as_distinct = |field: &Candidate<'_>| guid(&Candidate { distinct: true, ..field.clone() }, documents);
    let shared = best(fields, |field| as_distinct(field).filter(|_| is_own_id(field)));
    let found = [
        (Role::Guid, found_guid),
        (Role::Headline, best(fields, headline)),
        (Role::Body, body(fields)),
        (Role::PublishedAt, best(fields, published)),
    ];
    for (role, number) in found {
        if let Some(place) = number.and_then(|number| roles.get_mut(number)) {
            *place = Some(role);
        }
    }
    Roles { of: roles, shared: shared.filter(|_| found_guid.is_none()) }
}

/// The number of the first field with the highest score.
fn best(fields: &[Candidate<'_>], score: impl Fn(&Candidate<'_>) -> Option<usize>) -> Option<usize> {
    let scores = fields.iter().map(score).enumerate();
    let candidates = scores.filter_map(|(number, score)| Some((score?, Reverse(number))));
    candidates.max().map(|(_, Reverse(number))| number)
}

/// An id has a name or a form that says so, each document has one, and no two have the same.
fn guid(field: &Candidate<'_>, documents: u64) -> Option<usize> {
    let may_be = field.everywhere
        && field.distinct
        && !field.repeated
        && field.kinds.has(Form::Word)
        && matches!(field.kind, FieldType::String | FieldType::Uri)
        && !field.of_party
        && !is_any(field, &OTHERS)
        && !has_word(field.around, &PARTS);
    let deepest = if documents < FEW_DOCUMENTS { 2 } else { DEEPEST };
    if !may_be || field.depth > deepest {
        return None;
    }
    let by_name = if field.name.eq_ignore_ascii_case("guid") {
        8
    } else if IDS.iter().any(|id| field.name.eq_ignore_ascii_case(id)) {
        7
    } else if is_name_of_id(field.name) {
        5
    } else if has_word(field.name, &IDS) {
        4
    } else {
        usize::from(ends_with_word(field.name, &ADDRESSES))
    };
    let by_form = if field.kinds.has(Form::Id) { 4 } else { 0 };
    // A record's only id is its own; of several, others may be lacking elsewhere.
    let of_several = if field.labelled { 4 } else { 0 };
    let distance = field.depth + of_several;
    (by_name + by_form > 0).then(|| (by_name + by_form + DEEPEST).saturating_sub(distance))
}

fn headline(field: &Candidate<'_>) -> Option<usize> {
    if field.repeated || !is_text(field.kind) || is_any(field, &OTHER_TITLES) {
        return None;
    }
    ranked(field, |field, words| ends_with_word(field.name, words), &HEADLINES)
}

fn published(field: &Candidate<'_>) -> Option<usize> {
    let is_date = matches!(field.kind, FieldType::Date | FieldType::DateTime);
    if field.repeated || !is_date || is_any(field, &OTHER_DATES) {
        return None;
    }
    let named = ranked(field, is_any, &PUBLISHED);
    named.or_else(|| nearness(field).filter(|_| has_word(field.name, &DATA)))
}

/// Better words score more, and among equals those nearer to the record.
fn ranked(
    field: &Candidate<'_>,
    has: impl Fn(&Candidate<'_>, &[&str]) -> bool,
    words: &[&[&str]],
) -> Option<usize> {
    let rank = words.iter().position(|words| has(field, words))?;
    Some((words.len() - rank) * 2 * DEEPEST + nearness(field)?)
}

fn nearness(field: &Candidate<'_>) -> Option<usize> {
    (2 * DEEPEST).checked_sub(field.depth)
}

/// The text by its name, else the one that is half of the record.
fn body(fields: &[Candidate<'_>]) -> Option<usize> {
    let total: u64 = fields.iter().map(|field| field.bytes).sum();
    // What is text as a whole has no form.
    let is_body = |field: &Candidate<'_>| {
        field.kind == FieldType::Text || (is_text(field.kind) && !field.kinds.has(Form::Word))
    };
    let texts = || fields.iter().enumerate().filter(|(_, field)| is_body(field));
    let largest = texts().max_by_key(|(number, field)| (field.bytes, Reverse(*number)));
    // Other texts are called the text of something.
    let is_named = |name: &str| ends_with_word(name, &BODIES) || name.eq_ignore_ascii_case("text");
    let named = texts().filter(|(_, field)| is_named(field.name));
    let by_name = named.max_by_key(|(_, field)| field.bytes);
    let by_size = largest.filter(|(_, field)| field.kind == FieldType::Text && field.bytes * 2 >= total);
    by_name.or(by_size).map(|(number, _)| number)
}

const fn is_text(kind: FieldType) -> bool {
    matches!(kind, FieldType::String | FieldType::Text)
}

fn is_any(field: &Candidate<'_>, words: &[&str]) -> bool {
    has_word(field.name, words) || has_word(field.around, words)
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::FieldType;

    use super::super::kinds::Kinds;
    use super::{Candidate, Role, assign, is_name_of_party};

    /// A field with this path and value, which every document has.
    fn field<'t>(path: &'t str, kind: FieldType, value: &str) -> Candidate<'t> {
        let mut kinds = Kinds::default();
        kinds.narrow(value);
        let mut steps = path.rsplit(['/', '@']).filter(|step| !step.is_empty());
        Candidate {
            name: steps.next().unwrap(),
            around: steps.next().unwrap_or_default(),
            of_party: steps.any(is_name_of_party),
            labelled: false,
            depth: path.split('/').count(),
            kind,
            kinds,
            distinct: true,
            everywhere: true,
            repeated: false,
            bytes: value.len() as u64,
        }
    }

    fn roles(fields: &[Candidate<'_>]) -> Vec<Option<&'static str>> {
        assign(fields, 10).of.into_iter().map(|role| role.map(Role::as_str)).collect()
    }

    #[test]
    fn roles_are_told_by_names_forms_and_size() {
        use FieldType::{Date, DateTime, String, Text};
        assert_eq!(
            roles(&[
                field("MedlineCitation/@Owner", String, "NLM"),
                field("MedlineCitation/PMID", String, "33100328"),
                field("MedlineCitation/Article/Journal/Title", String, "British journal of cancer"),
                field("MedlineCitation/Article/ArticleTitle", String, "Of a tumour"),
                field("MedlineCitation/DateRevised", Date, "2021-06-07"),
                field("MedlineCitation/Article/Journal/JournalIssue/PubDate", Date, "2021-06-07"),
                field("MedlineCitation/Article/Abstract", Text, "the words of which there are most"),
            ]),
            [None, Some("guid"), None, Some("headline"), None, Some("publishedAt"), None]
        );
        assert_eq!(
            roles(&[
                field("title", String, "A title of some words"),
                field("link", FieldType::Uri, "https://example.org/1"),
                field("guid", FieldType::Uri, "https://example.org/1"),
                field("pubDate", DateTime, "Fri, 02 Jan 2026 10:11:12 GMT"),
                field("encoded", Text, "some words"),
            ]),
            [Some("headline"), None, Some("guid"), Some("publishedAt"), Some("body")]
        );
    }

    #[test]
    fn roles_are_known_in_other_languages_if_the_type_is_that_of_the_role() {
        use FieldType::{Date, Integer, String};
        let words = "some words and some more";
        for (id, headline, body, date) in [
            ("kennung", "Überschrift", "text", "Erscheinungsdatum"),
            ("Dokumentkennung", "Meldungstitel", "Volltext", "datum"),
            ("identifiant", "titre", "texte", "date_publication"),
            ("identificador", "título", "texto", "fechaPublicacion"),
            ("identificativo", "titolo", "testo", "data"),
            ("identificador", "titulo", "conteudo", "dataPublicacao"),
            ("identificatie", "titel", "inhoud", "publicatiedatum"),
        ] {
            let fields = |kind| {
                let (id, date) = (field(id, String, "A-1"), field(date, kind, "2026-01-02"));
                [id, field(headline, String, "Rates"), field(body, String, words), date]
            };
            let all = [Some("guid"), Some("headline"), Some("body"), Some("publishedAt")];
            assert_eq!(roles(&fields(Date)), all, "{id}");
            assert_eq!(roles(&fields(Integer))[3], None, "{date}");
        }
        assert_eq!(
            roles(&[field("Untertitel", String, words), field("sous-titre", String, words)]),
            [None; 2]
        );
    }

    #[test]
    fn other_dates_are_not_those_of_publication() {
        for name in ["birthDate", "date-of-death", "Geburtsdatum", "fechaNacimiento", "expiryDate"] {
            assert_eq!(roles(&[field(name, FieldType::Date, "1970-01-02")]), [None], "{name}");
        }
        let fields = ["birthDate", "issueDate"].map(|name| field(name, FieldType::Date, "1970-01-02"));
        assert_eq!(roles(&fields), [None, Some("publishedAt")]);
    }

    #[test]
    fn an_address_is_an_id_where_there_is_no_other() {
        let loc = || field("loc", FieldType::Uri, "https://example.org/1");
        assert_eq!(roles(&[loc()]), [Some("guid")]);
        assert_eq!(roles(&[loc(), field("nr-id", FieldType::String, "7")]), [None, Some("guid")]);
    }

    #[test]
    fn an_id_is_in_every_document_once_and_never_the_same() {
        let id = || field("@id", FieldType::String, "1");
        let of = |id: Candidate<'_>| roles(&[id])[0];
        assert_eq!(of(id()), Some("guid"));
        assert_eq!(of(Candidate { distinct: false, ..id() }), None);
        let shared = |id: Candidate<'_>| assign(&[id], 10).shared;
        assert_eq!((shared(id()), shared(Candidate { distinct: false, ..id() })), (None, Some(0)));
        assert_eq!(of(Candidate { everywhere: false, ..id() }), None);
        assert_eq!(of(Candidate { repeated: true, ..id() }), None);
        assert_eq!(of(Candidate { depth: 5, ..id() }), None);
        assert_eq!(of(field("figure/@id", FieldType::String, "f1")), None);
        assert_eq!(of(field("author/@id", FieldType::String, "1")), None);
        assert_eq!(of(field("bill/sponsors/item/bioguideId", FieldType::String, "N000147")), None);
        assert_eq!(of(field("@name", FieldType::String, "urn:x:1")), Some("guid"), "by its form");
        let doi = field("PubmedData/ArticleIdList/ArticleId", FieldType::String, "10.1/a");
        let several = Candidate { labelled: true, ..doi };
        let only = field("MedlineCitation/PMID", FieldType::String, "33100328");
        assert_eq!(roles(&[several, only]), [None, Some("guid")]);
        let deep = [field("head/docdata/@id", FieldType::String, "1")];
        assert_eq!((assign(&deep, 2).of[0], assign(&deep, 3).of[0]), (None, Some(Role::Guid)));
    }
}
