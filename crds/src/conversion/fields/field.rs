//! One field of a document, and the types of its values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bound::{self, Bound};
use super::edits::{LetterCase, Replace};
pub(crate) use super::field_type::FieldType;
use super::parts::DateParts;
use super::search::Search;
use crate::conversion::on_fault::OnFault;
use crate::conversion::text::html::Html;
use crate::serialization::is_default;

/// One field of a document.
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "the texts are for kubectl explain; their brackets are paths"
)]
#[allow(clippy::struct_excessive_bools, reason = "each is a property of its own")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// The name of the field in the document. It starts with a letter; letters, digits, - and _ follow.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z][A-Za-z0-9_-]*$"))]
    pub name: String,

    /// Where the value is: a list of one or more paths. The first path that finds a value wins; a | b is one
    /// path, the union of both. A path starts at the record (in a nested field: at its object's element); a
    /// path with a leading / starts at the root of the object, and finds outside of the record what is
    /// nearest before it. Steps are a/b, a//b, *, prefix:name, `*:name`, with predicates on attributes and on
    /// what is in the element: a[@role='main'], [@role!='x'], [@role], [not(@role)], [contains(@class,'x')],
    /// [starts-with(@class,'x')], [b='x'], [@role and b or c]; and positions: `a[2]`, `a[last()]`. The end may be
    /// @attribute, `text()` (the element's own text without that of its children), `inherited(@xml:lang)` (the
    /// attribute of the element, or of the nearest one around it that has it) or . (the element itself).
    /// count(a//b) is the number of such elements, 0 if there are none; the field is an integer. For Json,
    /// paths are JSONPath without slices and filters: head.title, authors[*].name, authors[0], authors[-1],
    /// `['a b']`, ..name, *, @ (the value itself), count(items), and $.feed.title from the top of the object.
    /// `name()` is the name of the element, `position()` the number of a repeated object that the field is in.
    /// A field with a template may be without a path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 8), inner(length(min = 1, max = 512)))]
    pub path: Vec<String>,

    /// The value if no path finds one, put together from others in braces: "{headline}-{publishedAt:%Y-%m-%d}".
    /// In braces is a field beside this one; a path with a /, @ or ( in it, such as ./head/title or `name()`;
    /// _unit.key and _unit.digest, the key and the SHA-256 of the object; or sha256(headline,publishedAt),
    /// the SHA-256 of all these, each followed by a NUL. {version|'1'} is what stands after the | where there
    /// is no version. If a part has no value, neither has the field. At most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub template: Option<String>,

    /// Type of the value. string: one line, white space collapsed. text: all mixed content in reading order,
    /// with an empty line between paragraphs. markup: the inner XML, well-formed by itself. integer, number,
    /// boolean. dateTime: RFC 3339, ISO 8601, RFC 822 or asctime, with a zone unless timeZone gives it;
    /// becomes RFC 3339 in UTC. date: a calendar day. uri: an absolute URI. language: a BCP 47 tag. object:
    /// the nested fields. For Json, string and text are strings taken unchanged, and there is no markup.
    #[serde(default, rename = "type")]
    pub kind: FieldType,

    /// Whether a document without a value is refused with MissingField. An empty value counts as no value.
    #[serde(default)]
    pub required: bool,

    /// Paths with the same starting point as `path`. If one of them finds an element or an attribute, the
    /// field is required.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 512)))]
    pub required_if: Vec<String>,

    /// Whether the field is a list of all values that the path finds. Otherwise it is the first value.
    #[serde(default)]
    pub repeated: bool,

    /// The value if the document has none, written as it appears in the document (a dateTime as
    /// 2026-01-02T09:11:12Z). Not for objects. Of a required or a repeated field, it is only what becomes of
    /// values that its map does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub default: Option<String>,

    /// Paths of elements whose content is left out of a string, text or markup. They start at the element
    /// that `path` found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 512)))]
    pub exclude: Vec<String>,

    /// Whether a string or text is HTML that is written as text, escaped or in CDATA, and becomes plain text as mixed
    /// content does. Text: it is. ByType: it is if the element's attribute type (Atom) or contenttype (NewsML-G2) is
    /// html or text/html. An element that has elements in it is no such HTML. It becomes plain before anything else is
    /// computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<Html>,

    /// Whether a relative URI is resolved against the xml:base that applies where it stands, and against the `base` of
    /// the model. For string and uri. It is the first of what becomes of a value.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve: bool,

    /// The text between the parts of a value: , makes a list of "bank, rates". White space around a part is
    /// left out. The field is repeated, or joins the parts. This and the next properties, up to join, apply in
    /// their order here, before the value is read as its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub split: Option<String>,

    /// Whether white space around the value is left out. Values of Xml have none.
    #[serde(default)]
    pub trim: bool,

    /// A regular expression (RE2 syntax) whose first group is the value, or its match if it has no group. A
    /// value that it does not match counts as empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub extract: Option<String>,

    /// What is replaced in the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace: Option<Replace>,

    /// The case of the value's letters: Lower or Upper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<LetterCase>,

    /// Values and what each of them becomes. One that is not among them becomes the `default`, or stays.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::values")]
    pub map: BTreeMap<String, String>,

    /// The text between all values of the path, which become one string or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub join: Option<String>,

    /// A regular expression (RE2 syntax) that must match somewhere in the value; ^ and $ match its start and
    /// end. For string, text, markup, uri and language. Otherwise the document is refused with
    /// PatternMismatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub pattern: Option<String>,

    /// The allowed values, written as they appear in the document. Other values are refused with NotInEnum.
    /// Not for objects.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 1024)))]
    pub allowed: Vec<String>,

    /// Minimum number of characters (Unicode scalar values) of a string, text, markup, uri or language.
    /// Shorter values are refused with TooShort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub min_length: Option<i64>,

    /// Maximum number of characters. Longer values are refused with TooLong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub max_length: Option<i64>,

    /// Minimum of an integer, a number, a dateTime or a date, written as it appears in the document: a whole
    /// number, or in quotes "0.5", "2026-01-02", "2026-01-02T09:11:12Z". Smaller values are refused with
    /// OutOfRange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bound::schema")]
    pub minimum: Option<Bound>,

    /// Maximum, written like minimum. Greater values are refused with OutOfRange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bound::schema")]
    pub maximum: Option<Bound>,

    /// The earliest allowed dateTime or date, written like minimum, or relative to when the object landed in its bucket:
    /// now, now-100y, now-6M, now+2w, now+7d, now-12h. Earlier values are refused with OutOfRange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub earliest: Option<String>,

    /// The latest allowed dateTime or date, written like earliest. Later values are refused with OutOfRange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub latest: Option<String>,

    /// Minimum number of values of a repeated field that has any. Fewer are refused with TooFew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub min_items: Option<i64>,

    /// Maximum number of values of a repeated field. More are refused with TooMany.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub max_items: Option<i64>,

    /// The time zone of a dateTime without one: a name such as Europe/Berlin, or an offset such as +01:00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,

    /// Formats of a dateTime or date in strptime syntax, tried before the built-in ones: %d.%m.%Y %H:%M; or
    /// epochSeconds, epochMillis, epochMicros: whole numbers since 1970, in Json also as numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 128)))]
    pub formats: Vec<String>,

    /// The name of a field beside this one, a dateTime or date, that says how much of its value is known: year, month,
    /// day or second. With it, the value may be a year, or a month of a year, alone (2026, 2026-01, January 2026),
    /// and becomes its first day. Not for repeated fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z][A-Za-z0-9_-]*$"))]
    pub resolution: Option<String>,

    /// Year, month and day of a dateTime or date that are separate elements in the one that `path` finds. A
    /// missing month or day is the first: a year alone means its first of January. A dateTime is the start of
    /// that day in its time zone. An attribute that `path` finds is a whole date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<DateParts>,

    /// What happens to a value that is not of the field's type or violates its constraints. Refuse: its
    /// document is refused. Drop: it is left out. Left out: what the model's onFault says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_fault: Option<OnFault>,

    /// How the index makes the field searchable. It changes nothing in documents, and so is no part of the
    /// revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,

    /// The fields of an object. Objects nest three deep.
    // Left out of the derived schema, which cannot be recursive; `schema::fields` puts it back, level by level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    pub fields: Vec<Field>,
}

impl Field {
    /// Whether a default of this field stands in for a missing value: no value has to be there, and there is one at most.
    /// Else it is only what becomes of values that the field's map does not have.
    pub fn defaults_when_missing(&self) -> bool {
        !self.required && !self.repeated && self.required_if.is_empty()
    }
}
