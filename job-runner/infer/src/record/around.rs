//! Values around the records, such as the title of a feed: no field of a record has them. Pure.

use super::super::tree::{NodeId, TOP, Tree};
use super::{Part, elements, is_within, may_repeat, way};

/// The paths with values outside of the records and of what is `beside` them, in objects that have records; each with
/// its first value. Elements that repeat and have elements in them become others beside the records.
pub(super) fn find(
    tree: &Tree,
    records: &[NodeId],
    beside: &mut Vec<Vec<NodeId>>,
) -> Vec<(Vec<Part>, String)> {
    let is_around = |id: NodeId| records.iter().any(|record| is_within(tree, *record, id));
    let roots = tree.children(TOP).into_iter().filter(|id| is_around(*id) && !records.contains(id));
    let mut found = Vec::new();
    let mut open: Vec<_> = roots.rev().collect();
    while let Some(id) = open.pop() {
        let node = tree.node(id);
        if records.contains(&id) || beside.iter().any(|ids| ids.contains(&id)) {
            continue;
        }
        if may_repeat(tree, id) && !is_around(id) && !node.facts.is_text() && !elements(tree, id).is_empty() {
            beside.push(vec![id]);
            continue;
        }
        // What is text as a whole is one value, unless a record is in it.
        let is_whole = node.facts.is_text() && !is_around(id);
        let is_value = node.attribute || is_whole || !node.facts.children;
        if is_value && node.facts.value.count(0) > 0 {
            found.push((path(tree, id), node.facts.example.clone()));
        }
        let parts = tree.children(id).into_iter().rev();
        open.extend(parts.filter(|part| !is_whole || tree.node(*part).attribute));
    }
    found
}

/// The path from the root.
fn path(tree: &Tree, id: NodeId) -> Vec<Part> {
    let parts = way(tree, id).into_iter().flat_map(|id| {
        let node = tree.node(id);
        let name = node.local.to_string();
        let step = if node.attribute {
            Part::Attribute(node.namespace, name)
        } else {
            Part::Name(node.namespace, name)
        };
        [Part::Text("/".to_owned()), step]
    });
    parts.collect()
}
