//! The part of an object that is being looked at, as UTF-8: filled from the input as it is asked for, and let go of when
//! it was read. It holds the token that is being read and the chunk that came with it, and no more.

use std::cell::Cell;

use docmill_crds::conversion::Syntax;
use docmill_crds::reason::Reason;
use encoding_rs::{Encoding, UTF_8};

use super::chars::check_chars;
use super::declaration::SNIFFED;
use super::decode::{Encoded, Garbled, Transcoder, utf8};
use super::decompress::{Input, Stopped};
use crate::cursor::Cursor;
use crate::fault::{Fault, Flaw, Refusal};
use crate::limits::Limits;

/// Bytes that are read at once, until a token does not fit.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Why reading ends early.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The object could not be read. It may be good all the same.
    Io(std::io::Error),
    /// The object is at fault.
    Refused(Refusal),
}

impl Trouble {
    /// The object is refused for this fault.
    pub(crate) fn refused(fault: Fault) -> Self {
        Self::Refused(Refusal::object(fault))
    }
}

#[derive(Debug)]
pub(crate) struct Window<'r> {
    input: Input<'r>,
    syntax: Syntax,
    chunk: usize,
    /// Bytes of one token.
    most: usize,
    transcoder: Option<Transcoder>,
    marked: Option<&'static Encoding>,
    /// Bytes in the object's own encoding that are not text yet.
    raw: Vec<u8>,
    text: String,
    /// Where what was not read yet starts.
    start: usize,
    cursor: Cell<Cursor>,
    /// Nothing comes after `text`.
    complete: bool,
    /// What is wrong after `text`. It is told when all before it was read, so that it does not matter in what portions
    /// an object comes.
    stopped: Option<Stopped>,
}

impl<'r> Window<'r> {
    /// Reads as much as fits at once, and finds out how the object is encoded.
    pub(crate) fn open(
        input: Input<'r>,
        syntax: Syntax,
        limits: &Limits,
        chunk: usize,
        raw: Vec<u8>,
        text: String,
    ) -> Result<Self, Trouble> {
        let mut window = Self {
            input,
            syntax,
            chunk,
            most: limits.text_bytes,
            transcoder: None,
            marked: None,
            raw,
            text,
            start: 0,
            cursor: Cell::default(),
            complete: false,
            stopped: None,
        };
        window.read(chunk.max(SNIFFED));
        let Encoded { mark, marked, transcoder } =
            Encoded::detect(&window.raw, syntax).map_err(|garbled| window.refuse(garbled.at(0), None))?;
        window.marked = marked;
        window.transcoder = transcoder;
        window.decode(mark);
        Ok(window)
    }

    /// All that is there, also what was read already; and where the rest starts.
    pub(crate) fn text(&self) -> (&str, usize) {
        (&self.text, self.start)
    }

    /// The memory, for the next object.
    pub(crate) fn into_buffers(self) -> (Vec<u8>, String) {
        (self.raw, self.text)
    }

    /// What the byte order mark says of the encoding.
    pub(crate) const fn marked(&self) -> Option<&'static Encoding> {
        self.marked
    }

    /// How the object is read.
    pub(crate) fn encoding(&self) -> &'static Encoding {
        self.transcoder.as_ref().map_or(UTF_8, Transcoder::encoding)
    }

    /// Lines and columns of what is there.
    pub(crate) const fn cursor(&self) -> &Cell<Cursor> {
        &self.cursor
    }

    /// Whether the object ends with what is there.
    pub(crate) const fn complete(&self) -> bool {
        self.complete
    }

    /// Whether more may come before anything that is wrong.
    pub(crate) const fn may_grow(&self) -> bool {
        !self.complete && self.stopped.is_none()
    }

    /// What is before this offset in [`Self::text`] was read.
    pub(crate) const fn consume_to(&mut self, offset: usize) {
        self.start = offset;
    }

    /// Bytes of the object that were read so far, after decompression.
    pub(crate) const fn bytes_read(&self) -> u64 {
        self.input.given()
    }

    /// What is wrong, at an offset in [`Self::text`].
    pub(crate) fn fault(&self, flaw: Flaw, at: Option<String>) -> Fault {
        let position = self.cursor.get().advanced(self.text.as_bytes(), flaw.offset).position();
        flaw.place(at, position)
    }

    /// The refusal of the object for what is wrong.
    pub(crate) fn refuse(&self, flaw: Flaw, at: Option<String>) -> Trouble {
        Trouble::refused(self.fault(flaw, at))
    }

    /// Reads on. Not to be asked for when the object is complete.
    pub(crate) fn fill(&mut self) -> Result<(), Trouble> {
        self.let_go();
        match self.stopped.take() {
            Some(Stopped::Io(error)) => return Err(Trouble::Io(error)),
            Some(Stopped::Refused(garbled)) => return Err(self.refuse(garbled.at(self.text.len()), None)),
            None => {}
        }
        let length = self.text.len();
        if length > self.most {
            return Err(self.refuse(too_long(self.syntax, 0, self.most), None));
        }
        // Twice as much each time, so that a long token is not looked at again and again; but not more than is allowed.
        self.read(self.chunk.max(length.min(self.most - length)));
        self.decode(0);
        Ok(())
    }

    /// Reads up to `most` bytes of the object, and remembers when there are no more.
    fn read(&mut self, most: usize) {
        match self.input.read(&mut self.raw, most) {
            Ok(read) => self.complete = read < most,
            Err(stopped) => self.stopped = Some(stopped),
        }
    }

    /// Turns what was read into text.
    fn decode(&mut self, from: usize) {
        let old = self.text.len();
        let raw = &self.raw[from..];
        let result = match &mut self.transcoder {
            Some(transcoder) => transcoder.decode(raw, self.complete, &mut self.text).map(|()| raw.len()),
            None => utf8(raw, self.complete, &mut self.text),
        };
        match result {
            Ok(taken) => drop(self.raw.drain(..from + taken)),
            Err(garbled) => self.end_with(garbled),
        }
        if self.syntax == Syntax::Xml
            && let Err((offset, found)) = check_chars(&self.text[old..])
        {
            self.text.truncate(old + offset);
            let (reason, expected) = (Reason::MalformedXml, "a character that XML allows".to_owned());
            self.end_with(Garbled { reason, expected, found: Some(found) });
        }
    }

    fn end_with(&mut self, garbled: Garbled) {
        self.complete = false;
        self.stopped = Some(Stopped::Refused(garbled));
    }

    fn let_go(&mut self) {
        self.cursor.set(self.cursor.get().advanced(self.text.as_bytes(), self.start).moved_to_start());
        self.text.drain(..self.start);
        self.start = 0;
    }
}

/// A token that is longer than the caps allow.
pub(crate) fn too_long(syntax: Syntax, at: usize, most: usize) -> Flaw {
    let token = match syntax {
        Syntax::Xml => "a text, tag, comment or declaration",
        Syntax::Json => "a string, name or number",
    };
    Flaw::limit(at, format!("{token} of at most {most} bytes"))
}
