//! Times as they are written into documents and records.

use jiff::Timestamp;

/// Milliseconds since 1970.
pub fn now_millis() -> i64 {
    Timestamp::now().as_millisecond()
}

/// RFC 3339 in UTC with milliseconds, for example `2026-01-02T03:04:05.678Z`.
pub fn rfc3339(millis: i64) -> String {
    let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_have_milliseconds_and_end_in_z() {
        assert_eq!(super::rfc3339(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert_eq!(super::rfc3339(0), "1970-01-01T00:00:00.000Z");
    }
}
