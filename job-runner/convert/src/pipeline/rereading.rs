//! An object once more, in another encoding: what the repair `Encoding` does where bytes turn out not to exist in the
//! object's own.

use std::io::{self, Read};

use docmill_crds::conversion::{Repair, Syntax};
use docmill_crds::reason::Reason;

use super::converter::Converter;
use crate::fault::Refusal;
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

    /// Finds out how an object has to be read, by decoding it to its end; for those who cannot take back what it gave.
    /// An error means that the object could not be read.
    pub fn reading_of(&self, object: impl Read) -> io::Result<Reading> {
        let decoded = (Syntax::Xml, Decoding::of(&self.leniency, Reading::AsDeclared));
        let input = Input::new(Box::new(object), &self.limits);
        let window = Window::open(input, decoded, &self.limits, CHUNK, Vec::new(), String::new());
        match window.and_then(decode_to_end) {
            Err(Trouble::Io(error)) => Err(error),
            Err(Trouble::Refused(refusal)) => {
                Ok(self.reading_after(Reading::AsDeclared, &refusal).unwrap_or_default())
            }
            Ok(()) => Ok(Reading::AsDeclared),
        }
    }
}

fn decode_to_end(mut window: Window<'_>) -> Result<(), Trouble> {
    while !window.complete() {
        window.consume_to(window.text().0.len());
        window.fill()?;
    }
    Ok(())
}
