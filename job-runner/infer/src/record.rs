//! Decides which elements are records: the root elements, or what repeats in them and makes up most of them.
//! Pure.

mod around;
mod beside;
mod items;
mod kin;

use std::collections::BTreeMap;

use super::namespaces::NONE;
use super::observe::Named;
use super::pattern::Pattern;
use super::roles;
use super::tree::{Namespace, NodeId, TOP, Tree};

/// Levels below a root element at which records are searched for: those of an RSS channel, of a message's set
/// of items, of a response in an envelope.
const LEVELS: usize = 3;

/// Levels at which items are searched for that are known by an id, a headline and a date.
const DEEPEST: usize = 6;

/// How deep the parts of a document are taken for records, because few documents repeat what most of them is.
const PLAIN_LEVELS: usize = 2;

/// Parts of documents, which are no records by themselves.
const DIVISIONS: [&str; 15] = [
    "div", "div1", "div2", "sec", "section", "part", "chapter", "book", "act", "scene", "clause", "article",
    "lg", "sp", "title",
];

/// How the names of elements end that hold records, also a single one.
const COLLECTIONS: [&str; 3] = ["set", "list", "collection"];

/// Namespaces that names without a prefix may be in.
const MOST_DEFAULTS: usize = 8;

/// The records, and what is known of them.
#[derive(Debug)]
pub(super) struct Records {
    /// The path, except for prefixes that the model assigns to namespaces.
    pub(super) path: Vec<Part>,
    /// The tree of one record.
    pub(super) shape: Tree,
    /// The same for each kind of records, if there are several.
    pub(super) kinds: Vec<Tree>,
    /// The namespaces of names without a prefix. In `shape`, the first represents all of them.
    pub(super) defaults: Vec<Namespace>,
    /// Kinds of records stand beside each other.
    pub(super) mixed: bool,
    /// What repeats beside the records and is none: its path, and how many there are.
    pub(super) beside: Vec<(Vec<Part>, u64)>,
    /// Paths with values around the records, each with its first value.
    pub(super) around: Vec<(Vec<Part>, String)>,
    /// Objects that were examined.
    pub(super) objects: u64,
    /// Objects without a record, by the name of their root element.
    pub(super) without: BTreeMap<String, u64>,
}

/// A part of the record's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// As it is written.
    Text(String),
    /// The name of an element in this namespace.
    Name(Namespace, String),
    /// The name of an attribute.
    Attribute(Namespace, String),
}

/// The records that a person named; `roots` are the root elements of all objects.
pub(super) fn named(
    tree: &Tree,
    named: &Named,
    pattern: &Pattern,
    roots: &BTreeMap<String, u64>,
) -> Option<Records> {
    let record = tree.children(TOP).first().copied()?;
    let mut namespaces = named.namespaces.clone();
    namespaces.truncate(MOST_DEFAULTS);
    let path = vec![Part::Text(pattern.written(!named.qualified))];
    let mut records = gather(tree, &[vec![record]], namespaces, path);
    let without = records.objects - tree.node(record).facts.exists.count(TOP);
    if without > 0 {
        // Which of them have none is known only if there is a single kind.
        let name = roots.keys().cloned().collect::<Vec<_>>().join(" or ");
        records.without.insert(name, without);
    }
    Some(records)
}

/// The records that the samples suggest; `None` without an element in them.
pub(super) fn suggested(tree: &Tree) -> Option<Records> {
    let mass = masses(tree);
    let roots: Vec<_> = tree.children(TOP);
    let picks: Vec<_> = roots.iter().map(|root| (*root, pick(tree, &mass, *root))).collect();
    let name = most_covering(tree, &mass, &picks)?;
    let first: Vec<_> = roots.iter().flat_map(|root| find(tree, *root, name)).collect();
    let mut kinds = kin::with_kin(tree, &mass, &picks, first);
    let found = kinds.len();
    let mut others = beside::take(tree, &mut kinds);
    let mixed = kinds.len() > found;
    let mut defaults: Vec<_> = kinds.iter().flatten().map(|id| tree.node(*id).namespace).collect();
    defaults.sort_unstable();
    defaults.dedup();
    defaults.truncate(MOST_DEFAULTS);
    for kind in &mut kinds {
        kind.retain(|id| defaults.contains(&tree.node(*id).namespace));
    }
    kinds.retain(|kind| !kind.is_empty());
    let paths: Vec<_> = kinds.iter().map(|kind| path(tree, kind, &defaults)).collect();
    let path = paths.join(&Part::Text(" | ".to_owned()));
    let count = |ids: &[NodeId]| ids.iter().map(|id| tree.node(*id).facts.elements).sum::<u64>();
    let around = around::find(tree, &kinds.concat(), &mut others);
    let beside = others.iter().map(|ids| (self::path(tree, ids, &defaults), count(ids))).collect();
    let mut gathered = Records { mixed, beside, around, ..gather(tree, &kinds, defaults, path) };
    for root in roots {
        let objects = tree.node(root).facts.exists.count(TOP);
        let with = |kind: &Vec<NodeId>| {
            let within = kind.iter().filter(|id| is_within(tree, **id, root));
            within.map(|id| tree.node(*id).facts.exists.count(TOP)).max().unwrap_or(0)
        };
        let with = kinds.iter().map(with).sum::<u64>();
        if with < objects {
            *gathered.without.entry(tree.node(root).local.to_string()).or_default() += objects - with;
        }
    }
    Some(gathered)
}

