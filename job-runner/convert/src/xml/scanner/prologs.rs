//! What comes before the root element of an XML document and after it; with `concatenated`, once more for each document.

use docmill_crds::conversion::{Entities, Repair};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Scanner, XmlState};
use crate::fault::Flaw;
use crate::input::decode::Encoded;
use crate::leniency::entities::declared::Declared;
use crate::leniency::repairs::log::RepairLog;
use crate::leniency::repairs::{leading_space, trailing_data};
use crate::text::chars::{check_instruction, is_space};
use crate::text::declaration::{self, Declaration};
use crate::xml::doctype;

/// What there was of an XML document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No markup that can be there only once.
    Start,
    /// Its document type declaration.
    Doctype,
    /// The start of its root element.
    Root,
}

/// Bytes before the XML declaration that may be left out.
pub(super) fn leading(log: &RepairLog, text: &str) -> usize {
    if log.allows(Repair::LeadingSpace) { leading_space::length(text.as_bytes()) } else { 0 }
}

/// Whether bytes that can be read in this encoding contradict a declaration of another one. In those of one byte a
/// character, all bytes mean something: nothing tells which of two is right.
fn shows_itself(encoding: &'static Encoding) -> bool {
    [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding)
}

impl Scanner<'_, '_> {
    /// Whether the object could be read only because it may be several XML documents.
    pub(crate) const fn used_concatenated(&self) -> bool {
        self.state.used_concatenated
    }
}

impl XmlState<'_> {
    /// Whether a root element is closed and none is open.
    pub(super) const fn is_after_root(&self) -> bool {
        self.open.is_empty() && matches!(self.stage, Stage::Root)
    }

    /// What a document type declaration may be; a fault if none is allowed here.
    pub(super) fn doctype_rules(&self, start: usize) -> Result<doctype::Rules, Flaw> {
        let begins_another = self.concatenated && self.is_after_root();
        if self.stage != Stage::Start && !begins_another {
            return Err(Flaw::malformed(start, "at most one DOCTYPE, before the root element"));
        }
        let (most, entities, repairs) = (self.limits.doctype_bytes, self.entities, self.log.allowed());
        Ok(doctype::Rules { most, entities, repairs })
    }

    /// Checks the XML declaration at the start of an object, of at most [`declaration::MOST`] bytes; returns where it
    /// ends.
    pub(super) fn prolog(&mut self, text: &str) -> Result<usize, Flaw> {
        if self.departure.mended {
            self.log.mend_object(Repair::Encoding);
        }
        let start = leading(&self.log, text);
        self.log.add(Repair::LeadingSpace, u64::from(start > 0));
        let text = &text[start..];
        let head = &text[..text.floor_char_boundary(declaration::MOST)];
        let length = self.declaration(head).map_err(|flaw| flaw.moved(start))?;
        if text[length..].starts_with('\u{feff}') {
            return Err(Flaw::malformed(start + length, "markup").found("U+FEFF"));
        }
        Ok(start + length)
    }

    /// Checks the XML declaration that the text starts with, if it does; returns its length.
    fn declaration(&mut self, text: &str) -> Result<usize, Flaw> {
        let Declaration { length, encoding } = Declaration::read(text)?;
        let is_later = self.root.is_some();
        if let Some(label) = encoding.filter(|_| !self.departure.imposed)
            && let Err(garbled) = Encoded::check(self.marked, self.encoding, label, is_later)
            && !(shows_itself(self.encoding) && self.log.mend_object(Repair::Encoding))
        {
            return Err(garbled.at(0));
        }
        Ok(length)
    }

    /// A processing instruction, whose content is `inner`, or the XML declaration of the next document.
    #[inline(never)]
    pub(super) fn instruction(&mut self, inner: &str, start: usize) -> Result<(), Flaw> {
        self.blank = false;
        let after_name = inner.strip_prefix("xml").and_then(|rest| rest.bytes().next());
        let is_declaration = after_name.is_some_and(is_space);
        if is_declaration && self.concatenated && self.is_after_root() {
            self.declaration(&format!("<?{inner}?>")).map_err(|flaw| flaw.moved(start))?;
            self.next_document();
            return Ok(());
        }
        check_instruction(inner, start)
    }

    /// A document type declaration.
    #[inline(never)]
    pub(super) fn doctype(&mut self, content: &str, start: usize) -> Result<(), Flaw> {
        if self.is_after_root() {
            self.next_document();
        }
        self.stage = Stage::Doctype;
        self.blank = false;
        let mends = self.log.allows(Repair::BareAmpersand) || self.log.allows(Repair::ControlCharacters);
        if mends || self.entities == Entities::Declared {
            self.declared = doctype::declared(content, start, self.entities, &mut self.log)?;
        }
        Ok(())
    }

    /// Another XML document starts, which shares nothing with the one before.
    pub(super) fn next_document(&mut self) {
        self.used_concatenated = true;
        self.stage = Stage::Start;
        self.declared = Declared::default();
    }

    /// Whether bytes that do not exist in the encoding are left out where they come next, behind `rest`, which was not read
    /// yet. What follows a root element says nothing of the encoding of a document; but a comment between two root
    /// elements may belong to the next document.
    #[cold]
    pub(super) fn leaves_out_bytes(&mut self, rest: &str) -> bool {
        let is_markup = rest.starts_with('<');
        let mends = self.log.allows(Repair::TrailingData) || self.log.allows(Repair::Encoding);
        if !mends || !self.is_after_root() || (is_markup && self.concatenated) {
            return false;
        }
        // Text is refused or counted as such.
        if is_markup && !self.log.mend(Repair::TrailingData) {
            self.log.mend_object(Repair::Encoding);
        }
        true
    }

    /// Whether text is left out here, whatever it is.
    #[cold]
    pub(super) const fn leaves_out_text(&self) -> bool {
        self.is_after_root() && self.log.allows(Repair::TrailingData)
    }

    /// Whether text outside of the root element is no fault, or is left out.
    #[inline(never)]
    pub(super) fn is_left_out(&mut self, text: &str) -> bool {
        if !self.is_after_root() {
            return false;
        }
        let is_between = self.concatenated && trailing_data::may_be_between(text);
        self.used_concatenated |= is_between;
        is_between || self.log.mend(Repair::TrailingData)
    }
}
