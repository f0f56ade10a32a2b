//! A stream of choices that depends on its seed alone.

/// A generator of numbers (SplitMix64).
pub struct Choices(u64);

impl Choices {
    /// The stream of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of at least `from` and at most `to`.
    pub fn between(&mut self, from: usize, to: usize) -> usize {
        let span = (to - from + 1) as u64;
        from + usize::try_from(self.number() % span).unwrap_or_default()
    }

    /// Whether something happens that happens in so many of a hundred cases.
    pub const fn percent(&mut self, of_a_hundred: u64) -> bool {
        self.number() % 100 < of_a_hundred
    }

    /// One of these.
    pub fn of<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let last = items.len().saturating_sub(1);
        items.get(self.between(0, last)).copied().unwrap_or_default()
    }
}
