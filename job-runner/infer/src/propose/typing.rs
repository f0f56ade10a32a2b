//! The type of a field, by its values and its name. Pure.

use docmill_crds::conversion::FieldType;

use super::super::kinds::{Form, Kinds};
use super::super::names::{ends_with_word, has_word};
use super::super::roles;

/// Names of things that are not quantities, even if they are digits: others of them have letters.
const CODES: [&str; 29] = [
    "id", "guid", "uid", "uuid", "pmid", "code", "key", "phone", "zip", "isbn", "issn", "ref", "refnum",
    "volume", "vol", "issue", "number", "num", "no", "page", "pages", "fpage", "lpage", "pgn", "edition",
    "part", "chapter", "series", "label",
];
/// The same as ends of words that nothing separates.
const CODE_ENDS: [&str; 4] = ["version", "number", "volume", "page"];
const DATES: [&str; 6] = ["date", "day", "created", "published", "issued", "updated"];
const MOMENTS: [&str; 9] = ["time", "timestamp", "modified", "sent", "at", "ts", "epoch", "datetime", "when"];
const LANGUAGES: [&str; 4] = ["lang", "language", "languages", "hreflang"];

/// The type of values, and the format if they are dates of another form than all fields take.
pub(super) type Typed = (FieldType, Option<&'static str>);

/// The type of an element or attribute with this name and values of these kinds; `xml` tells whether it has
/// the prefix xml.
pub(super) fn scalar(name: &str, xml: bool, kinds: Kinds) -> Typed {
    let has = |form| kinds.has(form);
    if let Some((kind, format)) = date(name, kinds) {
        return (kind, format);
    }
    let kind = if has(Form::Boolean) {
        FieldType::Boolean
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
    };
    (kind, None)
}

/// The type of values that are dates. Digits are dates only by their name.
fn date(name: &str, kinds: Kinds) -> Option<Typed> {
    let has = |form| kinds.has(form);
    let is_date = has_word(name, &DATES);
    let is_moment = is_date || has_word(name, &MOMENTS);
    let may_be_date = is_moment || roles::may_be_name_of_date(name);
    if has(Form::Day) || has(Form::Spelled) || (has(Form::Digits) && may_be_date) {
        Some((FieldType::Date, None))
    } else if has(Form::DateTime) {
        Some((FieldType::DateTime, None))
    } else if has(Form::EpochSeconds) && is_moment {
        Some((FieldType::DateTime, Some("epochSeconds")))
    } else if has(Form::EpochMillis) && is_moment {
        Some((FieldType::DateTime, Some("epochMillis")))
    } else {
        kinds.format().map(|(kind, format)| (kind, Some(format)))
    }
}

fn is_code(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ends_with_word(name, &CODES) || CODE_ENDS.iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::FieldType;

    use super::super::super::kinds::Kinds;
    use super::scalar;

    fn of(name: &str, xml: bool, value: &str) -> super::Typed {
        let mut kinds = Kinds::default();
        kinds.narrow(value);
        scalar(name, xml, kinds)
    }

    #[test]
    fn the_name_decides_where_values_leave_it_open() {
        let of = |name: &str, xml: bool, value: &str| of(name, xml, value).0;
        assert_eq!(of("words", false, "20260102"), FieldType::Integer);
        assert_eq!(of("pubDate", false, "20260102"), FieldType::Date);
        for name in ["entsch-datum", "Erscheinungsdatum", "fecha", "data", "birthTime"] {
            assert_eq!(of(name, false, "20260102"), FieldType::Date, "{name}");
            assert_eq!(of(name, false, "20261302"), FieldType::Integer, "{name}");
        }
        assert_eq!(of("articleId", false, "12"), FieldType::String);
        assert_eq!(of("standardversion", false, "2.32"), FieldType::String);
        assert_eq!(of("price", false, "2.32"), FieldType::Number);
        assert_eq!(of("lang", true, "en"), FieldType::Language);
        assert_eq!(of("role", false, "author"), FieldType::String);
    }

    #[test]
    fn volumes_pages_and_numbers_are_no_quantities_nor_are_long_rows_of_digits() {
        let names = ["volume", "Volume", "fpage", "first-page", "Issue", "billNumber", "doc-number"];
        for name in names.into_iter().chain(["FRBRnumber"]) {
            assert_eq!(of(name, false, "12").0, FieldType::String, "{name}");
        }
        assert_eq!(of("size", false, "1234567890").0, FieldType::String);
        assert_eq!(of("size", false, "123456789").0, FieldType::Integer);
    }

    #[test]
    fn dates_come_with_their_format() {
        assert_eq!(of("printed", false, "2.1.2026"), (FieldType::Date, Some("%d.%m.%Y")));
        assert_eq!(of("printed", false, "2 January 2026"), (FieldType::Date, None));
        assert_eq!(of("createdAt", false, "1767312000"), (FieldType::DateTime, Some("epochSeconds")));
        assert_eq!(of("timestamp", false, "1767312000123"), (FieldType::DateTime, Some("epochMillis")));
        for name in ["ts", "event_ts", "dateTime", "datetime", "epoch", "When"] {
            assert_eq!(of(name, false, "1767312000"), (FieldType::DateTime, Some("epochSeconds")), "{name}");
        }
        assert_eq!(of("isbn", false, "1767312000123"), (FieldType::String, None));
        assert_eq!(of("parts", false, "1767312000"), (FieldType::String, None));
    }
}