/// One tree for all records, and one for each kind of them.
fn gather(tree: &Tree, kinds: &[Vec<NodeId>], mut defaults: Vec<Namespace>, path: Vec<Part>) -> Records {
    let records = kinds.concat();
    let mut within = tree.ids().filter(|id| records.iter().any(|record| is_within(tree, *id, *record)));
    let unqualified = |id: NodeId| {
        let node = tree.node(id);
        !node.attribute && node.namespace == NONE && !records.contains(&id)
    };
    if !defaults.contains(&NONE) && defaults.len() < MOST_DEFAULTS && within.any(unqualified) {
        defaults.push(NONE);
    }
    let mut shape = merged(tree, &records, &defaults);
    shape.beyond_limit = tree.beyond_limit;
    let of_kind = |kind: &Vec<NodeId>| merged(tree, kind, &defaults);
    let kinds = if kinds.len() > 1 { kinds.iter().map(of_kind).collect() } else { Vec::new() };
    let objects = tree.node(TOP).facts.elements;
    let (mixed, beside, around, without) = (false, Vec::new(), Vec::new(), BTreeMap::new());
    Records { path, shape, kinds, defaults, mixed, beside, around, objects, without }
}

/// One tree for these records.
fn merged(tree: &Tree, records: &[NodeId], defaults: &[Namespace]) -> Tree {
    let plain = defaults.first().copied().unwrap_or(NONE);
    let mut shape = Tree::new();
    for record in records {
        shape.add(tree, *record, |namespace| if defaults.contains(&namespace) { plain } else { namespace });
    }
    for id in shape.ids().skip(1) {
        let node = shape.node(id);
        let around = &shape.node(node.parent).local;
        // A mere set is one of anything, and several ids of one name would be none.
        let is_any = COLLECTIONS.iter().any(|name| around.eq_ignore_ascii_case(name));
        let is_item = !is_any && is_collection(around, &node.local) && !roles::is_name_of_id(&node.local);
        if is_item && !node.attribute {
            shape.facts(id).listed = true;
        }
    }
    shape
}

/// The name of a record that the most objects have, of those that were picked in these root elements.
fn most_covering<'t>(tree: &'t Tree, mass: &[u64], picks: &[(NodeId, NodeId)]) -> Option<&'t str> {
    let roots: Vec<_> = picks.iter().map(|(root, _)| *root).collect();
    let names = picks.iter().rev().map(|(_, pick)| &*tree.node(*pick).local);
    names.max_by_key(|name| covered(tree, mass, &roots, name))
}

/// Bytes of each path, including everything below it.
fn masses(tree: &Tree) -> Vec<u64> {
    let mut masses: Vec<_> = tree.ids().map(|id| tree.node(id).facts.bytes).collect();
    for id in tree.ids().skip(1).rev() {
        masses[tree.node(id).parent] += masses[id];
    }
    masses
}

/// The record in objects with this root element.
fn pick(tree: &Tree, mass: &[u64], root: NodeId) -> NodeId {
    // XML documents one after the other, lines of JSON, items of a list.
    if tree.node(root).facts.may_repeat(tree.node(TOP).depth) {
        return root;
    }
    let is_most =
        |ids: &[NodeId]| ids.iter().map(|id| mass[*id]).sum::<u64>() * 3 >= mass[root] * 2 && !ids.is_empty();
    let mut at = root;
    for level in 1..=DEEPEST {
        let around = tree.node(at);
        let elements = elements(tree, at);
        let is_known =
            |id: &&NodeId| items::is_envelope(&around.local, &tree.node(**id).local) && has_parts(tree, **id);
        if let Some(item) = elements.iter().find(is_known) {
            return *item;
        }
        let heaviest = elements.iter().copied().max_by_key(|id| mass[*id]);
        let Some(child) = heaviest.filter(|id| is_most(&[*id])) else {
            let items: Vec<_> = elements.into_iter().filter(|id| items::repeats(tree, *id)).collect();
            let largest = items.iter().copied().max_by_key(|id| mass[*id]);
            return largest.filter(|_| is_most(&items)).unwrap_or(root);
        };
        let node = tree.node(child);
        if node.facts.is_text() && !items::repeats(tree, child) {
            break;
        }
        let is_repeated = may_repeat(tree, child);
        let is_deep_part = level > PLAIN_LEVELS && items::is_part(tree, child);
        let is_near = is_repeated || is_collection(&around.local, &node.local);
        let is_record = if level > LEVELS { items::repeats(tree, child) } else { is_near };
        if has_parts(tree, child) && !is_deep_part && is_record {
            return items::innermost(tree, mass, child);
        }
        at = child;
    }
    root
}

