//! Elements that look like the items of an envelope, by what is in them: an id, a headline, a date. Pure.

use super::super::kinds::Form;
use super::super::names::ends_with_word;
use super::super::roles;
use super::super::tree::{NodeId, PathNode, TOP, Tree};
use super::{DEEPEST, elements, has_parts, is_collection, is_division, may_repeat};

/// An item has so many of an id, a headline and a date.
const MARKS: usize = 2;

/// Elements and the records in them, also if all samples have a single one.
const ENVELOPES: [(&str, &str); 5] =
    [("channel", "item"), ("rdf", "item"), ("feed", "entry"), ("urlset", "url"), ("sitemapindex", "sitemap")];

/// Elements that group items, although they have a title of their own.
const GROUPS: [&str; 20] = [
    "section",
    "sections",
    "group",
    "groups",
    "category",
    "categories",
    "channel",
    "channels",
    "batch",
    "batches",
    "page",
    "pages",
    "desk",
    "desks",
    "topic",
    "topics",
    "day",
    "days",
    "set",
    "list",
];

/// Whether elements of this name are known to hold records of that name.
pub(super) fn is_envelope(around: &str, name: &str) -> bool {
    let is = |(outer, inner): &(&str, &str)| {
        around.eq_ignore_ascii_case(outer) && name.eq_ignore_ascii_case(inner)
    };
    ENVELOPES.iter().any(is)
}

/// Whether an element has marks of an item, within two levels.
pub(super) fn is_item(tree: &Tree, id: NodeId) -> bool {
    let parts = own_parts(tree, id, None);
    let has = |is: fn(&PathNode) -> bool| usize::from(parts.iter().any(|part| is(part)));
    has(is_id) + has(is_headline) + has(is_date) >= MARKS
}

/// Whether it is a part of a document by its name. An article is one of a law, or an item.
pub(super) fn is_part(tree: &Tree, id: NodeId) -> bool {
    let name = &tree.node(id).local;
    is_division(name) && !(name.eq_ignore_ascii_case("article") && is_item(tree, id))
}

/// Whether it is such an element, comes several times beside others, and is no part of a text.
pub(super) fn repeats(tree: &Tree, id: NodeId) -> bool {
    let node = tree.node(id);
    let may_be = node.parent != TOP && !is_part(tree, id) && !roles::is_name_of_party(&node.local);
    may_be && may_repeat(tree, id) && is_item(tree, id)
}

/// The items in these elements if they are groups of items, and so on; else themselves.
pub(super) fn innermost(tree: &Tree, mass: &[u64], outer: NodeId) -> NodeId {
    let mut found = outer;
    while let Some(inner) = inside(tree, mass, found) {
        found = inner;
    }
    found
}

/// The items that elements group, as in `section/item` or `desk/items/item`.
fn inside(tree: &Tree, mass: &[u64], group: NodeId) -> Option<NodeId> {
    let heaviest = |ids: &[NodeId]| {
        let mass_of_all: u64 = ids.iter().map(|id| mass[*id]).sum();
        let is_most = mass_of_all * 3 >= mass[group] * 2;
        ids.iter().copied().max_by_key(|id| mass[*id]).filter(|_| is_most)
    };
    let mut at = group;
    while tree.node(at).depth <= DEEPEST {
        let mut parts = elements(tree, at);
        parts.retain(|id| has_parts(tree, *id) && !is_part(tree, *id));
        let items: Vec<_> = parts.iter().copied().filter(|id| is_item(tree, *id)).collect();
        if let Some(item) = heaviest(&items) {
            return is_group(tree, group, item).then_some(item);
        }
        let largest = parts.into_iter().max_by_key(|id| mass[*id])?;
        at = heaviest(&[largest])?;
    }
    None
}

/// Whether elements are nothing but the group of these items: by their name, or since they have neither a headline nor a
/// date of their own.
fn is_group(tree: &Tree, group: NodeId, items: NodeId) -> bool {
    let (outer, inner) = (tree.node(group), tree.node(items));
    if ends_with_word(&outer.local, &GROUPS) || is_collection(&outer.local, &inner.local) {
        return true;
    }
    let own = own_parts(tree, group, Some(items));
    inner.facts.may_repeat(outer.depth) && !own.iter().any(|part| is_headline(part) || is_date(part))
}

/// What elements have once: attributes and elements, and those in these, except what is in `but`, and what is about
/// somebody or something else.
fn own_parts(tree: &Tree, id: NodeId, but: Option<NodeId>) -> Vec<&PathNode> {
    let is_own = |id: &NodeId| {
        Some(*id) != but && !may_repeat(tree, *id) && !roles::is_name_of_party(&tree.node(*id).local)
    };
    let once = |around: NodeId| tree.children(around).into_iter().filter(is_own);
    let parts = once(id).flat_map(|part| std::iter::once(part).chain(once(part)));
    parts.map(|part| tree.node(part)).collect()
}

fn is_id(part: &PathNode) -> bool {
    roles::is_name_of_id(&part.local) || has_form(part, Form::Id)
}

fn is_headline(part: &PathNode) -> bool {
    roles::is_name_of_headline(&part.local)
}

fn is_date(part: &PathNode) -> bool {
    (roles::is_name_of_date(&part.local) || has_form(part, Form::DateTime)) && !is_id(part)
}

/// Whether all values have a form, and there are any.
fn has_form(part: &PathNode, form: Form) -> bool {
    part.facts.value.count(0) > 0 && part.facts.kinds.has(form)
}
