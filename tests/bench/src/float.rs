//! Counts as numbers with a fraction.

/// A count, of which 2^53 is beyond all that is counted here.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub const fn float(count: u64) -> f64 {
    count as f64
}
