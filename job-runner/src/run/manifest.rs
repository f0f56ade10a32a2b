//! The work of a run: files of lines in the snapshot bucket, a result beside each, and a plan that names
//! them. Pure.

use docmill_crds::records::runs::Tally;
use docmill_crds::records::units::UnitState;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line of a manifest: a unit, or, for an audit, a range of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestLine {
    /// Key of the raw object, decoded. Empty for a range.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Version id, where the bucket is versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// `ETag` without quotes, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When the object landed, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// The unit's state in the ledger when the run was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<UnitState>,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Revision that it was converted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// For an audit: the range of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<KeyRange>,
}

/// Keys with `after < key <= until`, by their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRange {
    /// If left out: from before everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// If left out: to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// The result of one file of a manifest: the content of `done-<number>.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileResult {
    /// What became of its lines.
    pub tally: Tally,
    /// The mode's own report; merged by the mode's own rule.
    pub report: Value,
}

/// What was selected: the content of `plan.json`, written last. Files beyond `files` are left over from an
/// attempt that did not get that far, and are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunPlan {
    /// Number of files.
    pub files: i64,
    /// Lines of all files.
    pub selected: i64,
    /// Units that were examined and needed nothing.
    pub passed_over: i64,
    /// Mode Manifest: key of the statement of the day, in the snapshot bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Key of the first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_key: Option<String>,
    /// Key of the last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_key: Option<String>,
    /// If keys only grow: the key up to which everything is done, once the selected units are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
}

/// Lines per file. A file is the unit of repetition when a pod dies.
pub const FILE_LINES: usize = 1000;

/// Name of a file with lines.
pub fn units_name(file: i64) -> String {
    format!("units-{file:08}.ndjson")
}

/// Name of the result of a file.
pub fn done_name(file: i64) -> String {
    format!("done-{file:08}.json")
}

/// Name of the mark of a file that is being processed, which counts how often it was started by a worker that
/// did not finish it.
pub fn begun_name(file: i64) -> String {
    format!("begun-{file:08}.json")
}

/// Name of the plan.
pub const PLAN_NAME: &str = "plan.json";

/// Lines as they are stored.
pub fn write_lines(lines: &[ManifestLine]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        // Strings and numbers into a Vec: serde_json cannot fail here.
        let _ = serde_json::to_writer(&mut bytes, line);
        bytes.push(b'\n');
    }
    bytes
}

/// Reads what [`write_lines`] wrote.
pub fn read_lines(bytes: &[u8]) -> serde_json::Result<Vec<ManifestLine>> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(serde_json::from_slice).collect()
}

/// The files of a part: contiguous, and distributed as evenly as possible.
pub fn files_of(part: i32, parts: i32, files: i64) -> std::ops::Range<i64> {
    let (part, parts) = (i64::from(part), i64::from(parts.max(1)));
    (files * part / parts)..(files * (part + 1) / parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{KeyRange, ManifestLine, files_of, read_lines, write_lines};

    #[test]
    fn lines_come_back() {
        let lines = [
            ManifestLine { key: "a\n\"ü".into(), etag: Some("1".into()), ..ManifestLine::default() },
            ManifestLine { range: Some(KeyRange::default()), ..ManifestLine::default() },
        ];
        assert_eq!(read_lines(&write_lines(&lines)).unwrap(), lines);
        assert!(read_lines(b"{\"key\": \"a\"").is_err());
    }

    proptest! {
        #[test]
        fn every_file_is_in_exactly_one_part(files in 1_i64..5000, parts in 1_i32..400) {
            let mut next = 0;
            for part in 0..parts {
                let range = files_of(part, parts, files);
                prop_assert_eq!(range.start, next);
                prop_assert!(range.end - range.start <= files / i64::from(parts) + 1);
                next = range.end;
            }
            prop_assert_eq!(next, files);
        }
    }
}
