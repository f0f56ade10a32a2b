//! Texts with fields of a document in braces: names of indices, ids of documents, inputs of models.
//!
//! `articles-{publishedAt:%Y.%m.%d}` is the literal `articles-` and the field `publishedAt`, written as a date in
//! the given strftime format. Nested fields are reached with dots: `{provider.name}`. There is no way to write a
//! brace itself; neither index names nor ids need one.

use std::fmt::Write as _;

use k8s_openapi::jiff::Timestamp;
use k8s_openapi::jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Field { path: String, format: Option<String> },
}

/// Why a text is no template. The user has to mend the resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `{` without `}`, or a `}` without `{`.
    #[error("unbalanced brace at byte {0}: write fields as {{name}} or {{name:%Y.%m.%d}}")]
    Unbalanced(usize),
    /// `{}` or a field name with other characters than letters, digits, `_` and `.`.
    #[error("{0:?} is not the name of a field")]
    FieldName(String),
    /// The part after the colon is no strftime format.
    #[error("{0:?} is not a date format (strftime, for example %Y.%m.%d)")]
    DateFormat(String),
}

/// Why a template cannot be filled from a document. The document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The document has no such field, or it is empty.
    #[error("the document has no field {0:?}")]
    Missing(String),
    /// The field is a list or an object.
    #[error("the field {0:?} is not a single value")]
    NotScalar(String),
    /// A format is given, and the field is no RFC 3339 time and no date.
    #[error("the field {0:?} is not a date")]
    NotDate(String),
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let at = text.len() - rest.len();
            let Some(open) = rest.find(['{', '}']) else {
                parts.push(Part::Literal(rest.to_owned()));
                break;
            };
            if rest.as_bytes()[open] == b'}' {
                return Err(TemplateError::Unbalanced(at + open));
            }
            if open > 0 {
                parts.push(Part::Literal(rest[..open].to_owned()));
            }
            let inner = &rest[open + 1..];
            let close = inner.find(['{', '}']).filter(|at| inner.as_bytes()[*at] == b'}');
            let close = close.ok_or(TemplateError::Unbalanced(at + open))?;
            parts.push(parse_field(&inner[..close])?);
            rest = &inner[close + 1..];
        }
        Ok(Self { parts })
    }

    /// The fields that the template names, in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field { path, .. } => Some(path.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The template with `*` in place of each field: the pattern of every index that it can name.
    #[must_use]
    pub fn wildcard(&self) -> String {
        self.parts.iter().map(|part| if let Part::Literal(text) = part { text } else { "*" }).collect()
    }

    /// Fills the template; a field that the document lacks is an error.
    pub fn render(&self, document: &Map<String, Value>) -> Result<String, RenderError> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Field { path, format } => write_field(&mut out, document, path, format.as_deref())?,
            }
        }
        Ok(out)
    }

    /// Fills the template; a field that the document lacks is left empty.
    pub fn render_lossy(&self, document: &Map<String, Value>) -> Result<String, RenderError> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Field { path, format } => {
                    match write_field(&mut out, document, path, format.as_deref()) {
                        Ok(()) | Err(RenderError::Missing(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(out)
    }
}

fn parse_field(inner: &str) -> Result<Part, TemplateError> {
    let (path, format) = match inner.split_once(':') {
        Some((path, format)) => (path, Some(format)),
        None => (inner, None),
    };
    let mut segments = path.split('.');
    if !segments
        .all(|segment| !segment.is_empty() && segment.chars().all(|c| c.is_alphanumeric() || c == '_'))
    {
        return Err(TemplateError::FieldName(path.to_owned()));
    }
    if let Some(format) = format
        && (format.is_empty() || format_date(Timestamp::UNIX_EPOCH, format).is_none())
    {
        return Err(TemplateError::DateFormat(format.to_owned()));
    }
    Ok(Part::Field { path: path.to_owned(), format: format.map(str::to_owned) })
}

fn write_field(
    out: &mut String,
    document: &Map<String, Value>,
    path: &str,
    format: Option<&str>,
) -> Result<(), RenderError> {
    let value = lookup(document, path).ok_or_else(|| RenderError::Missing(path.to_owned()))?;
    let not_date = || RenderError::NotDate(path.to_owned());
    match (value, format) {
        (Value::String(text), Some(format)) => {
            let time = parse_date(text).ok_or_else(not_date)?;
            out.push_str(&format_date(time, format).ok_or_else(not_date)?);
        }
        (_, Some(_)) => return Err(not_date()),
        (Value::String(text), None) => out.push_str(text),
        (Value::Number(number), None) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "{number}");
        }
        (Value::Bool(value), None) => out.push_str(if *value { "true" } else { "false" }),
        _ => return Err(RenderError::NotScalar(path.to_owned())),
    }
    Ok(())
}

