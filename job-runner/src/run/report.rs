//! What a run reports, whatever its mode: the reports of its files, merged in their order.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The report of some files of a run.
pub trait Report: Default + Serialize + DeserializeOwned {
    /// Adds the report of the files that come next.
    fn merge(&mut self, next: Self);
}

/// Merges reports. Reports that are results of a merge may be among them; without any, it is the report of no
/// unit.
pub fn merge<R: Report>(reports: impl Iterator<Item = Value>) -> Value {
    let mut whole = R::default();
    for report in reports {
        match serde_json::from_value(report) {
            Ok(report) => whole.merge(report),
            Err(error) => tracing::error!(%error, "failed to parse a part of the report; leaving it out"),
        }
    }
    // Strings and numbers: serde_json cannot fail here.
    serde_json::to_value(whole).unwrap_or_default()
}
