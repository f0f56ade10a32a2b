//! What an erasure reports: which keys, and how much of each was found and erased. Pure.

use std::collections::BTreeMap;

use docmill_crds::api::ingest_run::Forgotten;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run::report::Report;

/// The report of an erasure. It has no content, and no ids of documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForgetReport {
    /// What was erased altogether.
    pub erased: Forgotten,
    /// What a search of all stores found after that.
    pub remaining: Forgotten,
    /// When that search ended, RFC 3339 in UTC.
    pub searched_time: String,
    /// Whether the raw objects stay.
    pub raw_kept: bool,
    /// Each key.
    pub keys: Vec<ForgottenKey>,
}

/// What was erased of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForgottenKey {
    /// The key of the raw object.
    pub key: String,
    /// What was erased.
    pub erased: Forgotten,
}

impl ForgetReport {
    /// The report of keys of which a search has found nothing more at this time.
    pub fn new(erased: &BTreeMap<String, Forgotten>, raw_kept: bool, searched_time: String) -> Self {
        let keys = erased.iter().map(|(key, erased)| ForgottenKey { key: key.clone(), erased: *erased });
        Self {
            erased: erased.values().copied().sum(),
            remaining: Forgotten::default(),
            searched_time,
            raw_kept,
            keys: keys.collect(),
        }
    }
}

impl Report for ForgetReport {
    fn merge(&mut self, next: Self) {
        self.erased += next.erased;
        self.remaining += next.remaining;
        self.searched_time = std::mem::take(&mut self.searched_time).max(next.searched_time);
        self.raw_kept |= next.raw_kept;
        self.keys.extend(next.keys);
    }
}

/// What was erased, by the report of a file; `None` if it is that of another mode.
pub(crate) fn erased(report: &Value) -> Option<Forgotten> {
    serde_json::from_value(report.get("erased")?.clone()).ok()
}

/// What was found, in words and without zeros.
pub(super) fn in_words(found: Forgotten) -> String {
    let Forgotten { documents, enriched, snapshots, errors, records, raw } = found;
    let parts = [
        (documents, "documents in the index"),
        (enriched, "enriched copies"),
        (snapshots, "snapshots"),
        (errors, "objects of the errors bucket"),
        (records, "records with content"),
        (raw, "raw objects"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
    if words.is_empty() { "former versions of packs".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use docmill_crds::api::ingest_run::Forgotten;

    use super::{ForgetReport, erased, in_words};
    use crate::run::report::merge;

    fn report(key: &str, documents: i64) -> ForgetReport {
        let erased = Forgotten { documents, ..Forgotten::default() };
        ForgetReport::new(&BTreeMap::from([(key.to_owned(), erased)]), false, format!("2026-01-0{documents}"))
    }

    #[test]
    fn reports_of_files_add_up() {
        let files = [report("a", 1), report("b", 2)].map(|report| serde_json::to_value(report).unwrap());
        let whole = merge::<ForgetReport>(files.into_iter());
        assert_eq!(erased(&whole).unwrap().documents, 3);
        assert_eq!((&whole["searchedTime"], &whole["keys"][1]["key"]), (&"2026-01-02".into(), &"b".into()));
        assert_eq!(erased(&serde_json::json!({"reasons": {}})), None, "the report of another mode");
    }

    #[test]
    fn what_is_left_is_told_without_zeros() {
        let found = Forgotten { documents: 2, raw: 1, ..Forgotten::default() };
        assert_eq!(in_words(found), "2 documents in the index, 1 raw objects");
    }
}
