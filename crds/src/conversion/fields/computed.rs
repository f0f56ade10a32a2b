//! Values that are computed from what a path finds, before they are read as their field's type.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::{Captures, Regex};

use super::constraints::{ConstraintFault, fault, regex};
use super::edits::LetterCase;
use super::field::Field;
use super::field_type::FieldType;
use super::replacement;
use crate::conversion::text::html::Html;

/// How much longer than what was found a value may become, as a factor and in bytes beyond it.
const GROWTH: usize = 4;
const GROWTH_BYTES: usize = 16 * 1024;

/// The computation of one field's values, in the order of its properties here.
#[derive(Clone, Debug)]
pub struct Computed {
    html: Option<Html>,
    split: Option<String>,
    trim: bool,
    extract: Option<Regex>,
    replace: Option<(Regex, String)>,
    case: Option<LetterCase>,
    map: BTreeMap<String, String>,
    /// What a value becomes that `map` does not have.
    unmapped: Option<String>,
    join: Option<String>,
}

/// A value became too long. The number is how many bytes it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong(pub usize);

impl Computed {
    /// The computation of a field, or `None` if its values are taken as they are.
    pub fn of(field: &Field) -> Result<Option<Self>, ConstraintFault> {
        let Some(part) = first_part(field) else { return Ok(None) };
        if matches!(field.kind, FieldType::Object | FieldType::Markup) || field.parts.is_some() {
            return fault(part, "nothing is computed from objects, markup and parts of a date");
        }
        if field.html.is_some() && !matches!(field.kind, FieldType::String | FieldType::Text) {
            return fault(".html", "html becomes plain text: the field is a string or text");
        }
        if field.split.is_some() && !field.repeated && field.join.is_none() {
            return fault(".split", "split makes a list: the field is repeated, or joins the parts");
        }
        if field.join.is_some() && (field.repeated || !field.kind.is_textual()) {
            return fault(".join", "join makes one string or text: the field is not repeated");
        }
        let replace = field.replace.as_ref().map(replacement::compile);
        let extract = field.extract.as_deref().map(|pattern| regex(".extract", pattern));
        Ok(Some(Self {
            html: field.html,
            split: field.split.clone(),
            trim: field.trim,
            extract: extract.transpose()?,
            replace: replace.transpose()?,
            case: field.case,
            map: field.map.clone(),
            unmapped: field.default.clone().filter(|_| !field.map.is_empty()),
            join: field.join.clone(),
        }))
    }

    /// Which of the values that are found are HTML. They are made plain text before [`Self::values`].
    pub const fn html(&self) -> Option<Html> {
        self.html
    }

    /// What stands between values that become one.
    pub fn join(&self) -> Option<&str> {
        self.join.as_deref()
    }

    /// Whether nothing may be left of a value.
    pub fn may_be_empty(&self) -> bool {
        let by_map = self.map.values().chain(&self.unmapped).any(|value| value.trim().is_empty());
        by_map || self.html.is_some() || self.extract.is_some() || self.replace.is_some()
    }

    /// The values that a text becomes; an empty one is none.
    pub fn values(&self, text: &str) -> Result<Vec<String>, TooLong> {
        let most = text.len().saturating_mul(GROWTH).saturating_add(GROWTH_BYTES);
        let mut values = Vec::new();
        let mut length = 0;
        let parts: Box<dyn Iterator<Item = &str>> = match &self.split {
            Some(separator) => Box::new(text.split(separator.as_str()).map(str::trim)),
            None => Box::new(std::iter::once(text)),
        };
        for part in parts {
            let value = self.value(part, most)?;
            length += value.len();
            if length > most {
                return Err(TooLong(most));
            }
            if !value.trim().is_empty() {
                values.push(value.into_owned());
            }
        }
        Ok(values)
    }

    fn value<'t>(&self, text: &'t str, most: usize) -> Result<Cow<'t, str>, TooLong> {
        let text = if self.trim { text.trim() } else { text };
        let mut value = match &self.extract {
            Some(pattern) => Cow::Borrowed(extract(pattern, text).trim()),
            None => Cow::Borrowed(text),
        };
        if let Some((pattern, with)) = &self.replace {
            value = Cow::Owned(replace(pattern, with, &value, most)?.trim().to_owned());
        }
        match self.case {
            Some(LetterCase::Lower) => value = Cow::Owned(value.to_lowercase()),
            Some(LetterCase::Upper) => value = Cow::Owned(value.to_uppercase()),
            None => {}
        }
        if self.map.is_empty() || value.is_empty() {
            return Ok(value);
        }
        let mapped = self.map.get(value.as_ref()).or(self.unmapped.as_ref());
        Ok(mapped.map_or(value, |mapped| Cow::Owned(mapped.clone())))
    }
}

/// The first group of the first match, or the match if there is no group.
fn extract<'t>(pattern: &Regex, text: &'t str) -> &'t str {
    let group = |captures: Captures<'t>| {
        let first = (1..captures.len()).find_map(|group| captures.get(group));
        first.or_else(|| captures.get(0).filter(|_| captures.len() == 1)).map(|found| found.as_str())
    };
    pattern.captures(text).and_then(group).unwrap_or_default()
}

