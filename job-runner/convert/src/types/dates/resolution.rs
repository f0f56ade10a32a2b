//! How much of a date is known.

/// What is known of a date: all of it down to this part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resolution {
    Year,
    Month,
    Day,
    Second,
}

impl Resolution {
    /// Of a date whose year, month and day were found separately.
    pub(crate) const fn of_parts(has_month: bool, has_day: bool) -> Self {
        match (has_month, has_day) {
            (false, _) => Self::Year,
            (true, false) => Self::Month,
            (true, true) => Self::Day,
        }
    }

    /// The word that documents have.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Second => "second",
        }
    }
}
