//! The guids of records of several kinds, as one field. Pure.

use docmill_crds::conversion::FieldType;

use super::super::proposal::Proposed;
use super::super::roles::Role;

/// Makes one field of those with these paths, the guids of each kind in turn, unless one of them is none for all.
pub(super) fn join(fields: &mut Vec<Proposed>, of_kinds: Vec<String>, documents: u64) {
    let mut paths = Vec::new();
    for path in of_kinds {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let is_guid = |proposed: &Proposed| matches!(&*proposed.field.path, [path] if paths.contains(path));
    let may_be = |proposed: &Proposed| {
        !proposed.field.repeated && matches!(proposed.field.kind, FieldType::String | FieldType::Uri)
    };
    let guids = || fields.iter().filter(|proposed| is_guid(proposed));
    // One path for all kinds is no guid: two of them have the same value.
    if paths.len() < 2 || guids().count() != paths.len() || !guids().all(may_be) {
        return;
    }
    let mut is_first = true;
    fields.retain(|proposed| !is_guid(proposed) || std::mem::take(&mut is_first));
    if let Some(guid) = fields.iter_mut().find(|proposed| is_guid(proposed)) {
        guid.role = Some(Role::Guid);
        (guid.count, guid.of) = (documents, documents);
        guid.field.kind = FieldType::String;
        guid.field.required = true;
        guid.field.path = paths;
    }
}
