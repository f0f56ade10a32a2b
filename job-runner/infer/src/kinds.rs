//! Which types fit all values of a path so far. Pure.
//!
//! A type is inferred only if it loses nothing of any value: `007` and `1.50` stay strings, and a `1` is not
//! a boolean. Nor is a long row of digits a number: it is the name of something.

mod dates;

use docmill_convert::types::{self, DateRules};
use docmill_crds::conversion::FieldType;

/// Beginnings of URIs, as opposed to words with a colon, like the code `stat:usable`. Other URIs are
/// recognized by `//` after the scheme.
const SCHEMES: [&str; 6] = ["urn:", "mailto:", "tag:", "doi:", "info:", "tel:"];

/// Digits of the largest integer that is a quantity rather than a name.
const QUANTITY_DIGITS: usize = 9;

/// Maximum bytes of an id.
const ID_BYTES: usize = 512;

/// A form of values, as one bit of [`Kinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The words true and false.
    Boolean,
    Integer,
    Number,
    DateTime,
    /// `2026-01-02`, also with a zone, as XML Schema has it.
    Day,
    /// `2 January 2026`
    Spelled,
    /// `20260102`, which may also be a number.
    Digits,
    /// Seconds since 1970, by their number of digits from 2001 on.
    EpochSeconds,
    EpochMillis,
    Uri,
    Language,
    /// A year of four digits, a month by number or English name, a day of a month.
    Year,
    Month,
    MonthDay,
    /// A time without a zone.
    Local,
    /// A day or a time in any form.
    AnyDate,
    /// One word, which may be an id.
    Word,
    /// What is an id by its form: a URN, a tag URI, a DOI, a UUID.
    Id,
}

impl Form {
    const ALL: [Self; 18] = [
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::DateTime,
        Self::Day,
        Self::Spelled,
        Self::Digits,
        Self::EpochSeconds,
        Self::EpochMillis,
        Self::Uri,
        Self::Language,
        Self::Year,
        Self::Month,
        Self::MonthDay,
        Self::Local,
        Self::AnyDate,
        Self::Word,
        Self::Id,
    ];

    const fn bit(self) -> u32 {
        1 << self as u32
    }

    fn fits(self, value: &str) -> bool {
        let is = |kind| types::parse(kind, &DateRules::default(), value).is_ok();
        let digits = |least: usize, most: usize| {
            (least..=most).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit())
        };
        match self {
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Integer => {
                is_plain(value, false)
                    && value.trim_start_matches('-').len() <= QUANTITY_DIGITS
                    && is(FieldType::Integer)
            }
            Self::Number => {
                let whole = value.split('.').next().unwrap_or(value).trim_start_matches('-');
                is_plain(value, true) && whole.len() <= QUANTITY_DIGITS && is(FieldType::Number)
            }
            Self::DateTime => value.len() > "20260102".len() && is(FieldType::DateTime),
            Self::Day => dates::is_day(value),
            Self::Spelled => dates::is_spelled(value),
            Self::Digits => digits(8, 8) && is(FieldType::Date),
            Self::EpochSeconds => digits(10, 10) && value.starts_with('1'),
            Self::EpochMillis => digits(13, 13) && value.starts_with('1'),
            Self::Uri => {
                let known = |scheme: &&str| value.starts_with(*scheme);
                (value.contains("://") || SCHEMES.iter().any(known)) && is(FieldType::Uri)
            }
            Self::Language => is(FieldType::Language),
            Self::Year => digits(4, 4),
            Self::Month => dates::is_month(value),
            Self::MonthDay => digits(1, 2) && value.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day)),
            Self::Local => dates::is_local(value),
            Self::AnyDate => dates::is_any(value),
            Self::Word => value.len() <= ID_BYTES && !value.contains(char::is_whitespace),
            Self::Id => is_id(value),
        }
    }
}

/// Whether a value is an id, whatever its name.
fn is_id(value: &str) -> bool {
    let is_doi = value.starts_with("10.") && value.contains('/');
    let begins = ["urn:", "tag:", "doi:"].iter().any(|scheme| value.starts_with(scheme));
    begins || is_doi || is_uuid(value)
}

