//! The part of an object that is being examined, as UTF-8: filled from the input on demand, and dropped after
//! it was read. It holds the current token and the chunk that came with it, and no more.

use std::cell::Cell;

use docmill_crds::conversion::{Repair, Syntax};
use docmill_crds::reason::Reason;
use encoding_rs::{Encoding, UTF_8};

use super::decode::{Encoded, Garbled, Invalid, Transcoder, utf8};
use super::decoding::Decoding;
use super::decompress::{Input, Stopped};
use super::{foreign, replacing};
use crate::fault::{Fault, Flaw, Refusal};
use crate::leniency::repairs;
use crate::limits::Limits;
use crate::text::chars::check_chars;
use crate::text::cursor::Cursor;
use crate::text::declaration::SNIFFED;

/// Bytes per read, until a token does not fit.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Why reading ends early.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The object could not be read. It may still be valid.
    Io(std::io::Error),
    /// The object is at fault.
    Refused(Refusal),
}

impl Trouble {
    /// Refuses the object for this fault.
    pub(crate) fn refused(fault: Fault) -> Self {
        Self::Refused(Refusal::object(fault))
    }
}

/// How the text departs from what strict reading would give; repairs allow it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Departure {
    /// The model decided on the encoding, so declarations are not asked.
    pub(crate) imposed: bool,
    /// The encoding is not the one that the object itself claims.
    pub(crate) mended: bool,
    /// From some place on, there are characters that XML does not allow.
    pub(crate) controls: bool,
}

/// What becomes of bytes that do not exist in the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalids {
    Refused,
    /// They are replaced: what is left of the object belongs to no document.
    Replaced,
}

#[derive(Debug)]
pub(crate) struct Window<'r> {
    input: Input<'r>,
    syntax: Syntax,
    chunk: usize,
    /// Maximum bytes of one token.
    most: usize,
    decoding: Decoding,
    transcoder: Option<Transcoder>,
    marked: Option<&'static Encoding>,
    departure: Departure,
    /// The object says that it is ASCII, and is read as UTF-8.
    declares_ascii: bool,
    /// What the object is, if its first bytes say that it is no XML.
    foreign: Option<&'static str>,
    /// Bytes in the object's own encoding, …
    raw: Vec<u8>,
    /// … and how many of them are decoded. They are dropped when more are read: each time that bytes are passed over would
    /// be too often.
    decoded: usize,
    text: String,
    /// Start of the unread part.
    start: usize,
    cursor: Cell<Cursor>,
    /// Nothing comes after `text`.
    complete: bool,
    /// The object ends within a character, which is left out.
    cut_off: bool,
    invalid: Invalids,
    /// What is wrong after `text`. It is reported once everything before it was read, so that the result does
    /// not depend on the portions in which an object arrives.
    stopped: Option<Stopped>,
    /// What is wrong after the bytes that `stopped` is about, which may be passed over.
    behind: Option<Stopped>,
}

