//! What the samples say of a path: whether it is a value, a text or an object, and what is around it. Pure.

use docmill_crds::conversion::{FieldType, Format};

use super::Proposer;
use super::typing::{self, Typed};
use crate::html::Tags;
use crate::roles;
use crate::tree::{NodeId, PathFacts, PathNode, TOP};

/// Attributes that are nothing but the value of their element, as in FHIR: `birthDate/@value`.
const MERE_VALUES: [&str; 2] = ["value", "val"];
/// The same of the elements of HL7 that are ids.
const MERE_ID: &str = "extension";

impl<'t> Proposer<'t> {
    /// The element or attribute whose name says what a value is.
    pub(super) fn named_as(&self, at: NodeId) -> &'t PathNode {
        let node = self.tree.node(at);
        let around = self.tree.node(node.parent);
        let is_mere = MERE_VALUES.iter().any(|name| node.local.eq_ignore_ascii_case(name))
            || (&*node.local == MERE_ID && roles::is_name_of_id(&around.local));
        if node.attribute && node.parent != TOP && is_mere { around } else { node }
    }

    /// The name of the element around this one; none around what is the record's own.
    pub(super) fn name_around(&self, node: &PathNode) -> &'t str {
        match node.parent {
            TOP => "",
            parent => &self.tree.node(parent).local,
        }
    }

    /// Whether an element around this one is about somebody or something else than the record.
    pub(super) fn is_of_party(&self, node: &PathNode) -> bool {
        let mut around = node.parent;
        while around != TOP {
            let node = self.tree.node(around);
            if roles::is_name_of_party(&node.local) {
                return true;
            }
            around = node.parent;
        }
        false
    }

    /// Bytes of a path and of everything below it.
    pub(super) fn bytes(&self, at: NodeId) -> u64 {
        let below = self.tree.children(at).into_iter().map(|child| self.bytes(child));
        self.tree.node(at).facts.bytes + below.sum::<u64>()
    }

    /// Whether a value, or what is around it within the scope, is an item of a list of JSON.
    pub(super) fn is_in_list(&self, mut at: NodeId, scope: NodeId) -> bool {
        while at != scope {
            let node = self.tree.node(at);
            if node.facts.listed {
                return true;
            }
            at = node.parent;
        }
        false
    }

    /// Whether an element is taken with all its content. A record with paragraphs is not one text: it has
    /// other parts; nor is it one because others have text where it has elements.
    pub(super) fn is_whole(&self, at: NodeId) -> bool {
        let facts = &self.tree.node(at).facts;
        let is_whole = if at == TOP { facts.both } else { facts.is_text() };
        is_whole && self.format != Format::Json
    }

    pub(super) fn is_value(&self, at: NodeId) -> bool {
        !self.tree.node(at).facts.children || self.is_whole(at) || self.is_either(at)
    }

    /// Whether a member of JSON is an object here and a value without parts there.
    pub(super) fn is_either(&self, at: NodeId) -> bool {
        let facts = &self.tree.node(at).facts;
        self.format == Format::Json && facts.own_text && facts.children
    }

    /// How many values an element holds at most, if what is in it is not repeated.
    pub(super) fn leaves(&self, at: NodeId) -> usize {
        let node = self.tree.node(at);
        let has = |facts: &PathFacts| usize::from(facts.value.count(0) > 0);
        let own = if self.is_value(at) { has(&node.facts) } else { 0 };
        let below = self.tree.children(at).into_iter().map(|child| match self.tree.node(child) {
            node if node.attribute => has(&node.facts),
            _ if self.is_whole(at) => 0,
            _ => self.leaves(child),
        });
        own + below.sum::<usize>()
    }

    pub(super) fn typed(&self, at: NodeId) -> Typed {
        let node = self.tree.node(at);
        if !node.attribute && self.is_whole(at) {
            return (FieldType::Text, None);
        }
        let is_xml = node.attribute && self.namespaces.is_xml(node.namespace);
        match typing::scalar(&self.named_as(at).local, is_xml, node.facts.kinds) {
            (FieldType::String, _) if node.facts.tags == Tags::Blocks => (FieldType::Text, None),
            typed => typed,
        }
    }

    /// The first value; for a text that consists of paragraphs, the first paragraph.
    pub(super) fn example(&self, at: NodeId) -> String {
        let own = &self.tree.node(at).facts.example;
        if !own.is_empty() || self.tree.node(at).attribute {
            return own.clone();
        }
        let elements = self.tree.children(at).into_iter().filter(|id| !self.tree.node(*id).attribute);
        elements.map(|id| self.example(id)).find(|example| !example.is_empty()).unwrap_or_default()
    }
}