/// The value at a dotted path; null and the empty text count as missing, since an index or an id made from nothing
/// would put unrelated documents in one place.
fn lookup<'a>(document: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut segments = path.split('.');
    let mut value = document.get(segments.next()?)?;
    for segment in segments {
        value = value.get(segment)?;
    }
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        other => Some(other),
    }
}

fn parse_date(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let date: k8s_openapi::jiff::civil::Date = text.parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn format_date(time: Timestamp, format: &str) -> Option<String> {
    k8s_openapi::jiff::fmt::strtime::format(format, &time.to_zoned(TimeZone::UTC)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{RenderError, Template, TemplateError};

    fn document(value: &Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_date_field_is_written_in_its_format() {
        let template = Template::parse("articles-{publishedAt:%Y.%m.%d}").unwrap();
        let rendered = template.render(&document(&json!({"publishedAt": "2026-01-02T23:59:59Z"})));
        assert_eq!(rendered.unwrap(), "articles-2026.01.02");
    }

    #[test]
    fn a_plain_date_is_midnight_utc() {
        let template = Template::parse("{day:%Y.%m}").unwrap();
        assert_eq!(template.render(&document(&json!({"day": "1970-01-31"}))).unwrap(), "1970.01");
    }

    #[test]
    fn nested_fields_and_numbers_are_reached() {
        let template = Template::parse("{provider.name}-{version}").unwrap();
        let rendered = template.render(&document(&json!({"provider": {"name": "dpa"}, "version": 3})));
        assert_eq!(rendered.unwrap(), "dpa-3");
    }

    #[test]
    fn missing_and_empty_fields_are_errors_unless_asked_to_be_lossy() {
        let template = Template::parse("a{x}b").unwrap();
        for value in [json!({}), json!({"x": null}), json!({"x": ""})] {
            let value = document(&value);
            assert_eq!(template.render(&value), Err(RenderError::Missing("x".into())));
            assert_eq!(template.render_lossy(&value).unwrap(), "ab");
        }
    }

    #[test]
    fn lists_and_texts_with_a_date_format_are_errors() {
        let value = document(&json!({"x": ["a"], "y": "soon"}));
        assert_eq!(Template::parse("{x}").unwrap().render(&value), Err(RenderError::NotScalar("x".into())));
        assert_eq!(Template::parse("{y:%Y}").unwrap().render(&value), Err(RenderError::NotDate("y".into())));
    }

    #[test]
    fn broken_templates_say_where() {
        assert_eq!(Template::parse("a{b"), Err(TemplateError::Unbalanced(1)));
        assert_eq!(Template::parse("ab}"), Err(TemplateError::Unbalanced(2)));
        assert_eq!(Template::parse("{a{b}}"), Err(TemplateError::Unbalanced(0)));
        assert_eq!(Template::parse("{}"), Err(TemplateError::FieldName(String::new())));
        assert!(matches!(Template::parse("{a:%!}"), Err(TemplateError::DateFormat(_))));
    }

    #[test]
    fn the_wildcard_covers_every_index() {
        assert_eq!(
            Template::parse("articles-{publishedAt:%Y.%m.%d}-v1").unwrap().wildcard(),
            "articles-*-v1"
        );
        assert_eq!(Template::parse("{a}-{b}").unwrap().fields().collect::<Vec<_>>(), ["a", "b"]);
    }
}
