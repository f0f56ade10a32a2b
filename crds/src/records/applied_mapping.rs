//! Which mapping was applied to the existing indices of a template, and which of its fields they do not take. The
//! worker writes it into the `_meta` of the template; the operator reads it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::digest::digest_of;

/// What was applied to existing indices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppliedMapping {
    /// Digest of the fields.
    fields: String,
    /// Names of top-level fields that at least one existing index maps in another way and cannot change.
    #[serde(default)]
    pub conflicts: Vec<String>,
}

impl AppliedMapping {
    /// The record of these fields, as properties of a mapping.
    pub fn new(fields: &Map<String, Value>, conflicts: Vec<String>) -> Self {
        Self { fields: digest_of(&json!(fields)), conflicts }
    }

    /// Reads the `_meta` of a template. The contents are untrusted.
    pub fn read(meta: &Value) -> Option<Self> {
        serde_json::from_value(meta.pointer("/docmill/mapping")?.clone()).ok()
    }

    /// The `_meta` of a template.
    pub fn meta(&self) -> Value {
        json!({"docmill": {"mapping": self}})
    }

    /// Whether these fields are what was applied.
    pub fn is_of(&self, fields: &Map<String, Value>) -> bool {
        self.fields == digest_of(&json!(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::AppliedMapping;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let fields = Map::from_iter([("title".to_owned(), json!({"type": "text"}))]);
        let applied = AppliedMapping::new(&fields, vec!["title".into()]);
        assert_eq!(AppliedMapping::read(&applied.meta()), Some(applied.clone()));
        assert!(applied.is_of(&fields) && !applied.is_of(&Map::new()));
        assert_eq!(AppliedMapping::read(&json!({"docmill": {"mapping": 1}})), None);
        assert_eq!(AppliedMapping::read(&json!(null)), None);
    }
}
