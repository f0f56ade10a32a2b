//! Indices that exist already: whether one does, and fields that are added to them. New fields and new multi-fields
//! are taken; a field whose type or analyzer is another one cannot be changed in place, and keeps its mapping.

use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_crds::error_class::{Classify as _, ErrorClass};
use serde_json::{Map, Value};

/// Whether an index exists. If the cluster does not say, because of a block or for lack of permission, the index
/// counts as existing.
pub(super) async fn exists(elastic: &Elastic, index: &str) -> Result<bool, ElasticError> {
    match elastic.exists(index).await {
        Err(ElasticError::Refused(fault)) if fault.index_trouble().is_some() => Ok(true),
        result => result,
    }
}

/// Adds fields to all existing indices of a pattern. Returns the names of those that at least one index does not
/// take. A request that has such a field is refused as a whole, so it is halved until that field is alone.
pub(super) async fn add_fields(
    elastic: &Elastic,
    pattern: &str,
    fields: &Map<String, Value>,
) -> Result<Vec<String>, ElasticError> {
    let mut conflicts = Vec::new();
    let mut groups: Vec<Vec<(&String, &Value)>> = vec![fields.iter().collect()];
    while let Some(group) = groups.pop() {
        let properties: Map<String, Value> =
            group.iter().map(|(name, field)| ((*name).clone(), (*field).clone())).collect();
        match elastic.add_fields(pattern, &properties).await {
            Ok(()) => {}
            Err(error) if error.class() != ErrorClass::Permanent => return Err(error),
            Err(error) => match group.as_slice() {
                [] => {}
                [(name, _)] => {
                    tracing::warn!(%error, said = error.said(), name, pattern, "existing indices keep another mapping of a field");
                    conflicts.push((*name).clone());
                }
                several => {
                    let (first, second) = several.split_at(several.len() / 2);
                    groups.extend([second.to_vec(), first.to_vec()]);
                }
            },
        }
    }
    Ok(conflicts)
}