/// The elements in these, without attributes.
fn elements(tree: &Tree, at: NodeId) -> Vec<NodeId> {
    tree.children(at).into_iter().filter(|id| !tree.node(*id).attribute).collect()
}

/// Whether there may be several of these elements in the one around them.
fn may_repeat(tree: &Tree, id: NodeId) -> bool {
    let node = tree.node(id);
    node.facts.may_repeat(tree.node(node.parent).depth)
}

/// Whether there is anything in these elements but text.
fn has_parts(tree: &Tree, at: NodeId) -> bool {
    !tree.children(at).is_empty()
}

fn is_division(name: &str) -> bool {
    DIVISIONS.iter().any(|division| name.eq_ignore_ascii_case(division))
}

/// Whether elements of this name hold those of that name, even if the samples have one in each: `articles`,
/// `PubmedArticleSet`, `itemSet`.
fn is_collection(around: &str, name: &str) -> bool {
    let (around, name) = (around.to_ascii_lowercase(), name.to_ascii_lowercase());
    let is_plural = around.strip_prefix(&name).is_some_and(|end| matches!(end, "s" | "es"));
    let mut kinds = COLLECTIONS.iter().filter_map(|end| around.strip_suffix(end));
    let is_set = kinds.any(|kind| name.ends_with(kind));
    is_plural || (is_set && !is_division(&name))
}

/// How many objects have elements of that name where records are searched for, that make up half of them at least; among
/// equals, one that is not a root element ranks higher.
fn covered(tree: &Tree, mass: &[u64], roots: &[NodeId], name: &str) -> (u64, bool) {
    let is_half =
        |root: NodeId, ids: &[NodeId]| ids.iter().map(|id| mass[*id]).sum::<u64>() * 2 >= mass[root];
    let found = roots.iter().map(|root| (*root, find(tree, *root, name)));
    let found: Vec<_> = found.filter(|(root, ids)| is_half(*root, ids)).map(|(_, ids)| ids).collect();
    let objects = found.iter().map(|ids| ids.iter().map(|id| tree.node(*id).facts.exists.count(TOP)).max());
    let below = found.iter().flatten().any(|id| tree.node(*id).depth > 1);
    (objects.map(Option::unwrap_or_default).sum(), below)
}

/// The outermost elements of that name below a root element, or itself.
fn find(tree: &Tree, root: NodeId, name: &str) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut ids = vec![root];
    for level in 0..=DEEPEST {
        let is_named =
            |id: NodeId| &*tree.node(id).local == name && (level <= LEVELS || items::is_item(tree, id));
        let (named, others): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| is_named(*id));
        found.extend(named);
        ids = others.into_iter().flat_map(|id| elements(tree, id)).collect();
    }
    found
}

fn is_within(tree: &Tree, mut id: NodeId, outer: NodeId) -> bool {
    while id != outer && id != TOP {
        id = tree.node(id).parent;
    }
    id == outer
}

/// The path of these elements: step by step if they are at the same place, else their name at any depth.
fn path(tree: &Tree, records: &[NodeId], defaults: &[Namespace]) -> Vec<Part> {
    let ways: Vec<_> = records.iter().map(|id| way(tree, *id)).collect();
    let Some((first, others)) = ways.split_first() else { return Vec::new() };
    let locals = |way: &[NodeId]| way.iter().map(|id| tree.node(*id).local.clone()).collect::<Vec<_>>();
    let same = others.iter().all(|way| locals(way) == locals(first));
    let steps = if same { &first[..] } else { &first[first.len() - 1..] };
    let mut parts = Vec::new();
    for (index, id) in steps.iter().enumerate() {
        let node = tree.node(*id);
        parts.push(Part::Text(if same { "/" } else { "//" }.to_owned()));
        let mut namespaces = ways.iter().filter_map(|way| way.get(index)).map(|id| tree.node(*id).namespace);
        let known = !same
            || namespaces.all(|namespace| {
                namespace == node.namespace
                    || [namespace, node.namespace].iter().all(|n| defaults.contains(n))
            });
        parts.push(if known {
            Part::Name(node.namespace, node.local.to_string())
        } else {
            Part::Text(format!("*:{}", node.local))
        });
    }
    parts
}

/// The elements from the root to this one.
fn way(tree: &Tree, mut id: NodeId) -> Vec<NodeId> {
    let mut way = Vec::new();
    while id != TOP {
        way.push(id);
        id = tree.node(id).parent;
    }
    way.reverse();
    way
}