/// `f81d4fae-7dec-11d0-a765-00a0c91e6bf6` (RFC 9562)
fn is_uuid(value: &str) -> bool {
    let groups: Vec<_> = value.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && value.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
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
pub(super) struct Kinds {
    forms: u32,
    /// Formats of dates, by their numbers in [`dates::FORMATS`].
    formats: u16,
}

impl Default for Kinds {
    fn default() -> Self {
        Self { forms: u32::MAX, formats: u16::MAX }
    }
}

impl Kinds {
    /// For values that were not examined: any text.
    pub(super) const NONE: Self = Self { forms: 0, formats: 0 };

    /// Adds a value, which is neither empty nor has white space at its ends.
    pub(super) fn narrow(&mut self, value: &str) {
        for form in Form::ALL {
            if self.has(form) && !form.fits(value) {
                self.forms &= !form.bit();
            }
        }
        if self.formats != 0 {
            self.formats &= dates::fitting(value);
        }
    }

    /// The forms that the values of both have.
    pub(super) const fn both(self, other: Self) -> Self {
        Self { forms: self.forms & other.forms, formats: self.formats & other.formats }
    }

    pub(super) const fn has(self, form: Form) -> bool {
        self.forms & form.bit() != 0
    }

    /// The format of a date that all values have, if it is the only one: 01/02/2026 may be in January or in
    /// February.
    pub(super) fn format(self) -> Option<(FieldType, &'static str)> {
        let number = usize::try_from(self.formats.trailing_zeros()).ok()?;
        dates::FORMATS.get(number).copied().filter(|_| self.formats.is_power_of_two())
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
        use Form::{
            AnyDate, Boolean, DateTime, Day, Digits, EpochSeconds, Id, Integer, Language, Local, Month,
        };
        use Form::{MonthDay, Number, Spelled, Uri, Word, Year};
        assert_eq!(forms(&["true", "false"]), [Boolean, Language, Word]);
        assert_eq!(forms(&["true", "1"]), [Word]);
        assert_eq!(forms(&["7", "-12", "0"]), [Integer, Number, Word]);
        assert_eq!(forms(&["7", "1.25"]), [Number, Word]);
        assert_eq!(forms(&["2026-01-02T10:11:12Z", "Fri, 02 Jan 2026 10:11:12 GMT"]), [DateTime, AnyDate]);
        assert_eq!(forms(&["2026-01-02", "1999-12-31"]), [Day, AnyDate, Word]);
        assert_eq!(forms(&["January 2, 2026"]), [Spelled, AnyDate]);
        assert!(forms(&["2026-01-02+01:00", "2026-01-02Z", "2026-01-02"]).contains(&Day));
        for time in ["20260102T1011", "20260102T101112EST", "2026-01-02T10Z"] {
            assert!(!forms(&[time]).iter().any(|form| matches!(form, Day | Spelled)), "{time}");
        }
        assert_eq!(forms(&["20260102"]), [Integer, Number, Digits, Word]);
        assert_eq!(forms(&["1767312000"]), [EpochSeconds, Word]);
        assert_eq!(forms(&["https://example.org/", "urn:x:1"]), [Uri, Word]);
        assert_eq!(forms(&["en", "pt-BR"]), [Language, Word]);
        assert_eq!(forms(&["2026", "1999"]), [Integer, Number, Year, Word]);
        assert_eq!(forms(&["1", "12"]), [Integer, Number, Month, MonthDay, Word]);
        assert_eq!(forms(&["Jan", "sept.", "09"]), [Month, Word]);
        assert_eq!(forms(&["2026-01-02T10:11:12", "2026-01-02 10:11"]), [Local, AnyDate]);
        assert_eq!(
            forms(&["2026-01-02T10:11:12Z", "02.01.2026", "2 Jan 2026", "2026-01-02 10:11"]),
            [AnyDate]
        );
        assert_eq!(forms(&["urn:x:1", "10.1371/journal.pbio.1"]), [Word, Id]);
        assert_eq!(forms(&["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]), [Word, Id]);
    }

    #[test]
    fn nothing_of_a_value_is_lost_by_its_form() {
        let long = ["18446744073709551616000", "1234567890", "1234567890.5"];
        for string in ["007", "+7", "-0", "1.50", "1.", ".5", "1e3", "0x1f"].into_iter().chain(long) {
            let forms = forms(&[string]);
            assert!(!forms.contains(&Form::Integer) && !forms.contains(&Form::Number), "{string}: {forms:?}");
        }
        assert_eq!(forms(&["2026-02-30"]), [Form::Word]);
        assert!(!forms(&["2026-01-02T10:11:12"]).contains(&Form::DateTime), "the time has no zone");
        assert_eq!(forms(&["stat:usable"]), [Form::Word]);
        assert_eq!(forms(&["two words"]), []);
    }

    #[test]
    fn a_date_has_a_format_if_no_other_could_be_meant() {
        let format = |values: &[&str]| {
            let mut kinds = Kinds::default();
            for value in values {
                kinds.narrow(value);
            }
            kinds.format().map(|(_, format)| format)
        };
        assert_eq!(format(&["02.01.2026", "3.7.2026"]), Some("%d.%m.%Y"));
        assert_eq!(format(&["01/02/2026", "03/04/2026"]), None);
        assert_eq!(format(&["01/02/2026", "31/12/2026"]), Some("%d/%m/%Y"));
        assert_eq!(format(&["January 2, 2026"]), None, "it needs none");
        assert_eq!(format(&["2026-01-02"]), None);
        assert_eq!(format(&["02.01.2026", "soon"]), None);
    }
}
