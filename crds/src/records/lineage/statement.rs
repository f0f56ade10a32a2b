//! The statement of a day, and the keys of what it consists of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::day::Day;
use crate::api::storage::OWN_FOLDER;
use crate::digest::sha256;

/// The number of the form of lines, tree and statement.
pub const FORMAT: i64 = 1;

/// What became of the objects of a day, as one statement. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayManifest {
    /// [`FORMAT`].
    pub format: i64,
    /// `<namespace>/<name>` of the `IngestSource`.
    pub source: String,
    /// Name of the raw bucket.
    pub bucket: String,
    /// The day, in UTC.
    pub day: String,
    /// The number of the statement among those of the day, from 1.
    pub generation: i64,
    /// The time whose state of the ledger it tells.
    pub created_time: String,
    /// How many lines there are.
    pub count: i64,
    /// How many of them have each state.
    pub states: BTreeMap<String, i64>,
    /// The root of the Merkle tree over the lines, in hex.
    pub root: String,
    /// Name of the object with the lines, beside the statement.
    pub lines: String,
    /// UID of the `IngestRun` that wrote it.
    pub run: String,
    /// The statement of the day before, the newest that there was; left out if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<ManifestLink>,
    /// The statement of the same day that this one replaces; left out for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ManifestLink>,
}

/// Names another statement, so that it cannot be changed unnoticed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestLink {
    /// Its day.
    pub day: String,
    /// Its generation.
    pub generation: i64,
    /// Its root.
    pub root: String,
    /// SHA-256 of the statement as it is stored, in hex.
    pub digest: String,
}

impl ManifestLink {
    /// Names the statement that is stored as these bytes.
    pub fn to(statement: &DayManifest, stored: &[u8]) -> Self {
        Self {
            day: statement.day.clone(),
            generation: statement.generation,
            root: statement.root.clone(),
            digest: sha256(stored),
        }
    }
}

/// Key prefix of the statements of a day. `prefix` is that of all snapshots, `source` is `<namespace>/<name>`.
pub fn day_folder(prefix: &str, source: &str, day: Day) -> String {
    format!("{prefix}{OWN_FOLDER}manifests/{source}/{day}/")
}

/// Name of a statement within the folder of its day.
pub fn statement_name(generation: i64) -> String {
    format!("{generation:08}.json")
}

/// The generation of a statement by its name; `None` if it is not the name of one.
pub fn generation_of(name: &str) -> Option<i64> {
    let generation = name.strip_suffix(".json")?.parse().ok()?;
    (statement_name(generation) == name).then_some(generation)
}

/// Name of the lines of a statement. The run is a part of it, so that two runs at the same time do not mix their lines.
pub fn lines_name(generation: i64, run_uid: &str) -> String {
    format!("{generation:08}-{run_uid}.ndjson.zst")
}

#[cfg(test)]
mod tests {
    use super::{DayManifest, ManifestLink, day_folder, generation_of, lines_name, statement_name};
    use crate::records::lineage::Day;

    #[test]
    fn what_belongs_to_a_day_is_in_one_folder_which_no_source_ingests() {
        let day = Day::parse("2026-11-29").unwrap();
        assert_eq!(day_folder("json/", "news/wire", day), "json/.docmill/manifests/news/wire/2026-11-29/");
        assert_eq!(lines_name(2, "u-1"), "00000002-u-1.ndjson.zst");
    }

    #[test]
    fn generations_are_read_from_names_of_statements_alone() {
        assert_eq!(generation_of(&statement_name(12)), Some(12));
        for name in ["12.json", "00000012-u.ndjson.zst", "0000001x.json", "00000012.json.bak", ""] {
            assert_eq!(generation_of(name), None, "{name}");
        }
    }

    #[test]
    fn a_link_names_the_bytes_that_are_stored() {
        let statement = DayManifest { day: "2026-11-29".into(), generation: 3, ..DayManifest::default() };
        let stored = serde_json::to_vec(&statement).unwrap();
        let link = ManifestLink::to(&statement, &stored);
        assert_eq!((link.day.as_str(), link.generation), ("2026-11-29", 3));
        assert_ne!(link.digest, ManifestLink::to(&statement, b"{}").digest);
    }
}
