//! Points in time as users write them: `30m`, `2h`, `1d`, or RFC 3339. Pure.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// A point in time, perhaps relative to the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many seconds ago.
    Ago(i64),
    /// At this time.
    At(Timestamp),
}

impl Since {
    /// The point in time, seen from the present.
    pub fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(seconds) => {
                now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::UNIX_EPOCH)
            }
            Self::At(time) => time,
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ago(text).map(Self::Ago).or_else(|| text.parse().ok().map(Self::At)).ok_or_else(|| {
            "write how long ago, such as 30m, 2h or 1d, or a time such as 2026-01-02T03:04:05Z".to_owned()
        })
    }
}

fn ago(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    i64::from(number).checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use super::Since;

    #[test]
    fn a_time_is_relative_or_absolute() {
        let now = "2026-01-03T00:00:00Z".parse().unwrap();
        let time = |text: &str| text.parse::<Since>().unwrap().time(now).to_string();
        assert_eq!(time("2h"), "2026-01-02T22:00:00Z");
        assert_eq!(time("1d"), "2026-01-02T00:00:00Z");
        assert_eq!(time("2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z");
        for text in ["", "h", "-1h", "2x", "yesterday", "ä"] {
            assert!(text.parse::<Since>().is_err(), "{text}");
        }
    }
}
