//! Memory that is reused from one object to the next.

use std::sync::{Mutex, PoisonError};

use crate::evaluate::Memory;
use crate::events::element_memory::ElementMemory;
use crate::losses::LossCounter;
use crate::text::json_writer::JsonWriter;

/// Maximum bytes that a buffer may keep; one object of unusual size does not occupy memory permanently.
const KEPT: usize = 1024 * 1024;

/// The buffers for reading an object.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The window's.
    pub(crate) raw: Vec<u8>,
    pub(crate) text: String,
    /// The scanner's.
    pub(crate) elements: ElementMemory,
    /// The evaluator's.
    pub(crate) memory: Memory,
    /// The document's.
    pub(crate) json: JsonWriter,
}

/// As many as there were objects processed at a time.
#[derive(Debug, Default)]
pub(crate) struct Scratches {
    idle: Mutex<Vec<Scratch>>,
}

impl Scratches {
    pub(crate) fn take(&self) -> Scratch {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn put_back(&self, mut scratch: Scratch) {
        scratch.raw.clear();
        scratch.text.clear();
        scratch.json.clear();
        scratch.memory.clear();
        let window = scratch.raw.capacity().max(scratch.text.capacity());
        if window.max(scratch.elements.capacity()).max(scratch.memory.bytes()) > KEPT {
            let mut memory = Memory::default();
            memory.put_losses(scratch.memory.take_losses());
            scratch = Scratch { memory, ..Scratch::default() };
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }

    /// What was counted since the last call, in objects that were read to their end.
    pub(crate) fn take_losses(&self) -> LossCounter {
        let mut losses = LossCounter::default();
        for scratch in self.idle.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            losses.merge(scratch.memory.take_losses());
        }
        losses
    }
}
