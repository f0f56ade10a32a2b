//! Texts with fields of a document in braces: names of indices, ids of documents, inputs of models.
//!
//! `articles-{publishedAt:%Y.%m.%d}` is the literal `articles-` and the field `publishedAt`, written as a date in
//! the given strftime format. Nested fields are reached with dots: `{provider.name}`. There is no way to write a
//! brace itself; neither index names nor ids need one.

use std::fmt::Write as _;

use k8s_openapi::jiff::civil::{Date, DateTime};
use k8s_openapi::jiff::fmt::strtime::{self, BrokenDownTime};
use k8s_openapi::jiff::fmt::temporal::Pieces;
use k8s_openapi::jiff::tz::{Offset, TimeZone};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

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

/// Why a text is not a valid template. The user must correct the resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `{` without `}`, or a `}` without `{`.
    #[error("unbalanced brace at byte {0}: write fields as {{name}} or {{name:%Y.%m.%d}}")]
    Unbalanced(usize),
    /// `{}` or a field name with other characters than letters, digits, `_` and `.`.
    #[error("{0:?} is not the name of a field")]
    FieldName(String),
    /// The part after the colon is not a strftime format.
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
    /// A format is given, and the field is neither an RFC 3339 time nor a date, or its year in UTC is outside
    /// 1 to 9999.
    #[error("the field {0:?} is not a date of the years 0001 to 9999 (RFC 3339)")]
    NotDate(String),
}

impl Template {
    /// Parses a template.
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

    /// The days in UTC of the fields that are dates, each with the path of its field. Fields that the
    /// document lacks are skipped.
    pub fn days<'a>(&'a self, document: &'a Map<String, Value>) -> impl Iterator<Item = (&'a str, Date)> {
        self.fields().filter_map(|path| match lookup(document, path)? {
            Value::String(text) => Some((path, parse_date(text)?.date())),
            _ => None,
        })
    }

    /// The template with `*` in place of each field: the pattern of every index that it can name.
    pub fn wildcard(&self) -> String {
        self.parts.iter().map(|part| if let Part::Literal(text) = part { text } else { "*" }).collect()
    }

    /// Whether the template names fields, and the document has nothing to read in any of them: they are missing, or have
    /// white space alone and what nobody sees.
    pub fn is_void(&self, document: &Map<String, Value>) -> bool {
        let mut fields = self.fields().peekable();
        fields.peek().is_some()
            && fields.all(|path| match lookup(document, path) {
                None => true,
                Some(Value::String(text)) => is_blank(text),
                Some(_) => false,
            })
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

/// Whether a text has nothing to read: white space, controls, and characters without a width.
pub fn is_blank(text: &str) -> bool {
    let unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    text.chars().all(|c| c.is_whitespace() || c.is_control() || unseen(c))
}

/// Whether a text is a strftime format.
pub fn is_date_format(format: &str) -> bool {
    !format.is_empty() && format_date(EPOCH, format).is_some()
}

/// A date or a moment, as documents have them, in this strftime format; `None` if it is none of the years 1 to 9999.
pub fn date_in_format(text: &str, format: &str) -> Option<String> {
    format_date(parse_date(text)?, format)
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
        && !is_date_format(format)
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
            out.push_str(&date_in_format(text, format).ok_or_else(not_date)?);
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

/// The moment that a text says, as the calendar and the clock of UTC show it. All of the years 1 to 9999 are there: a
/// [`Timestamp`] ends some hours before the end of the last one, and feeds write "never" as its last second.
fn parse_date(text: &str) -> Option<DateTime> {
    let utc = match text.parse::<Timestamp>() {
        Ok(time) => TimeZone::UTC.to_datetime(time),
        Err(_) => parse_pieces(text)?,
    };
    (1..=9999).contains(&utc.year()).then_some(utc)
}

/// A day, or a time with its offset.
fn parse_pieces(text: &str) -> Option<DateTime> {
    let pieces = Pieces::parse(text).ok()?;
    let Some(time) = pieces.time() else {
        return pieces.offset().is_none().then(|| pieces.date().at(0, 0, 0, 0));
    };
    let offset = pieces.to_numeric_offset()?;
    let ahead = SignedDuration::from_secs(offset.seconds().into());
    pieces.date().to_datetime(time).checked_sub(ahead).ok()
}

fn format_date(utc: DateTime, format: &str) -> Option<String> {
    if let Ok(zoned) = utc.to_zoned(TimeZone::UTC) {
        return strtime::format(format, &zoned).ok();
    }
    let mut parts = BrokenDownTime::from(utc);
    parts.set_offset(Some(Offset::UTC));
    parts.to_string(format).ok()
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
    fn all_days_of_the_years_1_to_9999_are_dates_and_no_others() {
        let template = Template::parse("{at:%Y.%m.%d}").unwrap();
        let render = |at: &str| template.render(&document(&json!({"at": at})));
        for (at, day) in [
            ("9999-12-31T23:59:59Z", "9999.12.31"),
            ("9999-12-31T23:59:59.999999Z", "9999.12.31"),
            ("9999-12-31T23:59:59+01:00", "9999.12.31"),
            ("9999-12-31", "9999.12.31"),
            ("0001-01-01T00:00:00Z", "0001.01.01"),
            ("2026-01-01T00:30:00+01:00", "2025.12.31"),
        ] {
            assert_eq!(render(at).as_deref(), Ok(day), "{at}");
            let document = document(&json!({"at": at}));
            let days: Vec<String> = template.days(&document).map(|(_, day)| day.to_string()).collect();
            assert_eq!(days, [day.replace('.', "-")]);
        }
        for at in [
            "9999-12-31T23:59:59-01:00",
            "0001-01-01T00:00:00+01:00",
            "0000-12-31",
            "-000001-01-01T00:00:00Z",
            "2026-02-30",
            "2026-01-02T03:04:05",
            "2026-01-02T25:00:00Z",
            "soon",
        ] {
            let error = render(at).expect_err(at);
            assert_eq!(error, RenderError::NotDate("at".into()), "{at}");
            assert!(error.to_string().contains("years 0001 to 9999"), "{error}");
        }
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
    fn a_template_is_void_when_no_field_has_anything_to_read() {
        let template = Template::parse("Title: {headline}. {body}").unwrap();
        for value in
            [json!({}), json!({"headline": " \n\u{200b}", "body": null}), json!({"body": "\u{feff}"})]
        {
            assert!(template.is_void(&document(&value)), "{value}");
        }
        for value in [json!({"headline": "-"}), json!({"body": 0}), json!({"body": [""]})] {
            assert!(!template.is_void(&document(&value)), "{value}");
        }
        assert!(!Template::parse("You are an editor.").unwrap().is_void(&Map::new()), "it names no field");
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
