//! What an evaluator remembers of an object while it streams by. It is used again for the next object.

use super::super::active::{ActiveNodes, Owner};
use super::super::automaton::NodeId;
use super::super::capture::Capture;
use super::super::cursor::Mark;
use super::super::losses::LossCounter;
use super::super::record::Record;
use super::super::text::{Gap, TextBuffer};
use super::super::unclaimed::Unclaimed;
use super::super::window::Window;

/// An open element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// Where the nodes that are active for its children start.
    pub(super) active: usize,
    /// How many values were being collected around it.
    pub(super) captures: usize,
    pub(super) gap: Gap,
    /// White space is kept in it, by its `xml:space` or that of an element around it.
    pub(super) preserve: bool,
}

/// An object whose element is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenObject {
    pub(super) level: usize,
    pub(super) found: u32,
    /// Documents that follow share it.
    pub(super) shared: bool,
}

/// What an evaluator needs memory for.
#[derive(Debug, Default)]
pub(in super::super) struct Memory {
    pub(super) active: ActiveNodes,
    pub(super) matched: Vec<(NodeId, Owner)>,
    pub(super) levels: Vec<Level>,
    pub(super) captures: Vec<Capture>,
    pub(super) objects: Vec<OpenObject>,
    /// Buffers for the next captures.
    pub(super) spare: Vec<TextBuffer>,
    pub(super) document: Record,
    pub(super) shared: Record,
    pub(super) unclaimed: Unclaimed,
}

impl Memory {
    pub(in super::super) fn clear(&mut self) {
        self.active.clear();
        self.levels.clear();
        self.captures.clear();
        self.objects.clear();
        self.document.clear();
        self.shared.clear();
    }

    /// Counts the lines of all that was found.
    pub(super) fn settle(&mut self, window: &Window<'_>) {
        let marks = self.shared.unsettled().chain(self.document.unsettled());
        Mark::settle(marks, window.text().0, window.cursor());
        self.shared.all_settled();
        self.document.all_settled();
    }

    /// What was counted since the last time.
    pub(in super::super) fn take_losses(&mut self) -> LossCounter {
        self.unclaimed.take_losses()
    }

    /// Goes on counting from there.
    pub(in super::super) fn put_losses(&mut self, losses: LossCounter) {
        self.unclaimed.put_losses(losses);
    }

    /// Bytes that are kept, roughly.
    pub(in super::super) fn bytes(&self) -> usize {
        let spare = self.spare.iter().map(TextBuffer::capacity).sum::<usize>();
        spare + self.document.capacity() + self.shared.capacity()
    }
}
