//! What a turn cost.

use std::collections::BTreeMap;

use crate::float::float;

/// Who spends CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The contender's own process.
    Client,
    /// Elasticsearch.
    Elasticsearch,
    /// The object store.
    S3,
    /// The queue service.
    Queue,
    /// What takes the object store's notifications to queues.
    Bridge,
}

impl Side {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Client, Self::Elasticsearch, Self::S3, Self::Queue, Self::Bridge];

    /// What it is called in tables.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Elasticsearch => "Elasticsearch",
            Self::S3 => "S3",
            Self::Queue => "queue",
            Self::Bridge => "bridge",
        }
    }
}

/// What a turn cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Articles that it went through.
    pub articles: u32,
    /// From the start of the process to the last article.
    pub wall_seconds: f64,
    /// CPU time of each side, without what servers spend at rest.
    pub cpu_seconds: BTreeMap<Side, f64>,
    /// The most memory that the process had.
    pub peak_kibibytes: u64,
}

impl Cost {
    /// Milliseconds of CPU time of a side for each article.
    pub fn millis(&self, side: Side) -> f64 {
        1_000.0 * self.cpu_seconds.get(&side).copied().unwrap_or_default() / f64::from(self.articles)
    }

    /// The same of all sides together.
    pub fn all_millis(&self) -> f64 {
        Side::ALL.iter().map(|side| self.millis(*side)).sum()
    }

    /// Articles a second.
    pub fn rate(&self) -> f64 {
        f64::from(self.articles) / self.wall_seconds
    }

    /// The most memory that the process had, in MiB.
    pub fn peak_mebibytes(&self) -> f64 {
        float(self.peak_kibibytes) / 1_024.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Side};

    #[test]
    fn costs_are_told_for_each_article() {
        let cpu_seconds = [(Side::Client, 2.0), (Side::S3, 1.0)].into();
        let cost = Cost { articles: 1_000, wall_seconds: 4.0, cpu_seconds, peak_kibibytes: 2_048 };
        let shown = [cost.millis(Side::Client), cost.millis(Side::Queue), cost.all_millis(), cost.rate()];
        assert_eq!(shown.map(|value| format!("{value:.1}")), ["2.0", "0.0", "3.0", "250.0"]);
    }
}
