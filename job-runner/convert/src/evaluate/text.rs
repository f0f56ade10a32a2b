//! Plain text from mixed content: everything in reading order, white space collapsed unless `xml:space` says
//! otherwise, and words that a block separates kept apart.

use crate::events::gap::Gap;

/// Collects plain text.
#[derive(Debug, Default)]
pub(crate) struct TextBuffer {
    text: String,
    gap: Gap,
    paragraphs: bool,
    /// Some of it was taken verbatim.
    preserved: bool,
}

impl TextBuffer {
    /// Starts over. With `paragraphs`, gaps become line ends; without, the text is one line.
    pub(crate) fn start(&mut self, paragraphs: bool) {
        self.text.clear();
        self.gap = Gap::None;
        self.paragraphs = paragraphs;
        self.preserved = false;
    }

    /// Separates what follows from what came before.
    pub(crate) fn set_apart(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    pub(crate) fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let start = at + bytes[at..].iter().position(|b| !is_blank(*b)).unwrap_or(bytes.len() - at);
            if start > at {
                self.set_apart(Gap::Space);
            }
            at = start + regular(&bytes[start..]);
            if at > start {
                self.close_gap(&text[start..]);
                self.text.push_str(&text[start..at]);
            }
        }
    }

    /// Appends a character that was written as a reference. It is collapsed like any other: `&#10;` in prose
    /// is a space.
    pub(crate) fn push_char(&mut self, c: char) {
        if matches!(c, ' ' | '\t' | '\r' | '\n') {
            return self.set_apart(Gap::Space);
        }
        self.close_gap(c.encode_utf8(&mut [0; 4]));
        self.text.push(c);
    }

    /// Appends text with its white space (XML 1.0, section 2.10) and with line ends normalized as in section
    /// 2.11; to one line like any other text.
    pub(crate) fn push_preserved(&mut self, text: &str) {
        if !self.paragraphs {
            return self.push(text);
        }
        self.close_gap(text);
        self.preserved = true;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('\r') {
            self.text.push_str(before);
            self.text.push('\n');
            rest = after.strip_prefix('\n').unwrap_or(after);
        }
        self.text.push_str(rest);
    }

    /// Appends a character that was written as a reference, whatever it is.
    pub(crate) fn push_preserved_char(&mut self, c: char) {
        if !self.paragraphs {
            return self.push_char(c);
        }
        self.close_gap(c.encode_utf8(&mut [0; 4]));
        self.preserved = true;
        self.text.push(c);
    }

    /// Bytes so far.
    pub(crate) const fn len(&self) -> usize {
        self.text.len()
    }

    /// Allocated bytes.
    pub(crate) const fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// What was collected.
    pub(crate) fn text(&self) -> &str {
        if self.preserved { self.text.trim_end().trim_start_matches('\n') } else { &self.text }
    }

    /// Ends `lines` lines, counting those that preserved text has ended already.
    fn end_lines(&mut self, lines: usize) {
        let ended = self.text.bytes().rev().take(lines).take_while(|byte| *byte == b'\n').count();
        self.text.push_str(&"\n\n"[..lines - ended]);
    }

    /// Separates what comes `next` from what is there.
    fn close_gap(&mut self, next: &str) {
        let gap = std::mem::take(&mut self.gap);
        if gap != Gap::None && !self.text.is_empty() {
            self.separate(gap, next);
        }
    }

    fn separate(&mut self, gap: Gap, next: &str) {
        match gap {
            Gap::None | Gap::Joined => {}
            Gap::Word | Gap::Parts if is_joined(&self.text, next) => {}
            Gap::Line | Gap::PerhapsLine if self.paragraphs => self.end_lines(1),
            Gap::Paragraph if self.paragraphs => self.end_lines(2),
            _ => self.text.push(' '),
        }
    }
}

/// Whether punctuation between two texts belongs to one of them, so that no space is missing: `Dept` and `, Oslo`.
#[inline(never)]
fn is_joined(before: &str, next: &str) -> bool {
    const DASHES: [char; 4] = ['-', '\u{2013}', '\u{2014}', '/'];
    const OPENING: [char; 5] = ['(', '[', '\u{201c}', '\u{2018}', '\u{ab}'];
    const CLOSING: [char; 12] =
        [',', ';', ':', '.', '!', '?', ')', ']', '\'', '\u{201d}', '\u{2019}', '\u{bb}'];
    before.ends_with(DASHES)
        || before.ends_with(OPENING)
        || next.starts_with(DASHES)
        || next.starts_with(CLOSING)
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// How many bytes from the start can be taken unchanged: words with single spaces between them. The first
/// byte is not a blank.
fn regular(bytes: &[u8]) -> usize {
    // Most texts end within a large block, or have their line end there.
    let at = skip_regular::<8>(bytes, skip_regular::<32>(bytes, 0));
    let blank = |pair: &[u8]| is_blank(pair[1]) && (pair[1] != b' ' || pair[0] == b' ');
    let end = bytes[at..].windows(2).position(blank).map_or(bytes.len(), |found| at + found + 1);
    // A space at the end is separated like any other, once what follows is known.
    if end > 0 && bytes[end - 1] == b' ' { end - 1 } else { end }
}

/// Skips blocks of so many bytes that can be taken unchanged.
fn skip_regular<const BLOCK: usize>(bytes: &[u8], mut at: usize) -> usize {
    while let (Some(before), Some(block)) = (bytes.get(at..at + BLOCK), bytes.get(at + 1..at + 1 + BLOCK)) {
        // A loop without an early exit, which the compiler vectorizes.
        let irregular = |before: u8, byte: u8| byte < b' ' || (byte == b' ' && before == b' ');
        if before.iter().zip(block).fold(0, |found, (a, b)| found | u8::from(irregular(*a, *b))) != 0 {
            break;
        }
        at += BLOCK;
    }
    at
}
