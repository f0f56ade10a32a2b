//! Identifies the server of a cluster, and its version.

use serde_json::Value;

use super::error::ElasticError;

/// Which server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Elasticsearch, Serverless included.
    Elasticsearch,
    /// OpenSearch.
    OpenSearch,
}

/// The response to `GET /`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterInfo {
    /// Which server it is.
    pub distribution: Distribution,
    /// Version number, for example `9.1.4`.
    pub version: String,
}

impl ClusterInfo {
    /// Reads the response to `GET /`. OpenSearch names itself in `version.distribution`; Elasticsearch has no
    /// such key.
    pub(super) fn read(answer: &Value) -> Result<Self, ElasticError> {
        let version = answer.pointer("/version/number").and_then(Value::as_str).ok_or_else(|| {
            ElasticError::Unreadable("GET / does not tell a version; is this an Elasticsearch?".to_owned())
        })?;
        let distribution = match answer.pointer("/version/distribution").and_then(Value::as_str) {
            Some("opensearch") => Distribution::OpenSearch,
            _ => Distribution::Elasticsearch,
        };
        Ok(Self { distribution, version: version.to_owned() })
    }
}

impl ClusterInfo {
    /// Whether the version is this one or a later one.
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let mut numbers = self.version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (major, minor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ClusterInfo, Distribution};

    #[test]
    fn the_server_is_told_by_its_own_words() {
        let elasticsearch = json!({"cluster_name": "c", "version": {"number": "9.1.4"}, "tagline": "…"});
        let info = ClusterInfo::read(&elasticsearch).unwrap();
        assert_eq!((info.distribution, info.version.as_str()), (Distribution::Elasticsearch, "9.1.4"));
        let opensearch = json!({"version": {"distribution": "opensearch", "number": "3.3.0"}});
        assert_eq!(ClusterInfo::read(&opensearch).unwrap().distribution, Distribution::OpenSearch);
        assert!(ClusterInfo::read(&json!({"hello": "world"})).is_err());
    }
}
