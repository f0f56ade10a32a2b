//! How often something was mended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::repair::Repair;

/// The number of repairs, by name; none is zero. As JSON: `{"BareAmpersand": 2}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepairCounts(BTreeMap<Repair, u64>);

impl RepairCounts {
    /// Counts a repair so many times.
    pub fn add(&mut self, repair: Repair, times: u64) {
        if times > 0 {
            *self.0.entry(repair).or_default() += times;
        }
    }

    /// Adds the counts of others.
    pub fn merge(&mut self, others: &Self) {
        others.iter().for_each(|(repair, times)| self.add(repair, times));
    }

    /// What was counted since `earlier`, which was a part of this.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = Self::default();
        self.iter().for_each(|(repair, times)| since.add(repair, times.saturating_sub(earlier.get(repair))));
        since
    }

    /// How often this was mended.
    pub fn get(&self, repair: Repair) -> u64 {
        self.0.get(&repair).copied().unwrap_or_default()
    }

    /// Whether nothing was mended.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The counts by the names of the repairs, for records: those may be read by a version that knows other repairs.
    pub fn by_name(&self) -> BTreeMap<String, i64> {
        let number = |times: u64| i64::try_from(times).unwrap_or(i64::MAX);
        self.iter().map(|(repair, times)| (repair.as_str().to_owned(), number(times))).collect()
    }

    /// How they are mapped in Elasticsearch.
    pub fn mapping() -> Value {
        let properties = Repair::ALL.map(|repair| (repair.as_str().to_owned(), json!({"type": "long"})));
        json!({"properties": Map::from_iter(properties)})
    }

    /// The repairs that were made, each with its number.
    pub fn iter(&self) -> impl Iterator<Item = (Repair, u64)> {
        self.0.iter().map(|(repair, times)| (*repair, *times))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Repair, RepairCounts};

    #[test]
    fn counts_are_a_map_of_what_was_mended() {
        let mut counts = RepairCounts::default();
        assert!(counts.is_empty());
        counts.add(Repair::Encoding, 1);
        counts.add(Repair::LeadingSpace, 0);
        let earlier = counts.clone();
        counts.add(Repair::BareAmpersand, 2);
        assert_eq!(serde_json::to_value(&counts).unwrap(), json!({"BareAmpersand": 2, "Encoding": 1}));
        assert_eq!(serde_json::to_value(counts.since(&earlier)).unwrap(), json!({"BareAmpersand": 2}));
        assert_eq!(json!(counts.by_name()), json!({"BareAmpersand": 2, "Encoding": 1}));
        counts.merge(&earlier);
        assert_eq!((counts.get(Repair::Encoding), counts.get(Repair::LeadingSpace)), (2, 0));
    }
}
