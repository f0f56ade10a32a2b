//! An object once more, in another encoding: what the repair `Encoding` does where bytes turn out not to exist in the
//! object's own.

use std::io::{self, Read};

use docmill_crds::conversion::Repair;
use docmill_crds::reason::Reason;

use super::converter::Converter;
use super::source::Source;
use crate::events::element_memory::ElementMemory;
use crate::events::open_elements::OpenElements;
use crate::events::{Element, Pause, Sink};
use crate::fault::{Flaw, Refusal};
use crate::input::archive::object::Object;
use crate::input::decoding::Decoding;
use crate::input::decompress::Input;
use crate::input::window::{CHUNK, Trouble, Window};
use crate::leniency::Reading;
use crate::limits::Limits;

impl Converter {
    /// How to read an object again from its start that was read in this way and refused so: what it gave is then void.
    /// `None`: the refusal is final, as is that of a member of an archive.
    pub fn reading_after(&self, reading: Reading, refusal: &Refusal) -> Option<Reading> {
        let is_of_object = refusal.document.is_none() && refusal.member.is_none();
        if !is_of_object || refusal.reason != Reason::InvalidBytes || !self.rereads() {
            return None;
        }
        match reading {
            Reading::AsDeclared => Some(Reading::InFallback),
            // Where that was the named encoding already, it is refused once more.
            Reading::InFallback => Some(Reading::InNamed),
            Reading::InNamed => None,
        }
    }

    /// Whether an object may have to be read again.
    pub const fn rereads(&self) -> bool {
        self.leniency.repairs.has(Repair::Encoding)
    }

    /// Finds out how an object has to be read, whose place is its start; for those who cannot take back what it gave. An
    /// error means that the object could not be read.
    pub(crate) fn reading_of(&self, limits: &Limits, object: &mut dyn Object) -> io::Result<Reading> {
        if !self.rereads() || !self.meets_invalid_bytes(limits, &mut *object)? {
            return Ok(Reading::AsDeclared);
        }
        self.final_reading(limits, object)
    }

    /// Whether bytes do not exist in the encoding of an object, which is read to its end without making documents.
    pub(super) fn meets_invalid_bytes(&self, limits: &Limits, object: impl Read) -> io::Result<bool> {
        let Self { automaton, leniency, .. } = self;
        let decoded = (automaton.syntax, Decoding::of(leniency, Reading::AsDeclared));
        let input = Input::new(Box::new(object), limits);
        let window = Window::open(input, decoded, limits, CHUNK, Vec::new(), String::new());
        let source = |window| Source::new(window, automaton, limits, leniency, ElementMemory::default());
        match window.map(source).and_then(read_to_end) {
            Err(Trouble::Io(error)) => Err(error),
            Err(Trouble::Refused(refusal)) => Ok(refusal.reason == Reason::InvalidBytes),
            Ok(()) => Ok(false),
        }
    }

    /// Reads an object with such bytes as one who makes documents of it does, again and again until that is final: its
    /// documents may be refused before the bytes are met.
    pub(super) fn final_reading(&self, limits: &Limits, object: &mut dyn Object) -> io::Result<Reading> {
        let mut reading = Reading::AsDeclared;
        loop {
            object.rewind()?;
            let refusal = self.documents_within(limits, reading, &mut *object).last_refusal()?;
            match refusal.and_then(|refusal| self.reading_after(reading, &refusal)) {
                Some(another) => reading = another,
                None => return Ok(reading),
            }
        }
    }
}

fn read_to_end(mut source: Source<'_>) -> Result<(), Trouble> {
    while source.run(&mut Unheeded)? != Pause::Object {}
    Ok(())
}

/// Takes nothing of what an object has.
struct Unheeded;

impl Sink for Unheeded {
    /// What is counted is counted from each element on: the caps are for documents, which are not told apart here.
    fn start(&mut self, _: &Element<'_>) -> Result<bool, Flaw> {
        Ok(true)
    }

    fn end(&mut self, _: &OpenElements) -> bool {
        false
    }

    fn text(&mut self, _: &str, _: usize) -> Result<(), Flaw> {
        Ok(())
    }

    fn character(&mut self, _: char, _: usize) -> Result<(), Flaw> {
        Ok(())
    }

    fn settle(&mut self, _: &Window<'_>) {}
}
