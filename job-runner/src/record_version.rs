//! Versions of the records of progress, which a pod and the one that replaces it write one after the other. Pure.

/// The version of the next record: the time, so that a pod that was thought dead overwrites nothing newer, but above what
/// is stored, since the pod before may have had a clock that is ahead.
pub(crate) fn next(now_millis: i64, stored: u64) -> u64 {
    u64::try_from(now_millis).unwrap_or(0).max(stored.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn a_record_is_newer_than_the_one_before_whatever_the_clock_says() {
        assert_eq!(next(1_000, 0), 1_000);
        assert_eq!(next(1_000, 1_000), 1_001);
        assert_eq!(next(1_000, 61_000), 61_001, "another pod's clock was a minute ahead");
        assert_eq!(next(-1, 7), 8);
    }
}
