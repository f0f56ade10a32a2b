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
use crate::input::decoding::Decoding;
use crate::input::decompress::Input;
use crate::input::window::{CHUNK, Trouble, Window};
use crate::leniency::Reading;

impl Converter {
    /// How to read an object again from its start that was read in this way and refused so: what it gave is then void.
    /// `None`: the refusal is final, as is that of a member of an archive.
    pub fn reading_after(&self, reading: Reading, refusal: &Refusal) -> Option<Reading> {
        let is_of_object = refusal.document.is_none() && refusal.member.is_none();
        let is_of_bytes = is_of_object && refusal.reason == Reason::InvalidBytes;
        let mends = self.rereads() && reading == Reading::AsDeclared;
        (is_of_bytes && mends).then_some(Reading::InFallback)
    }

    /// Whether an object may have to be read again.
    pub const fn rereads(&self) -> bool {
        self.leniency.repairs.has(Repair::Encoding)
    }

    /// Finds out how an object has to be read, by reading it to its end without making documents; for those who cannot
    /// take back what it gave. An error means that the object could not be read.
    pub fn reading_of(&self, object: impl Read) -> io::Result<Reading> {
        let Self { automaton, limits, leniency, .. } = self;
        let decoded = (automaton.syntax, Decoding::of(leniency, Reading::AsDeclared));
        let input = Input::new(Box::new(object), limits);
        let window = Window::open(input, decoded, limits, CHUNK, Vec::new(), String::new());
        let source = |window| Source::new(window, automaton, limits, leniency, ElementMemory::default());
        match window.map(source).and_then(read_to_end) {
            Err(Trouble::Io(error)) => Err(error),
            Err(Trouble::Refused(refusal)) => {
                Ok(self.reading_after(Reading::AsDeclared, &refusal).unwrap_or_default())
            }
            Ok(()) => Ok(Reading::AsDeclared),
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
