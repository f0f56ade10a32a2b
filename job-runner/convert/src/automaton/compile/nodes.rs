//! The nodes of the automaton: those that paths with equal beginnings share, and what is done at one.

use docmill_crds::conversion::{NameTest, Step};

use super::{Compiler, Draft, at};
use crate::automaton::{Action, Edge, NodeId, Wild};
use crate::events::names::number;

impl Compiler<'_> {
    pub(super) fn act(&mut self, node: NodeId, action: Action) {
        let actions = &mut self.drafts[at(node)].node.actions;
        if !actions.contains(&action) {
            actions.push(action);
        }
    }

    /// The node at the end of these steps; creates missing nodes.
    pub(super) fn walk(&mut self, start: NodeId, steps: &[Step]) -> NodeId {
        self.trail(start, steps).last().copied().unwrap_or(start)
    }

    /// The node after each of these steps; creates missing nodes.
    pub(super) fn trail(&mut self, start: NodeId, steps: &[Step]) -> Vec<NodeId> {
        let mut node = start;
        let mut trail = Vec::with_capacity(steps.len());
        for step in steps {
            let base = if step.descend { self.below(node) } else { node };
            let known = self.drafts[at(base)]
                .steps
                .iter()
                .find(|(known, _)| known == step)
                .map(|(_, target)| *target);
            node = known.unwrap_or_else(|| self.step(base, step));
            trail.push(node);
        }
        trail
    }

    fn below(&mut self, node: NodeId) -> NodeId {
        if let Some(below) = self.drafts[at(node)].node.below {
            return below;
        }
        let below = self.node();
        self.drafts[at(below)].node.sticky = true;
        self.drafts[at(node)].node.below = Some(below);
        below
    }

    fn step(&mut self, base: NodeId, step: &Step) -> NodeId {
        let target = self.node();
        self.drafts[at(base)].steps.push((step.clone(), target));
        let predicates = self.edge_predicates(step);
        let edge = Edge { predicates, target };
        match &step.test {
            NameTest::Any => self.drafts[at(base)].node.wild.push((Wild::Any, edge)),
            NameTest::InNamespace(uri) => {
                let namespace = self.names.intern_namespace(uri);
                self.drafts[at(base)].node.wild.push((Wild::InNamespace(namespace), edge));
            }
            NameTest::AnyNamespace(local) => {
                let id = self.names.intern_any(local);
                self.drafts[at(base)].named.push((id, edge));
            }
            NameTest::Named { namespaces, local } => {
                for uri in namespaces {
                    let id = self.names.intern(uri, local);
                    self.drafts[at(base)].named.push((id, edge.clone()));
                }
            }
        }
        target
    }

    pub(super) fn node(&mut self) -> NodeId {
        self.drafts.push(Draft::default());
        number(self.drafts.len() - 1)
    }
}
