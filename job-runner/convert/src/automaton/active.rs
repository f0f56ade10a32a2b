//! Which nodes of the automaton are active for the children of each open element.

use std::collections::HashSet;

use super::NodeId;

/// For whom a node is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// The document that is open, or when none is, what all following documents share.
    Root,
    /// An object that was found outside of any document.
    Shared(u32),
    /// A frame of the open document.
    Frame(u32),
    /// A value that is being collected.
    Capture(u32),
}

/// So many nodes of one element are compared one by one. Of more there is a set, so that objects within objects, each
/// with nodes of its own, do not cost the square of their number.
const FEW: usize = 16;

/// The active nodes of all open elements, innermost last.
#[derive(Debug, Default)]
pub(crate) struct ActiveNodes {
    list: Vec<(NodeId, Owner)>,
    /// Where those of the innermost element start.
    innermost: usize,
    /// Those of the innermost element, if they are not few.
    set: HashSet<(NodeId, Owner)>,
}

impl ActiveNodes {
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.open(0);
    }

    pub(crate) const fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn get(&self, index: usize) -> (NodeId, Owner) {
        self.list[index]
    }

    /// An element starts, whose nodes come after the first `innermost`.
    pub(crate) fn open(&mut self, innermost: usize) {
        self.innermost = innermost;
        if !self.set.is_empty() {
            self.set.clear();
        }
    }

    /// The innermost element ends: its nodes are forgotten. Those of the element around it are never added to again.
    pub(crate) fn close(&mut self, innermost: usize) {
        self.list.truncate(innermost);
    }

    /// Makes a node active, unless it is.
    pub(crate) fn push(&mut self, id: NodeId, owner: Owner) {
        let node = (id, owner);
        let known = &self.list[self.innermost..];
        if known.len() < FEW {
            if !known.contains(&node) {
                self.list.push(node);
            }
            return;
        }
        if self.set.is_empty() {
            self.set.extend(known);
        }
        if self.set.insert(node) {
            self.list.push(node);
        }
    }
}
