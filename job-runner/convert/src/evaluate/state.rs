//! What an evaluator remembers of an object while it streams by. It is reused for the next object.

use super::capture::Capture;
use super::doubts::OutsideTexts;
use super::inherited::Inherited;
use super::late::open_objects::OpenObject;
use super::late::siblings::Siblings;
use super::record::{Aside, Record};
use super::text::TextBuffer;
use super::unmapped::Unclaimed;
use crate::automaton::NodeId;
use crate::automaton::active::{ActiveNodes, Owner};
use crate::events::gap::Gap;
use crate::input::window::Window;
use crate::losses::LossCounter;
use crate::text::cursor::Mark;

/// An open element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    /// Where the nodes that are active for its children start.
    pub(crate) active: usize,
    /// How many values were being collected around it.
    pub(crate) captures: usize,
    pub(crate) gap: Gap,
    /// White space is kept in it, by its `xml:space` or that of an element around it.
    pub(crate) preserve: bool,
    /// The number of the base of URIs in it, if there is one.
    pub(crate) base: u32,
}

/// An open element outside of documents that paths from the root lead through.
#[derive(Debug)]
pub(crate) struct Ancestor {
    pub(super) level: usize,
    pub(super) node: NodeId,
    pub(super) hidden: Vec<Hidden>,
}

/// The values of a slot from an element around it.
#[derive(Debug)]
pub(crate) struct Hidden {
    pub(super) slot: u32,
    pub(super) values: Aside,
    pub(super) texts: OutsideTexts,
}

/// The memory of an evaluator.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) active: ActiveNodes,
    pub(crate) matched: Vec<(NodeId, Owner)>,
    pub(crate) levels: Vec<Level>,
    pub(crate) captures: Vec<Capture>,
    pub(crate) objects: Vec<OpenObject>,
    pub(crate) siblings: Siblings,
    /// The `xml:base` of open elements, resolved, outermost first.
    pub(crate) bases: Vec<String>,
    /// Outside of documents, outermost first.
    pub(crate) ancestors: Vec<Ancestor>,
    /// Of open elements, in documents too.
    pub(crate) inherited: Inherited,
    /// Buffers for the next captures.
    pub(crate) spare: Vec<TextBuffer>,
    pub(crate) document: Record,
    pub(crate) shared: Record,
    pub(crate) unclaimed: Unclaimed,
}

impl Memory {
    pub(crate) fn clear(&mut self) {
        self.active.clear();
        self.levels.clear();
        self.captures.clear();
        self.objects.clear();
        self.siblings.clear();
        self.bases.clear();
        self.ancestors.clear();
        self.inherited.clear();
        self.document.clear();
        self.shared.clear();
        self.unclaimed.drop_all_outside();
    }

    /// Counts the lines of everything that was found.
    pub(crate) fn settle(&mut self, window: &Window<'_>) {
        let marks = self.shared.unsettled().chain(self.document.unsettled());
        Mark::settle(marks, window.text().0, window.cursor());
        self.shared.all_settled();
        self.document.all_settled();
    }

    /// What was counted since the last time.
    pub(crate) fn take_losses(&mut self) -> LossCounter {
        self.unclaimed.take_losses()
    }

    /// Continues counting from there.
    pub(crate) fn put_losses(&mut self, losses: LossCounter) {
        self.unclaimed.put_losses(losses);
    }

    /// Bytes that are kept, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let spare = self.spare.iter().map(TextBuffer::capacity).sum::<usize>();
        spare + self.document.capacity() + self.shared.capacity()
    }
}
