//! Which elements separate text, and how far.

use docmill_crds::conversion::TextBreak;

/// How far apart the text before and after a place is. The wider of two gaps at one place wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// The same word.
    #[default]
    None,
    /// Another word, unless there is punctuation that belongs to one of them.
    Word,
    /// The same, and its parts are such words too: the two of a fraction.
    Parts,
    /// Another word.
    Space,
    /// Another word, unless the element says that the same one goes on: see [`Gap::in_place`].
    PerhapsSpace,
    /// Another line.
    Line,
    /// Another line, unless the element says that the same word goes on.
    PerhapsLine,
    /// Another paragraph.
    Paragraph,
    /// The same word, whatever white space is there.
    Joined,
}

/// Elements whose start and end separate text, whatever their namespace: those of XHTML, NITF, NewsML-G2,
/// DITA and JATS, and in capitals those of the Federal Register and of SGML. Every other element is part of its line, unless its model says otherwise.
const PARAGRAPHS: &[&str] = &[
    "EXTRACT",
    "FP",
    "FTNT",
    "GPOTABLE",
    "HD",
    "P",
    "TTITLE",
    "abstract",
    "ack",
    "address",
    "app",
    "array",
    "article",
    "aside",
    "bibliography",
    "block",
    "blockquote",
    "body",
    "body.content",
    "body.end",
    "body.head",
    "boxed-text",
    "bq",
    "byline",
    "caption",
    "center",
    "chem-struct-wrap",
    "dateline",
    "def-list",
    "details",
    "dialog",
    "dir",
    "disp-formula",
    "disp-formula-group",
    "disp-quote",
    "distributor",
    "div",
    "dl",
    "example",
    "fieldset",
    "fig",
    "figcaption",
    "figure",
    "fn",
    "fn-group",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "headline",
    "hedline",
    "hgroup",
    "hl1",
    "hl2",
    "hr",
    "lead",
    "list",
    "lq",
    "main",
    "media",
    "media-caption",
    "menu",
    "nav",
    "nitf-table",
    "note",
    "ol",
    "p",
    "para",
    "pre",
    "preformat",
    "ref-list",
    "sec",
    "section",
    "shortdesc",
    "sl",
    "speech",
    "statement",
    "subheadline",
    "subtitle",
    "summary",
    "supplementary-material",
    "table",
    "table-wrap",
    "table-wrap-foot",
    "tagline",
    "tbody",
    "tfoot",
    "thead",
    "title",
    "ul",
    "verse-group",
];
const LINES: &[&str] = &[
    "BR",
    "LI",
    "ROW",
    "TR",
    "attrib",
    "br",
    "break",
    "credit",
    "dd",
    "def",
    "def-item",
    "dt",
    "legend",
    "li",
    "line",
    "list-item",
    "option",
    "ref",
    "row",
    "sli",
    "speaker",
    "term",
    "tr",
    "verse-line",
];
const WORDS: &[&str] = &["CHED", "ENT", "TD", "TH", "entry", "label", "td", "th"];

/// The Text Encoding Initiative, whose names are too short to mean the same elsewhere.
const TEI: &str = "http://www.tei-c.org/ns/1.0";
const TEI_PARAGRAPHS: &[&str] = &[
    "ab",
    "argument",
    "back",
    "cit",
    "closer",
    "epigraph",
    "figDesc",
    "floatingText",
    "front",
    "lg",
    "listBibl",
    "opener",
    "postscript",
    "sp",
    "trailer",
];
const TEI_LINES: &[&str] = &["addrLine", "bibl", "biblStruct", "item", "l", "salute", "signed", "stage"];
const TEI_WORDS: &[&str] = &["cell"];
/// Where a line, a column and a page of the source start, perhaps within a word.
const TEI_LINE_BREAKS: &[&str] = &["lb"];
const TEI_WORD_BREAKS: &[&str] = &["cb", "pb"];
/// Parts of a line there, and not elsewhere.
const TEI_INLINE: &[&str] = &["ref", "term", "title"];

const MATHML: &str = "http://www.w3.org/1998/Math/MathML";
const MATHML_PARTS: &[&str] = &["mfrac"];
const MATHML_WORDS: &[&str] = &["mtd"];

impl From<TextBreak> for Gap {
    fn from(text_break: TextBreak) -> Self {
        match text_break {
            TextBreak::Block => Self::Paragraph,
            TextBreak::Line => Self::Line,
            TextBreak::Cell => Self::Word,
            TextBreak::Inline => Self::None,
        }
    }
}

impl Gap {
    /// Every element that separates text, whatever its namespace.
    pub(crate) fn elements() -> impl Iterator<Item = (&'static str, Self)> {
        let all = [(PARAGRAPHS, Self::Paragraph), (LINES, Self::Line), (WORDS, Self::Space)];
        all.into_iter().flat_map(|(names, gap)| names.iter().map(move |name| (*name, gap)))
    }

    /// Elements of one namespace of which something else is known: the namespace, and their names.
    pub(crate) fn elements_of_one() -> impl Iterator<Item = (&'static str, &'static str, Self)> {
        let all = [
            (TEI, TEI_PARAGRAPHS, Self::Paragraph),
            (TEI, TEI_LINES, Self::Line),
            (TEI, TEI_LINE_BREAKS, Self::PerhapsLine),
            (TEI, TEI_WORDS, Self::Space),
            (TEI, TEI_WORD_BREAKS, Self::PerhapsSpace),
            (TEI, TEI_INLINE, Self::None),
            (MATHML, MATHML_PARTS, Self::Parts),
            (MATHML, MATHML_WORDS, Self::Word),
        ];
        all.into_iter().flat_map(|(uri, names, gap)| names.iter().map(move |name| (uri, *name, gap)))
    }

    /// The gap of an element with this one by its name. `around` is that of the element that it is in, and `goes_on`
    /// says whether a word goes on after it.
    pub(crate) fn in_place(self, around: Self, goes_on: impl FnOnce() -> bool) -> Self {
        let unless_it_goes_on = |gap| if goes_on() { Self::Joined } else { gap };
        match self {
            Self::PerhapsSpace => unless_it_goes_on(Self::Space),
            Self::PerhapsLine => unless_it_goes_on(Self::Line),
            gap if around == Self::Parts => gap.max(Self::Word),
            gap => gap,
        }
    }
}
