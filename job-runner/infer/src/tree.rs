//! What is known of the paths of samples: a tree of names with statistics for each. It is bounded, whatever
//! the samples are.

mod distinct;
mod labels;

use std::collections::{BTreeMap, HashSet};

use super::html::Tags;
use super::kinds::Kinds;
use distinct::Distinct;
use labels::Labels;
pub(super) use labels::{Label, LabelFacts};

/// Paths that are distinguished. Samples with made-up names must not fill the memory.
pub(super) const MOST_PATHS: usize = 2000;

/// Maximum characters of an example.
const SHOWN: usize = 40;

/// The number of a path in its tree.
pub(super) type NodeId = usize;

/// The number of a namespace.
pub(super) type Namespace = u32;

/// The top of a tree.
pub(super) const TOP: NodeId = 0;

/// How many of the surrounding elements contain something, at each level, and whether any contains more than
/// one.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence {
    /// For each level from the top: the last element that contained it, and the number of them.
    within: Vec<(u64, u64)>,
    /// The innermost level at which an element has two.
    repeated: Option<usize>,
}

impl Presence {
    /// Records an occurrence within these elements, each identified by a number, the top first.
    pub(super) fn note(&mut self, around: &[u64]) {
        if self.within.len() < around.len() {
            self.within.resize(around.len(), (0, 0));
        }
        for (level, (seen, element)) in self.within.iter_mut().zip(around).enumerate().rev() {
            if seen.0 == *element {
                // And so it is repeated in all that are further out.
                self.repeated = self.repeated.max(Some(level));
                return;
            }
            *seen = (*element, seen.1 + 1);
        }
    }

    /// How many elements of this level have it.
    pub(super) fn count(&self, level: usize) -> u64 {
        self.within.get(level).map_or(0, |(_, count)| *count)
    }

    /// Whether an element of this level has it twice.
    pub(super) fn is_repeated(&self, level: usize) -> bool {
        self.repeated.is_some_and(|repeated| repeated >= level)
    }

    /// Adds occurrences in other elements, whose levels start `shift` levels further out.
    fn add(&mut self, other: &Self, shift: usize) {
        let levels = other.within.get(shift..).unwrap_or_default();
        if self.within.len() < levels.len() {
            self.within.resize(levels.len(), (0, 0));
        }
        for (own, (_, count)) in self.within.iter_mut().zip(levels) {
            *own = (0, own.1 + count);
        }
        let repeated = other.repeated.and_then(|level| level.checked_sub(shift));
        self.repeated = self.repeated.max(repeated);
    }
}

/// What is known of a path.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
pub(super) struct PathFacts {
    /// Number of elements.
    pub(super) elements: u64,
    /// Some have text of their own.
    pub(super) own_text: bool,
    /// Some have elements in them.
    pub(super) children: bool,
    /// Some have both.
    pub(super) both: bool,
    /// Some have elements in them that are parts of a text.
    pub(super) prose: bool,
    /// Bytes of text and of attributes, without those of nested elements.
    pub(super) bytes: u64,
    /// Where there is such an element.
    pub(super) exists: Presence,
    /// Where there is one with a value: text at any depth below, or the value of an attribute.
    pub(super) value: Presence,
    /// What the values look like.
    pub(super) kinds: Kinds,
    /// Whether each value came once.
    pub(super) distinct: Distinct,
    /// The values by attribute, of elements whose name is that of an id.
    pub(super) labels: Labels,
    /// Some are numbers or booleans of JSON.
    pub(super) literal: bool,
    /// Tags of HTML that some have, written as text.
    pub(super) tags: Tags,
    /// Some are items of a list of JSON, or of a collection: there may be several, even if the samples have one.
    pub(super) listed: bool,
    /// The first value, shortened.
    pub(super) example: String,
}

impl PathFacts {
    /// Whether there may be several within one of that level.
    pub(super) fn may_repeat(&self, level: usize) -> bool {
        self.listed || self.exists.is_repeated(level)
    }

    /// Whether elements are text as a whole, with what is in them.
    pub(super) const fn is_text(&self) -> bool {
        self.prose || (self.own_text && self.children)
    }

    pub(super) fn exemplify(&mut self, value: &str) {
        if self.example.is_empty() {
            self.example = shortened(value);
        }
    }

    fn add(&mut self, other: &Self, shift: usize, twice: bool) {
        self.elements += other.elements;
        self.own_text |= other.own_text;
        self.children |= other.children;
        self.both |= other.both;
        self.prose |= other.prose;
        self.bytes += other.bytes;
        self.kinds = self.kinds.both(other.kinds);
        self.distinct.add(&other.distinct);
        self.literal |= other.literal;
        self.tags = self.tags.max(other.tags);
        self.listed |= other.listed;
        if self.example.is_empty() {
            self.example.clone_from(&other.example);
        }
        if !twice {
            self.exists.add(&other.exists, shift);
            self.value.add(&other.value, shift);
            self.labels.add(&other.labels, shift);
        }
    }
}

/// The start of a value.
fn shortened(value: &str) -> String {
    let mut text: String = value.chars().take(SHOWN).collect();
    if text.len() < value.len() {
        text.push('…');
    }
    text
}

/// The name of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'k> {
    pub(super) attribute: bool,
    pub(super) namespace: Namespace,
    pub(super) local: &'k str,
}

/// A path: an element or an attribute in its place.
#[derive(Debug)]
pub(super) struct PathNode {
    pub(super) attribute: bool,
    pub(super) namespace: Namespace,
    pub(super) local: Box<str>,
    pub(super) parent: NodeId,
    /// Levels from the top.
    pub(super) depth: usize,
    pub(super) facts: PathFacts,
    by_name: BTreeMap<Box<str>, Vec<NodeId>>,
}

