//! Records of several names beside each other, as the stories and photos of a wire. Pure.

use super::super::names::has_word;
use super::super::roles;
use super::super::tree::{NodeId, TOP, Tree};
use super::kin::{MOST_KINDS, are_kin};
use super::{elements, has_parts, is_within, items, may_repeat, way};

/// Elements that are about the whole envelope, even if they have parts like those of a record.
const HEADS: [&str; 12] = [
    "header",
    "head",
    "meta",
    "metadata",
    "envelope",
    "info",
    "channel",
    "image",
    "publisher",
    "source",
    "link",
    "summary",
];

/// Adds to the kinds of records those beside them that are of their kind: what repeats, and has the marks or the parts of
/// a record, or comes once and has both. Returns what else repeats there, by its place.
pub(super) fn take(tree: &Tree, kinds: &mut Vec<Vec<NodeId>>) -> Vec<Vec<NodeId>> {
    let first = kinds.concat();
    let mut left_out = Vec::new();
    for ids in siblings(tree, &first) {
        let Some(node) = ids.first().map(|id| tree.node(*id)) else { continue };
        let repeats = ids.iter().any(|id| may_repeat(tree, *id));
        let (is_item, is_kin) = (ids.iter().any(|id| items::is_item(tree, *id)), are_kin(tree, &first, &ids));
        let is_record =
            if repeats { is_item || is_kin } else { is_item && is_kin && !has_word(&node.local, &HEADS) };
        if is_record && !roles::is_name_of_party(&node.local) && kinds.len() < MOST_KINDS {
            kinds.push(ids);
        } else if is_record || (repeats && ids.iter().any(|id| !elements(tree, *id).is_empty())) {
            left_out.push(ids);
        }
    }
    left_out
}

/// The elements with parts that are beside records and neither records nor around one, by their place.
fn siblings(tree: &Tree, records: &[NodeId]) -> Vec<Vec<NodeId>> {
    let is_around = |id: NodeId| records.iter().any(|record| is_within(tree, *record, id));
    let mut parents: Vec<_> =
        records.iter().map(|id| tree.node(*id).parent).filter(|id| *id != TOP).collect();
    parents.sort_unstable();
    parents.dedup();
    let beside = parents.into_iter().flat_map(|parent| elements(tree, parent));
    let mut places: Vec<Vec<NodeId>> = Vec::new();
    for id in beside.filter(|id| has_parts(tree, *id) && !is_around(*id)) {
        let is_there = |ids: &Vec<NodeId>| ids.iter().any(|known| place(tree, *known) == place(tree, id));
        match places.iter_mut().find(|ids| is_there(ids)) {
            Some(ids) => ids.push(id),
            None => places.push(vec![id]),
        }
    }
    places
}

/// The names from the root to an element.
fn place(tree: &Tree, id: NodeId) -> Vec<&str> {
    way(tree, id).into_iter().map(|id| &*tree.node(id).local).collect()
}
