//! Minimum, median and maximum.

/// Minimum, median and maximum of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The least.
    pub minimum: f64,
    /// The one in the middle; of an even number, the mean of the two.
    pub median: f64,
    /// The greatest.
    pub maximum: f64,
}

impl Spread {
    /// Of these values; all zero if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        let last = values.len().saturating_sub(1);
        Self { minimum: at(0), median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), maximum: at(last) }
    }

    /// With so many digits behind the point: the median, and the others in brackets where they differ.
    pub fn shown(&self, digits: usize) -> String {
        let [minimum, median, maximum] =
            [self.minimum, self.median, self.maximum].map(|value| format!("{value:.digits$}"));
        if minimum == maximum { median } else { format!("{median} ({minimum}–{maximum})") }
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_middle_of_odd_and_even_numbers_of_values() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).shown(1), "2.0 (1.0–3.0)");
        assert_eq!(Spread::of([4.0, 1.0]).shown(1), "2.5 (1.0–4.0)");
        assert_eq!(Spread::of([1.0]).shown(2), "1.00");
        assert_eq!(Spread::of([]).shown(0), "0");
    }
}
