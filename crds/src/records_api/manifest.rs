//! Daily manifests, each by its day, and what the ledger says now of the units of that day.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

use super::parameters::{join, split};
use super::query::QueryError;
use super::state::State;
use super::unit::Unit;
use crate::records::lineage::{DayManifest, UnitEntry};
use crate::records::units::UnitState;

/// `kind` of [`Manifest`].
pub const KIND: &str = "Manifest";
/// Bytes of the lines, which are compressed, that one request answers at most.
pub const CHUNK_BYTES: u64 = 4 * 1024 * 1024;

/// A daily manifest without its lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always [`API_VERSION`](super::API_VERSION).
    pub api_version: String,
    /// Always [`KIND`].
    pub kind: String,
    /// Its name is the day; its time of creation that of the statement.
    pub metadata: ObjectMeta,
    /// Name of the `IngestSource`.
    pub source: String,
    /// The statement.
    pub statement: DayManifest,
    /// SHA-256 of the statement as it is stored, in hex.
    pub digest: String,
    /// Bytes of the lines as they are stored; `None`: they are not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines_size: Option<u64>,
}

/// Which statement of a day, and for `lines`, which bytes of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestQuery {
    /// Name of the `IngestSource`. It may be left out if the namespace has one source alone.
    pub source: Option<String>,
    /// The generation. Left out: the newest.
    pub generation: Option<i64>,
    /// The first byte of the lines. Left out: 0.
    pub offset: Option<u64>,
}

impl ManifestQuery {
    /// Reads the query of a URL. Parameters of other names are left to the API server.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let mut parsed = Self::default();
        for (name, value) in split(query).ok_or(QueryError::NotText)? {
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "source" => parsed.source = Some(value),
                "generation" => {
                    let generation = value.parse::<i64>().ok().filter(|generation| *generation > 0);
                    parsed.generation = Some(
                        generation
                            .ok_or(QueryError::Value { name: "generation", expected: "a number from 1" })?,
                    );
                }
                "offset" => {
                    let expected = "a number of bytes";
                    let offset = value.parse::<u64>().ok();
                    parsed.offset = Some(offset.ok_or(QueryError::Value { name: "offset", expected })?);
                }
                _ => {}
            }
        }
        Ok(parsed)
    }

    /// The query of a URL, without the question mark.
    pub fn to_query(&self) -> String {
        let mut given: Vec<(&str, String)> = Vec::new();
        given.extend(self.source.clone().map(|source| ("source", source)));
        given.extend(self.generation.map(|generation| ("generation", generation.to_string())));
        given.extend(self.offset.map(|offset| ("offset", offset.to_string())));
        join(&given)
    }
}

impl Unit {
    /// The line that a manifest has of the unit as it is recorded; `None` if it is not recorded.
    pub fn entry(&self) -> Option<UnitEntry> {
        let state = match self.state {
            State::Indexed => UnitState::Indexed,
            State::Converted => UnitState::Converted,
            State::Failed => UnitState::Failed,
            State::Pending | State::Enriched | State::Missing => return None,
            // The others are kinds of it, which the reason tells apart.
            _ => UnitState::Skipped,
        };
        let snapshot = self.snapshot.as_ref();
        Some(UnitEntry {
            key: self.raw.key.clone(),
            version: self.raw.version.clone(),
            unit: self.metadata.name.clone().unwrap_or_default(),
            state,
            reason: self.reason.clone(),
            last_modified: self.raw.last_modified.clone(),
            raw_digest: self.raw.digest.clone(),
            revision: self.conversion.as_ref().map(|stage| stage.revision.clone()).unwrap_or_default(),
            snapshot: snapshot.map(|stage| stage.reference.clone()),
            document_count: self.document_count,
            documents_digest: snapshot.and_then(|stage| stage.documents_digest.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ManifestQuery;

    #[test]
    fn a_query_comes_back() {
        let query =
            ManifestQuery { source: Some("wire".into()), generation: Some(2), offset: Some(4_194_304) };
        assert_eq!(ManifestQuery::parse(&query.to_query()), Ok(query));
        assert_eq!(ManifestQuery::parse("offset="), Ok(ManifestQuery::default()));
        for wrong in ["generation=0", "generation=x", "offset=-1"] {
            assert!(ManifestQuery::parse(wrong).is_err(), "{wrong}");
        }
    }
}
