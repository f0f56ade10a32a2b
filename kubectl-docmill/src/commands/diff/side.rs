//! One side of a comparison. Pure.

use std::fmt;
use std::str::FromStr;

use docmill_crds::conversion::is_revision;
use docmill_crds::records_api::path::Subresource;
use serde_json::{Map, Value};

use crate::arguments::target::is_digest;
use crate::failure::Failure;

/// The field that Docmill adds to documents.
pub const PROVENANCE: &str = "_docmill";

/// Where a side comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// A stage of the document as it is now.
    Stage(Subresource),
    /// The snapshot of the unit with this digest.
    OfUnit(String),
    /// The snapshot of the document's unit as the conversion model with this digest made it.
    OfRevision(String),
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "snapshot" => Ok(Self::Stage(Subresource::Snapshot)),
            "indexed" => Ok(Self::Stage(Subresource::Indexed)),
            "enriched" => Ok(Self::Stage(Subresource::Enriched)),
            _ => match text.strip_prefix("snapshot@") {
                Some(digest) if is_digest(digest) => Ok(Self::OfUnit(digest.to_owned())),
                Some(revision) if is_revision(revision) => Ok(Self::OfRevision(revision.to_owned())),
                Some(_) => {
                    let text = "write snapshot@ and a unit or revision that `kubectl docmill history` lists";
                    Err(text.to_owned())
                }
                None => {
                    Err("write snapshot, indexed, enriched, snapshot@UNIT or snapshot@REVISION".to_owned())
                }
            },
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => f.write_str(stage.as_str()),
            Self::OfUnit(digest) | Self::OfRevision(digest) => write!(f, "snapshot@{digest}"),
        }
    }
}

impl Side {
    /// The document in the content of this side. The snapshot of a unit has one document a line: of several, the one with a
    /// field that is the id.
    pub fn document(&self, content: &[u8], id: &str) -> Result<Map<String, Value>, Failure> {
        let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let mut documents = Vec::new();
        for line in lines {
            documents.push(serde_json::from_slice::<Map<String, Value>>(line).map_err(|error| {
                Failure::new(format!("failed to read {self} of document {id}: it is no JSON object: {error}"))
            })?);
        }
        let is_it = |document: &Map<String, Value>| document.values().any(|value| value == id);
        match documents.len() {
            1 => documents.pop(),
            _ => documents.into_iter().find(is_it),
        }
        .ok_or_else(|| Failure::new(format!("{self} has no document with the id {id}")))
    }
}

#[cfg(test)]
mod tests {
    use super::Side;

    #[test]
    fn a_side_is_a_stage_or_the_snapshot_of_a_unit_or_of_a_revision() {
        let digest = "0123456789abcdef0123456789abcdef";
        let (unit, revision) = (format!("snapshot@{digest}"), "snapshot@5f2c1a2b3c4d");
        for text in ["snapshot", "indexed", "enriched", &unit, revision] {
            assert_eq!(text.parse::<Side>().unwrap().to_string(), text);
        }
        assert_eq!(unit.parse::<Side>(), Ok(Side::OfUnit(digest.to_owned())));
        assert_eq!(revision.parse::<Side>(), Ok(Side::OfRevision("5f2c1a2b3c4d".to_owned())));
        for text in ["raw", "snapshot@", "snapshot@xyz", ""] {
            assert!(text.parse::<Side>().is_err(), "{text}");
        }
    }

    #[test]
    fn of_the_documents_of_a_unit_the_one_with_the_id_is_taken() {
        let side: Side = "snapshot".parse().unwrap();
        let lines = b"{\"guid\": \"a\", \"n\": 1}\n{\"guid\": \"b\", \"n\": 2}\n";
        assert_eq!(side.document(lines, "b").unwrap()["n"], 2);
        assert_eq!(side.document(b"{\"n\": 3}", "b").unwrap()["n"], 3);
        assert!(side.document(lines, "c").unwrap_err().to_string().contains("no document with the id c"));
        assert!(side.document(b"<xml/>", "c").is_err());
    }
}
