//! The type of a field, by its values and its name. Pure.

use docmill_crds::conversion::FieldType;

use super::kinds::{Form, Kinds};
use super::names::{ends_with_word, has_word};

/// Names of things that are not quantities, even if they are digits.
const CODES: [&str; 12] =
    ["id", "guid", "uid", "uuid", "code", "key", "phone", "zip", "isbn", "issn", "ref", "refnum"];
const DATES: [&str; 6] = ["date", "day", "created", "published", "issued", "updated"];
const LANGUAGES: [&str; 4] = ["lang", "language", "languages", "hreflang"];

/// The type of an element or attribute with this name and values of these kinds; `xml` tells whether it has
/// the prefix xml.
pub(super) fn scalar(name: &str, xml: bool, kinds: Kinds) -> FieldType {
    let has = |form| kinds.has(form);
    if has(Form::Boolean) {
        FieldType::Boolean
    } else if has(Form::Day) || (has(Form::Digits) && has_word(name, &DATES)) {
        FieldType::Date
    } else if has(Form::DateTime) {
        FieldType::DateTime
    } else if has(Form::Integer) && !is_code(name) {
        FieldType::Integer
    } else if has(Form::Number) && !is_code(name) {
        FieldType::Number
    } else if has(Form::Uri) {
        FieldType::Uri
    } else if has(Form::Language) && ((xml && name == "lang") || has_word(name, &LANGUAGES)) {
        FieldType::Language
    } else {
        FieldType::String
    }
}

fn is_code(name: &str) -> bool {
    ends_with_word(name, &CODES) || name.to_ascii_lowercase().ends_with("version")
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::FieldType;

    use super::super::kinds::Kinds;
    use super::scalar;

    #[test]
    fn the_name_decides_where_values_leave_it_open() {
        let of = |name: &str, xml: bool, value: &str| {
            let mut kinds = Kinds::default();
            kinds.narrow(value);
            scalar(name, xml, kinds)
        };
        assert_eq!(of("words", false, "20260102"), FieldType::Integer);
        assert_eq!(of("pubDate", false, "20260102"), FieldType::Date);
        assert_eq!(of("articleId", false, "12"), FieldType::String);
        assert_eq!(of("standardversion", false, "2.32"), FieldType::String);
        assert_eq!(of("price", false, "2.32"), FieldType::Number);
        assert_eq!(of("lang", true, "en"), FieldType::Language);
        assert_eq!(of("role", false, "author"), FieldType::String);
    }
}
