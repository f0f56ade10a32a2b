//! Which types fit all values of a path so far. Pure.
//!
//! A type is inferred only if it loses nothing of any value: `007` and `1.50` stay strings, and a `1` is not
//! a boolean.

use docmill_crds::conversion::FieldType;

use docmill_convert::types::{self, DateRules};

/// Beginnings of URIs, as opposed to words with a colon, like the code `stat:usable`. Other URIs are
/// recognized by `//` after the scheme.
const SCHEMES: [&str; 6] = ["urn:", "mailto:", "tag:", "doi:", "info:", "tel:"];

/// A form of values, as one bit of [`Kinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The words true and false.
    Boolean = 1,
    Integer = 2,
    Number = 4,
    DateTime = 8,
    /// `2026-01-02`
    Day = 16,
    /// `20260102`, which may also be a number.
    Digits = 32,
    Uri = 64,
    Language = 128,
}

impl Form {
    const ALL: [Self; 8] = [
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::DateTime,
        Self::Day,
        Self::Digits,
        Self::Uri,
        Self::Language,
    ];

    fn fits(self, value: &str) -> bool {
        let is = |kind| types::parse(kind, &DateRules::default(), value).is_ok();
        match self {
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Integer => is_plain(value, false) && is(FieldType::Integer),
            Self::Number => is_plain(value, true) && is(FieldType::Number),
            Self::DateTime => value.len() > "20260102".len() && is(FieldType::DateTime),
            Self::Day => value.len() == "2026-01-02".len() && value.contains('-') && is(FieldType::Date),
            Self::Digits => {
                value.len() == 8 && value.bytes().all(|b| b.is_ascii_digit()) && is(FieldType::Date)
            }
            Self::Uri => {
                let known = |scheme: &&str| value.starts_with(*scheme);
                (value.contains("://") || SCHEMES.iter().any(known)) && is(FieldType::Uri)
            }
            Self::Language => is(FieldType::Language),
        }
    }
}

/// A decimal in the form that a computer would write. One with zeros at the end of a fraction does not count
/// as a number: a version 1.10 is not the version 1.1.
fn is_plain(value: &str, fraction: bool) -> bool {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let (whole, part) = match unsigned.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && value != "-0"
        && part.is_none_or(|part| fraction && digits(part) && !part.ends_with('0'))
}

/// The forms that all values have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Default for Kinds {
    fn default() -> Self {
        Self(u8::MAX)
    }
}

impl Kinds {
    /// For values that were not examined: any text.
    pub(super) const NONE: Self = Self(0);

    /// Adds a value, which is neither empty nor has white space at its ends.
    pub(super) fn narrow(&mut self, value: &str) {
        if self.0 == 0 {
            return;
        }
        for form in Form::ALL {
            if self.has(form) && !form.fits(value) {
                self.0 &= !(form as u8);
            }
        }
    }

    /// The forms that the values of both have.
    pub(super) const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn has(self, form: Form) -> bool {
        self.0 & form as u8 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Kinds};

    fn forms(values: &[&str]) -> Vec<Form> {
        let mut kinds = Kinds::default();
        for value in values {
            kinds.narrow(value);
        }
        Form::ALL.into_iter().filter(|form| kinds.has(*form)).collect()
    }

    #[test]
    fn a_form_holds_as_long_as_every_value_has_it() {
        assert_eq!(forms(&["true", "false"]), [Form::Boolean, Form::Language]);
        assert_eq!(forms(&["true", "1"]), []);
        assert_eq!(forms(&["7", "-12", "0"]), [Form::Integer, Form::Number]);
        assert_eq!(forms(&["7", "1.25"]), [Form::Number]);
        assert_eq!(forms(&["2026-01-02T10:11:12Z", "Fri, 02 Jan 2026 10:11:12 GMT"]), [Form::DateTime]);
        assert_eq!(forms(&["2026-01-02", "1999-12-31"]), [Form::Day]);
        assert_eq!(forms(&["20260102"]), [Form::Integer, Form::Number, Form::Digits]);
        assert_eq!(forms(&["https://example.org/", "urn:x:1"]), [Form::Uri]);
        assert_eq!(forms(&["en", "pt-BR"]), [Form::Language]);
    }

    #[test]
    fn nothing_of_a_value_is_lost_by_its_form() {
        for string in ["007", "+7", "-0", "1.50", "1.", ".5", "18446744073709551616000", "1e3", "0x1f"] {
            let forms = forms(&[string]);
            assert!(!forms.contains(&Form::Integer) && !forms.contains(&Form::Number), "{string}: {forms:?}");
        }
        assert_eq!(forms(&["2026-02-30"]), []);
        assert_eq!(forms(&["2026-01-02T10:11:12"]), [], "without a zone the time would be lost");
        assert_eq!(forms(&["stat:usable"]), []);
        assert_eq!(forms(&["18446744073709551615"]), [Form::Integer]);
    }
}
