//! A tag that is not read as it is written, and where its places are in the one that is.

use crate::fault::Flaw;
use crate::text::chars::is_char;

/// Maximum number of replaced pieces whose places are known: each takes memory until the tag was read.
pub(super) const MOST_REPLACED: usize = 65_536;

/// A tag with pieces of it replaced.
pub(super) struct MendedTag {
    pub(super) text: String,
    /// For each replaced piece, where its replacement ends, and where it ended itself.
    ends: Vec<(usize, usize)>,
}

impl MendedTag {
    /// Nothing of a tag yet, which has so many bytes.
    pub(super) fn of_length(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::new() }
    }

    /// A tag without the characters that XML does not allow, and how many those were.
    pub(super) fn without_controls(tag: &str) -> (Self, u64) {
        let mut cleaned = Self::of_length(tag.len());
        let mut left_out = 0;
        for (at, c) in tag.char_indices() {
            if is_char(c) {
                cleaned.text.push(c);
            } else {
                left_out += 1;
                cleaned.end_replacement(at + c.len_utf8());
            }
        }
        (cleaned, left_out)
    }

    /// Notes that the text ends with what replaces a piece that ended at this place of the tag as it is written.
    pub(super) fn end_replacement(&mut self, written: usize) {
        if self.ends.len() < MOST_REPLACED {
            self.ends.push((self.text.len(), written));
        }
    }

    /// How many replaced pieces are known.
    pub(super) const fn replaced(&self) -> usize {
        self.ends.len()
    }

    /// Where a place of the mended tag is in the tag as it is written.
    pub(super) fn written(&self, at: usize) -> usize {
        let before = self.ends.partition_point(|(end, _)| *end <= at);
        let last = before.checked_sub(1).and_then(|index| self.ends.get(index));
        last.map_or(at, |(end, written)| written + at - end)
    }

    /// A flaw of the mended tag, where the tag starts at `offset`, at its place in the tag as it is written.
    pub(super) fn place(&self, flaw: Flaw, offset: usize) -> Flaw {
        Flaw { offset: offset + self.written(flaw.offset - offset), ..flaw }
    }
}
