//! Objects that are archives: which of their members are read, and how many and how large they may be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::model_error::ModelError;

/// The most that `maxMembers` may be.
const MAX_MEMBERS: i64 = 10_000_000;
/// The most that `maxMemberBytes` may be: 1 TiB.
const MAX_MEMBER_BYTES: i64 = 1 << 40;

/// Which members of an archive are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Archive {
    /// Patterns of the names of members that are read; all other members are left out. * stands for any characters,
    /// also for /, and ? for one: *.xml, articles/*.xml. All members if not set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 256)))]
    pub members: Vec<String>,

    /// Files in one archive, whether or not they are read. 100000 if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_MEMBERS))]
    pub max_members: Option<i64>,

    /// Bytes of a member that is read; a larger one is refused. 67108864 (64 MiB) if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_MEMBER_BYTES))]
    pub max_member_bytes: Option<i64>,
}

/// Which members of an archive are read, with the defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedArchive {
    /// Patterns of their names; none stands for all members.
    pub members: Vec<String>,
    /// Files in one archive.
    pub max_members: u64,
    /// Bytes of one member.
    pub max_member_bytes: u64,
}

impl Archive {
    /// Fills in the defaults.
    pub(in crate::conversion) fn resolve(&self) -> Result<ResolvedArchive, ModelError> {
        if self.members.iter().any(String::is_empty) {
            return Err(ModelError::MemberPattern);
        }
        Ok(ResolvedArchive {
            members: self.members.clone(),
            max_members: within("maxMembers", self.max_members.unwrap_or(100_000), MAX_MEMBERS)?,
            max_member_bytes: within(
                "maxMemberBytes",
                self.max_member_bytes.unwrap_or(64 << 20),
                MAX_MEMBER_BYTES,
            )?,
        })
    }
}

/// The API server makes the same checks; this one is for a model that is tried without an API server.
fn within(name: &str, value: i64, max: i64) -> Result<u64, ModelError> {
    if (1..=max).contains(&value) {
        return Ok(value.cast_unsigned());
    }
    Err(ModelError::Limit { place: format!("archive.{name}"), value, min: 1, max })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Archive, ResolvedArchive};

    fn archive(value: Value) -> Archive {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let expected =
            ResolvedArchive { members: Vec::new(), max_members: 100_000, max_member_bytes: 67_108_864 };
        assert_eq!(archive(json!({})).resolve(), Ok(expected));
    }

    #[test]
    fn what_is_out_of_range_is_refused_with_its_place() {
        for (place, value) in [
            ("archive.maxMembers: ", json!({"maxMembers": 0})),
            ("archive.maxMembers: ", json!({"maxMembers": 10_000_001})),
            ("archive.maxMemberBytes: ", json!({"maxMemberBytes": 0})),
            ("archive.members: ", json!({"members": ["*.xml", ""]})),
        ] {
            let fault = archive(value).resolve().unwrap_err().to_string();
            assert!(fault.starts_with(place), "{fault}");
        }
    }
}
