//! Records of several kinds, where the root elements of samples differ. Pure.

use std::collections::HashSet;

use super::super::tree::{NodeId, TOP, Tree};
use super::{find, is_within, most_covering};

/// Kinds of records in one model: a field has at most so many paths.
pub(super) const MOST_KINDS: usize = 8;

/// Parts that records of two kinds have in common at least, if they are kin.
const COMMON_PARTS: usize = 2;

/// Objects of a kind that is none by chance, and how many objects there are for one of them at most.
const FEW_OBJECTS: u64 = 2;
const RARE: u64 = 10;

/// The records by kind: the `first` ones, and those of root elements without one that are kin to them, like the entries
/// of Atom to the items of RSS, or are not there by chance. `roots` are the root elements with what is picked in each.
pub(super) fn with_kin(
    tree: &Tree,
    mass: &[u64],
    roots: &[(NodeId, NodeId)],
    first: Vec<NodeId>,
) -> Vec<Vec<NodeId>> {
    let has_none = |root: NodeId, records: &[NodeId]| !records.iter().any(|id| is_within(tree, *id, root));
    let mut left: Vec<_> = roots.iter().copied().filter(|(root, _)| has_none(*root, &first)).collect();
    let mut kinds = vec![first];
    while kinds.len() < MOST_KINDS {
        let Some(name) = most_covering(tree, mass, &left) else { break };
        let records: Vec<_> = left.iter().flat_map(|(root, _)| find(tree, *root, name)).collect();
        let (without, with): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|(root, _)| has_none(*root, &records));
        left = without;
        let known = kinds.concat();
        let is_kind = is_frequent(tree, &with) || are_kin(tree, &known, &records);
        if is_kind && !is_around(tree, name, &known) {
            kinds.push(records);
        }
    }
    kinds
}

/// Whether so many objects have these root elements that they are not there by chance.
fn is_frequent(tree: &Tree, roots: &[(NodeId, NodeId)]) -> bool {
    let objects: u64 = roots.iter().map(|(root, _)| tree.node(*root).facts.exists.count(TOP)).sum();
    objects >= FEW_OBJECTS && objects * RARE >= tree.node(TOP).facts.elements
}

/// Whether records have a third of their parts in common, by the names of elements and attributes in them.
pub(super) fn are_kin(tree: &Tree, some: &[NodeId], others: &[NodeId]) -> bool {
    let (some, others) = (parts(tree, some), parts(tree, others));
    let common = some.intersection(&others).count();
    common >= COMMON_PARTS && common * 3 >= some.len().min(others.len())
}

/// The names of what is in records, and whether it is an attribute.
fn parts<'t>(tree: &'t Tree, records: &[NodeId]) -> HashSet<(bool, &'t str)> {
    let parts = records.iter().flat_map(|id| tree.children(*id)).map(|id| tree.node(id));
    parts.map(|node| (node.attribute, &*node.local)).collect()
}

/// Whether an element of that name is around a record. A path that finds it at any depth would hide the record.
fn is_around(tree: &Tree, name: &str, records: &[NodeId]) -> bool {
    let mut named = tree.ids().filter(|id| !tree.node(*id).attribute && &*tree.node(*id).local == name);
    named.any(|around| records.iter().any(|id| is_within(tree, *id, around)))
}