impl<'r> Window<'r> {
    /// Reads the first chunk, and detects the encoding of the object.
    pub(crate) fn open(
        input: Input<'r>,
        (syntax, decoding): (Syntax, Decoding),
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
            decoding,
            transcoder: None,
            marked: None,
            departure: Departure::default(),
            declares_ascii: false,
            foreign: None,
            raw,
            decoded: 0,
            text,
            start: 0,
            cursor: Cell::default(),
            complete: false,
            cut_off: false,
            invalid: Invalids::Refused,
            stopped: None,
            behind: None,
        };
        // A declaration may come after as much space as is looked through for it.
        let head = if decoding.repairs.has(Repair::LeadingSpace) { 2 * SNIFFED } else { SNIFFED };
        let asked = if decoding.repairs.has(Repair::Encoding) { repairs::encoding::ASKED } else { 0 };
        window.read(chunk.max(head).max(asked));
        if syntax == Syntax::Xml {
            window.foreign = foreign::kind(&window.raw[..window.raw.len().min(SNIFFED)]);
        }
        let encoded = Encoded::detect(&window.raw, syntax, &decoding);
        let Encoded { mark, leading, marked, transcoder, imposed, mended, declares_ascii } =
            encoded.map_err(|garbled| window.refuse(garbled.at(0), None))?;
        window.marked = marked;
        window.transcoder = transcoder;
        window.departure = Departure { imposed, mended, controls: false };
        window.declares_ascii = declares_ascii;
        let leading = leading.max(mark);
        if let Ok(text) = std::str::from_utf8(&window.raw[mark..leading]) {
            window.text.push_str(text);
        }
        window.decoded = leading;
        window.decode();
        Ok(window)
    }

    /// All text that is there, including what was read already; and where the rest starts.
    pub(crate) fn text(&self) -> (&str, usize) {
        (&self.text, self.start)
    }

    /// The rest of the text, which was not read yet.
    pub(crate) fn rest(&self) -> &str {
        &self.text[self.start..]
    }

    /// The memory, for the next object.
    pub(crate) fn into_buffers(self) -> (Vec<u8>, String) {
        (self.raw, self.text)
    }

    /// The encoding that the byte order mark stands for.
    pub(crate) const fn marked(&self) -> Option<&'static Encoding> {
        self.marked
    }

    /// The encoding in use.
    pub(crate) fn encoding(&self) -> &'static Encoding {
        self.transcoder.as_ref().map_or(UTF_8, Transcoder::encoding)
    }

    /// How the text departs from what strict reading would give.
    pub(crate) const fn departure(&self) -> Departure {
        self.departure
    }

    /// What the object is, if its first bytes say that it is no XML.
    pub(crate) const fn foreign(&self) -> Option<&'static str> {
        self.foreign
    }

    /// Whether the object ends within a character, which was left out.
    pub(crate) const fn ends_within_character(&self) -> bool {
        self.complete && self.cut_off
    }

    /// Lines and columns of the window's text.
    pub(crate) const fn cursor(&self) -> &Cell<Cursor> {
        &self.cursor
    }

    /// Whether the object ends with the window.
    pub(crate) const fn complete(&self) -> bool {
        self.complete
    }

    /// Whether more text may come before any error.
    pub(crate) const fn may_grow(&self) -> bool {
        !self.complete && self.stopped.is_none()
    }

    /// Marks everything before this offset in [`Self::text`] as read.
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

    /// Reads more. Must not be called once the object is complete.
    #[inline(never)]
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
        // The size doubles each time, so that a long token is not rescanned again and again; but never
        // exceeds the limit.
        self.read(self.chunk.max(length.min(self.most - length)));
        self.decode();
        Ok(())
    }

    /// Whether the bytes behind the text do not exist in the encoding.
    pub(crate) fn meets_invalid_bytes(&self) -> bool {
        matches!(&self.stopped, Some(Stopped::Refused(garbled)) if garbled.reason == Reason::InvalidBytes)
    }

    /// Goes on behind such bytes, which become U+FFFD, as do others that follow: to the next `<`, or `to_end` of the
    /// object. Reads nothing more.
    #[cold]
    pub(crate) fn pass_over_invalid_bytes(&mut self, to_end: bool) {
        self.let_go();
        self.stopped = self.behind.take();
        let old = self.text.len();
        self.text.push(char::REPLACEMENT_CHARACTER);
        if to_end {
            self.invalid = Invalids::Replaced;
        } else {
            // Something has to be passed over, be it a byte that begins a character.
            let raw = &self.raw[self.decoded..];
            let first = usize::from(self.transcoder.is_none() && !raw.is_empty());
            let next = memchr::memchr(b'<', raw);
            let bytes = &raw[first..next.unwrap_or(raw.len())];
            let taken = replacing::decode(self.transcoder.as_mut(), bytes, next.is_some(), &mut self.text);
            self.decoded += first + taken;
        }
        self.decode();
        self.judge_characters(old);
    }

    /// Reads up to `most` bytes of the object, and remembers when there are no more.
    fn read(&mut self, most: usize) {
        self.raw.drain(..self.decoded);
        self.decoded = 0;
        match self.input.read(&mut self.raw, most) {
            Ok(read) => self.complete = read < most,
            Err(stopped) => self.stopped = Some(stopped),
        }
    }

    /// Decodes what was read.
    fn decode(&mut self) {
        let old = self.text.len();
        let raw = &self.raw[self.decoded..];
        let may_be_cut_off = self.complete && self.decoding.repairs.has(Repair::UnclosedAtEnd);
        let last = self.complete && !may_be_cut_off;
        let replaces = self.invalid == Invalids::Replaced;
        let result = if replaces {
            Ok(replacing::decode(self.transcoder.as_mut(), raw, self.complete, &mut self.text))
        } else if let Some(transcoder) = &mut self.transcoder {
            let decoded = transcoder.decode(raw, last, &mut self.text);
            self.cut_off = may_be_cut_off && decoded.is_ok() && transcoder.ends_within_character();
            decoded.map(|()| raw.len())
        } else {
            let decoded = utf8(raw, last, &mut self.text);
            self.cut_off = may_be_cut_off && decoded.as_ref().is_ok_and(|taken| *taken < raw.len());
            decoded
        };
        let taken = match result {
            Ok(taken) => taken,
            Err(Invalid { taken, garbled }) => {
                self.end_with(garbled);
                taken
            }
        };
        self.decoded += taken;
        self.departure.mended |= self.declares_ascii && !replaces && !self.text[old..].is_ascii();
        self.judge_characters(old);
    }

    /// Looks for characters that XML does not allow, from this offset of the text on.
    fn judge_characters(&mut self, old: usize) {
        if self.syntax == Syntax::Xml
            && let Err((offset, found)) = check_chars(&self.text[old..])
        {
            if self.keeps_controls() {
                self.departure.controls = true;
                return;
            }
            self.text.truncate(old + offset);
            let (reason, expected) = (Reason::MalformedXml, "a character that XML allows".to_owned());
            self.end_with(Garbled { reason, expected, found: Some(found) });
        }
    }

    /// Whether the scanner judges characters that XML does not allow: some repairs depend on where they are.
    const fn keeps_controls(&self) -> bool {
        self.decoding.repairs.has(Repair::ControlCharacters)
            || self.decoding.repairs.has(Repair::TrailingData)
    }

    fn end_with(&mut self, garbled: Garbled) {
        self.complete = false;
        self.behind = self.stopped.replace(Stopped::Refused(garbled));
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
