//! The part of an object that is being looked at, as UTF-8: filled from the input as it is asked for, and let go of when
//! it was read. It holds the token that is being read and the chunk that came with it, and no more.

use std::cell::Cell;

use docmill_crds::reason::Reason;
use encoding_rs::Encoding;

use super::chars::check_chars;
use super::cursor::{Cursor, Position};
use super::declaration::SNIFFED;
use super::decode::{Encoded, Garbled, Transcoder};
use super::fault::{Flaw, Refusal};
use super::input::{Input, Stopped};
use super::limits::Limits;

/// Bytes that are read at once, until a token does not fit.
pub(super) const CHUNK: usize = 64 * 1024;

/// Why reading ends early.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The object could not be read. It may be good all the same.
    Io(std::io::Error),
    /// The object is at fault.
    Refused(Refusal),
}

#[derive(Debug)]
pub(super) struct Window<'r> {
    input: Input<'r>,
    chunk: usize,
    most: usize,
    transcoder: Option<Transcoder>,
    marked: Option<&'static Encoding>,
    /// Bytes in the object's own encoding, when that is not UTF-8.
    raw: Vec<u8>,
    /// UTF-8 as far as nobody has looked at it yet: who takes it as text checks it.
    bytes: Vec<u8>,
    /// Where what was not read yet starts.
    start: usize,
    cursor: Cell<Cursor>,
    /// Nothing comes after `bytes`.
    complete: bool,
    /// What is wrong after `bytes`. It is told when all before it was read, so that it does not matter in what portions
    /// an object comes.
    stopped: Option<Stopped>,
}

impl From<Stopped> for Trouble {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Io(error) => Self::Io(error),
            Stopped::Refused(garbled) => {
                Self::Refused(Refusal::object(garbled.at(0).place(None, Position::START)))
            }
        }
    }
}

impl<'r> Window<'r> {
    /// Reads as much as fits at once, and finds out how the object is encoded.
    pub(super) fn open(input: Input<'r>, limits: &Limits, chunk: usize) -> Result<Self, Trouble> {
        let mut window = Self {
            input,
            chunk,
            most: limits.document_bytes,
            transcoder: None,
            marked: None,
            raw: Vec::new(),
            bytes: Vec::new(),
            start: 0,
            cursor: Cell::default(),
            complete: false,
            stopped: None,
        };
        let mut head = Vec::new();
        window.read(&mut head, chunk.max(SNIFFED));
        let Encoded { mark, marked, transcoder } =
            Encoded::detect(&head).map_err(|garbled| window.refuse(garbled.at(0), None))?;
        window.marked = marked;
        window.transcoder = transcoder;
        if window.transcoder.is_some() {
            window.raw = head;
            window.decode(mark);
        } else {
            window.bytes = head;
            window.bytes.drain(..mark);
            window.check(0);
        }
        Ok(window)
    }

    /// All that is there, also what was read already; and where the rest starts.
    pub(super) fn bytes(&self) -> (&[u8], usize) {
        (&self.bytes, self.start)
    }

    /// What the byte order mark says of the encoding.
    pub(super) const fn marked(&self) -> Option<&'static Encoding> {
        self.marked
    }

    /// Lines and columns of what is there.
    pub(super) const fn cursor(&self) -> &Cell<Cursor> {
        &self.cursor
    }

    /// Whether the object ends with what is there.
    pub(super) const fn complete(&self) -> bool {
        self.complete
    }

    /// What is before this offset in [`Self::bytes`] was read.
    pub(super) const fn consume_to(&mut self, offset: usize) {
        self.start = offset;
    }

    /// What is wrong, at an offset in [`Self::bytes`].
    pub(super) fn refuse(&self, flaw: Flaw, at: Option<String>) -> Trouble {
        let position = self.cursor.get().advanced(&self.bytes, flaw.offset).position();
        Trouble::Refused(Refusal::object(flaw.place(at, position)))
    }

    /// Reads on. Not to be asked for when the object is complete.
    pub(super) fn fill(&mut self) -> Result<(), Trouble> {
        self.let_go();
        match self.stopped.take() {
            Some(Stopped::Io(error)) => return Err(Trouble::Io(error)),
            Some(Stopped::Refused(garbled)) => return Err(self.refuse(garbled.at(self.bytes.len()), None)),
            None => {}
        }
        if self.bytes.len() > self.most {
            let expected = format!("at most {} bytes without markup between", self.most);
            return Err(self.refuse(Flaw::limit(0, expected), None));
        }
        let chunk = self.chunk.max(self.bytes.len());
        if self.transcoder.is_some() {
            let mut raw = std::mem::take(&mut self.raw);
            raw.clear();
            self.read(&mut raw, chunk);
            self.raw = raw;
            self.decode(0);
        } else {
            let mut bytes = std::mem::take(&mut self.bytes);
            let old = bytes.len();
            self.read(&mut bytes, chunk);
            self.bytes = bytes;
            self.check(old);
        }
        Ok(())
    }

    /// Appends up to `most` bytes of the object, and remembers when there are no more.
    fn read(&mut self, into: &mut Vec<u8>, most: usize) {
        match self.input.read(into, most) {
            Ok(read) => self.complete = read < most,
            Err(stopped) => self.stopped = Some(stopped),
        }
    }

    fn decode(&mut self, from: usize) {
        let old = self.bytes.len();
        if let Some(transcoder) = &mut self.transcoder
            && let Err(garbled) = transcoder.decode(&self.raw[from..], self.complete, &mut self.bytes)
        {
            self.end_with(garbled);
        }
        self.check(old);
    }

    /// Looks for characters that no document may have in what came after `old`.
    fn check(&mut self, old: usize) {
        // A character may have been cut in two there.
        let from = old.saturating_sub(2);
        if let Err((offset, found)) = check_chars(&self.bytes[from..]) {
            self.bytes.truncate(from + offset);
            let (reason, expected) = (Reason::MalformedXml, "a character that XML allows".to_owned());
            self.end_with(Garbled { reason, expected, found: Some(found) });
        }
    }

    fn end_with(&mut self, garbled: Garbled) {
        self.complete = false;
        self.stopped = Some(Stopped::Refused(garbled));
    }

    fn let_go(&mut self) {
        self.cursor.set(self.cursor.get().advanced(&self.bytes, self.start).moved_to_start());
        self.bytes.drain(..self.start);
        self.start = 0;
    }
}