impl PathNode {
    fn new(parent: NodeId, depth: usize, key: Key<'_>) -> Self {
        let Key { attribute, namespace, local } = key;
        let (facts, by_name) = (PathFacts::default(), BTreeMap::new());
        Self { attribute, namespace, local: local.into(), parent, depth, facts, by_name }
    }

    pub(super) fn key(&self) -> Key<'_> {
        Key { attribute: self.attribute, namespace: self.namespace, local: &self.local }
    }
}

/// The paths, in the order in which they were met, so that a parent comes before its children.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<PathNode>,
    /// Occurrences at paths beyond those that are distinguished.
    pub(super) beyond_limit: u64,
}

impl Tree {
    pub(super) fn new() -> Self {
        let top = PathNode::new(TOP, 0, Key { attribute: false, namespace: 0, local: "" });
        Self { nodes: vec![top], beyond_limit: 0 }
    }

    pub(super) fn node(&self, id: NodeId) -> &PathNode {
        &self.nodes[id]
    }

    pub(super) fn facts(&mut self, id: NodeId) -> &mut PathFacts {
        &mut self.nodes[id].facts
    }

    /// All paths, parents before children.
    pub(super) fn ids(&self) -> std::ops::Range<NodeId> {
        0..self.nodes.len()
    }

    /// The children of a path, in the order in which they were met.
    pub(super) fn children(&self, id: NodeId) -> Vec<NodeId> {
        let mut children: Vec<_> = self.nodes[id].by_name.values().flatten().copied().collect();
        children.sort_unstable();
        children
    }

    /// The child with that name, if it was met.
    pub(super) fn known_child(&self, parent: NodeId, key: Key<'_>) -> Option<NodeId> {
        let named = self.nodes[parent].by_name.get(key.local)?;
        named.iter().copied().find(|id| self.nodes[*id].key() == key)
    }

    /// The child with that name; `None` if there are too many paths already.
    pub(super) fn child(&mut self, parent: NodeId, key: Key<'_>) -> Option<NodeId> {
        if let Some(known) = self.known_child(parent, key) {
            return Some(known);
        }
        if self.nodes.len() > MOST_PATHS {
            self.beyond_limit += 1;
            return None;
        }
        let id = self.nodes.len();
        let depth = self.nodes[parent].depth + 1;
        self.nodes.push(PathNode::new(parent, depth, key));
        self.nodes[parent].by_name.entry(key.local.into()).or_default().push(id);
        Some(id)
    }

    /// Adds to the top what another tree knows of `from` and everything below. `namespace` maps the
    /// namespaces of elements; where that merges two paths into one, what is required and what is repeated is
    /// no longer known, and the more cautious answer is assumed.
    pub(super) fn add(&mut self, other: &Self, from: NodeId, namespace: impl Fn(Namespace) -> Namespace) {
        let shift = other.nodes[from].depth;
        let mut own_ids = vec![None; other.nodes.len()];
        let mut merged = HashSet::new();
        for id in from..other.nodes.len() {
            let node = &other.nodes[id];
            let mut key = node.key();
            if !key.attribute {
                key.namespace = namespace(key.namespace);
            }
            let own_id = if id == from {
                Some(TOP)
            } else {
                own_ids[node.parent].and_then(|parent| self.child(parent, key))
            };
            let Some(own_id) = own_id else { continue };
            own_ids[id] = Some(own_id);
            let twice = !merged.insert(own_id);
            let own = &mut self.nodes[own_id];
            own.facts.add(&node.facts, shift, twice);
            if twice && let Some(around) = own.depth.checked_sub(1) {
                own.facts.exists.repeated = Some(around);
                own.facts.value.repeated = Some(around);
            }
        }
        self.beyond_limit += other.beyond_limit;
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, MOST_PATHS, Presence, TOP, Tree};

    #[test]
    fn presence_is_counted_at_every_level() {
        let mut presence = Presence::default();
        // Twice in the element 11 of the element 10, once in 12 of 10, once in 21 of 20.
        for around in [[1, 10, 11], [1, 10, 11], [1, 10, 12], [1, 20, 21]] {
            presence.note(&around);
        }
        assert_eq!([0, 1, 2, 3].map(|level| presence.count(level)), [1, 2, 3, 0]);
        assert_eq!([0, 1, 2].map(|level| presence.is_repeated(level)), [true, true, true]);
        let mut single = Presence::default();
        single.note(&[1, 10, 11]);
        single.note(&[1, 10, 12]);
        assert_eq!([0, 1, 2].map(|level| single.is_repeated(level)), [true, true, false]);
    }

    #[test]
    fn a_flood_of_names_is_bounded_and_counted() {
        let mut tree = Tree::new();
        for number in 0..MOST_PATHS + 7 {
            let local = format!("n{number}");
            tree.child(TOP, Key { attribute: false, namespace: 0, local: &local });
        }
        assert_eq!(tree.ids().len(), MOST_PATHS + 1);
        assert_eq!(tree.beyond_limit, 7);
    }

    #[test]
    fn paths_that_become_one_are_taken_for_repeated() {
        let mut tree = Tree::new();
        for namespace in [1, 2] {
            let key = Key { attribute: false, namespace, local: "title" };
            let id = tree.child(TOP, key).unwrap();
            tree.facts(id).value.note(&[7]);
        }
        let mut merged = Tree::new();
        merged.add(&tree, TOP, |_| 1);
        let title = merged.children(TOP);
        assert_eq!(title.len(), 1);
        let value = &merged.node(title[0]).facts.value;
        assert!(value.is_repeated(0));
        assert_eq!(value.count(0), 1);
    }
}