/// Replaces all matches, as long as that makes no more than `most` bytes.
fn replace(pattern: &Regex, with: &str, text: &str, most: usize) -> Result<String, TooLong> {
    let (mut replaced, mut from) = (String::with_capacity(text.len()), 0);
    for captures in pattern.captures_iter(text) {
        let Some(found) = captures.get(0) else { continue };
        replaced.push_str(&text[from..found.start()]);
        captures.expand(with, &mut replaced);
        from = found.end();
        if replaced.len() > most {
            return Err(TooLong(most));
        }
    }
    replaced.push_str(&text[from..]);
    Ok(replaced)
}

/// The first property of a field by which its values are computed.
fn first_part(field: &Field) -> Option<&'static str> {
    let parts = [
        (".html", field.html.is_some()),
        (".split", field.split.is_some()),
        (".trim", field.trim),
        (".extract", field.extract.is_some()),
        (".replace", field.replace.is_some()),
        (".case", field.case.is_some()),
        (".map", !field.map.is_empty()),
        (".join", field.join.is_some()),
    ];
    parts.into_iter().find(|(_, is_set)| *is_set).map(|(part, _)| part)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn field(properties: &Value) -> Field {
        let mut field = json!({"name": "a", "path": ["a"]});
        field.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        serde_json::from_value(field).unwrap()
    }

    fn values(properties: &Value, text: &str) -> Vec<String> {
        Computed::of(&field(properties)).unwrap().unwrap().values(text).unwrap()
    }

    #[test]
    fn values_are_computed_in_the_order_of_the_properties() {
        for (properties, text, expected) in [
            (json!({"split": ",", "repeated": true}), "bank, rates,, euro", &["bank", "rates", "euro"][..]),
            (json!({"split": " | ", "join": " "}), "a | b|c", &["a", "b|c"]),
            (json!({"trim": true}), "  a b ", &["a b"]),
            (json!({"extract": "doi:(\\S+)"}), "see doi:10.1/x here", &["10.1/x"]),
            (json!({"extract": "[0-9]+"}), "no. 12 of 13", &["12"]),
            (json!({"extract": "^(?:a(1)|b(2))$"}), "b2", &["2"]),
            (json!({"extract": "[0-9]+"}), "none", &[]),
            (
                json!({"replace": {"pattern": "([a-z]+)-([0-9]+)", "with": "$2 $1"}}),
                "ab-1, c-2",
                &["1 ab, 2 c"],
            ),
            (json!({"replace": {"pattern": "\\s*\\(.*\\)$"}}), "Bank (updated)", &["Bank"]),
            (json!({"replace": {"pattern": ".*"}}), "all", &[]),
            (json!({"case": "Upper"}), "straße", &["STRASSE"]),
            (json!({"case": "Lower", "map": {"yes": "true"}}), "YES", &["true"]),
            (json!({"map": {"1": "high"}}), "2", &["2"]),
            (json!({"map": {"1": "high"}, "default": "low"}), "2", &["low"]),
        ] {
            assert_eq!(values(&properties, text), expected, "{properties} {text}");
        }
        assert!(Computed::of(&field(&json!({"default": "x"}))).unwrap().is_none());
    }

    #[test]
    fn what_may_leave_nothing_of_a_value_is_known() {
        for (properties, expected) in [
            (json!({"extract": "a"}), true),
            (json!({"replace": {"pattern": "a"}}), true),
            (json!({"html": "Text"}), true),
            (json!({"map": {"-": " "}}), true),
            (json!({"map": {"-": "none"}, "default": "some"}), false),
            (json!({"case": "Upper", "trim": true}), false),
        ] {
            let computed = Computed::of(&field(&properties)).unwrap().unwrap();
            assert_eq!(computed.may_be_empty(), expected, "{properties}");
        }
    }

    #[test]
    fn a_value_does_not_grow_without_end() {
        let field = field(&json!({"replace": {"pattern": "", "with": "x".repeat(256)}}));
        let computed = Computed::of(&field).unwrap().unwrap();
        assert_eq!(computed.values(&"a".repeat(10_000)), Err(TooLong(56_384)));
        assert_eq!(computed.values("ab").unwrap()[0].len(), 2 + 3 * 256);
    }

    #[test]
    fn what_cannot_be_computed_is_refused_with_its_place() {
        for (properties, part, expected) in [
            (json!({"split": ","}), ".split", "a list"),
            (json!({"join": ",", "repeated": true}), ".join", "not repeated"),
            (json!({"join": ",", "type": "integer"}), ".join", "one string"),
            (json!({"trim": true, "type": "markup"}), ".trim", "nothing is computed"),
            (json!({"html": "Text", "type": "integer"}), ".html", "a string or text"),
            (json!({"html": "Text", "type": "markup"}), ".html", "nothing is computed"),
            (json!({"extract": "a("}), ".extract", "expected a regular expression"),
            (json!({"replace": {"pattern": "("}}), ".replace.pattern", "expected a regular expression"),
            (json!({"replace": {"pattern": "(a)", "with": "$1b"}}), ".replace.with", "no group \"1b\""),
        ] {
            let fault = Computed::of(&field(&properties)).unwrap_err();
            assert_eq!(fault.part, part);
            assert!(fault.problem.contains(expected), "{}", fault.problem);
        }
    }
}
