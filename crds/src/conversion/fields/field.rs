//! One field of a document, and the types of its values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bound::{self, Bound};
pub(crate) use super::field_type::FieldType;
use super::parts::DateParts;

/// One field of a document.
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "the texts are for kubectl explain; their brackets are paths"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// The name of the field in the document. It starts with a letter; letters, digits, - and _ follow.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z][A-Za-z0-9_-]*$"))]
    pub name: String,

    /// Where the value is: one path or several, of which the first that finds a value wins. Always a list. A path starts
    /// at the record (in a nested field: at its object's element), one with a leading / at the root of the object.
    /// Steps are a/b, a//b, *, prefix:name, `*:name`, and a predicate on an attribute: a[@role='main'], [@role!='x'],
    /// [@role], [not(@role)], [contains(@class,'x')]. The end may be @attribute, `text()` (the element's own text without
    /// that of its children) or . (the element itself). count(a//b) is how many elements there are, 0 if there are none;
    /// the field is an integer. Of Json, paths are those of JSONPath without indexes and filters: head.title,
    /// authors[*].name, `['a b']`, ..name, *, @ (the value itself), count(items), and $.feed.title from the top of the object.
    #[schemars(length(min = 1, max = 8), inner(length(min = 1, max = 512)))]
    pub path: Vec<String>,

    /// What the value is. string: one line, white space collapsed. text: the whole of mixed content in reading order,
    /// paragraphs set apart by an empty line. markup: the inner XML, well-formed by itself. integer, number, boolean.
    /// dateTime: RFC 3339, ISO 8601, RFC 822 or asctime, with a zone unless timeZone gives it; becomes RFC 3339 in UTC.
    /// date: a calendar day.
    /// uri: an absolute URI. language: a BCP 47 tag. object: the nested fields. Of Json, string and text are strings as
    /// they are, and there is no markup.
    #[serde(default, rename = "type")]
    pub kind: FieldType,

    /// Whether a document without a value is refused with MissingField. An empty value is no value.
    #[serde(default)]
    pub required: bool,

    /// Paths, from where those of `path` start: if one of them finds an element or an attribute, the field is required.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 512)))]
    pub required_if: Vec<String>,

    /// Whether the field is a list of all values that the path finds. Otherwise it is the first one.
    #[serde(default)]
    pub repeated: bool,

    /// The value of a document that has none, written as the document shows it (a dateTime as 2026-01-02T09:11:12Z). Not
    /// for required or repeated fields, nor for objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub default: Option<String>,

    /// Paths of elements, from the one that `path` found, whose content is left out of a string, text or markup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 512)))]
    pub exclude: Vec<String>,

    /// A regular expression (RE2 syntax) of which a match is somewhere in the value; ^ and $ are its start and end. For
    /// string, text, markup, uri and language. Otherwise the document is refused with PatternMismatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub pattern: Option<String>,

    /// The values that there may be, written as the document shows them. Others are refused with NotInEnum. Not for objects.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 1024)))]
    pub allowed: Vec<String>,

    /// The least number of characters (Unicode scalar values) of a string, text, markup, uri or language. Fewer are refused
    /// with TooShort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub min_length: Option<i64>,

    /// The greatest number of characters. More are refused with TooLong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_length: Option<i64>,

    /// The least value of an integer, a number, a dateTime or a date, written as the document shows it: a whole number, or
    /// in quotes "0.5", "2026-01-02", "2026-01-02T09:11:12Z". Less is refused with OutOfRange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bound::schema")]
    pub minimum: Option<Bound>,

    /// The greatest value, like minimum. More is refused with OutOfRange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bound::schema")]
    pub maximum: Option<Bound>,

    /// The least number of values of a repeated field that has any. Fewer are refused with TooFew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub min_items: Option<i64>,

    /// The greatest number of values of a repeated field. More are refused with TooMany.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_items: Option<i64>,

    /// The time zone of a dateTime that does not name its own: a name such as Europe/Berlin, or an offset such as +01:00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,

    /// Forms of a dateTime or date that are tried before the usual ones, as strptime has them: %d.%m.%Y %H:%M.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 128)))]
    pub formats: Vec<String>,

    /// Year, month and day of a dateTime or date that are elements of their own in the one that `path` finds. What is missing
    /// is the first: a year alone is its first of January. A dateTime is the start of that day in its time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<DateParts>,

    /// The fields of an object. Objects nest three deep.
    // Left out of the derived schema, which cannot be recursive; `schema::fields` puts it back, level by level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    pub fields: Vec<Field>,
}
