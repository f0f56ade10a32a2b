//! Parses the parts of a document type declaration.

use crate::fault::Flaw;
use crate::text::chars::{is_ncname, is_space, split_qname};

/// The text of a declaration, and how far it was read.
pub(crate) struct DoctypeReader<'a> {
    text: &'a str,
    rest: &'a str,
    /// Where the text starts in the window.
    offset: usize,
    /// More text could supply what is missing.
    cut_off: bool,
}

impl<'a> DoctypeReader<'a> {
    pub(crate) const fn new(text: &'a str, offset: usize) -> Self {
        Self { text, rest: text, offset, cut_off: false }
    }

    /// Bytes read so far.
    pub(crate) const fn taken(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// The current position in the window.
    pub(crate) const fn place(&self) -> usize {
        self.offset + self.taken()
    }

    /// Whether a fault could be due only to the end of the text.
    pub(crate) const fn is_cut_off(&self) -> bool {
        self.cut_off || self.rest.is_empty()
    }

    /// A fault at the current position.
    pub(crate) fn flaw(&self, expected: &str) -> Flaw {
        Flaw::malformed(self.place(), expected)
    }

    /// The same, with the character that is there.
    pub(crate) fn unexpected(&self, expected: &str) -> Flaw {
        let found: String = self.rest.chars().take(1).collect();
        self.flaw(expected).found(&found)
    }

    /// Whether this is what comes next.
    pub(crate) fn is_at(&mut self, token: &str) -> bool {
        let found = self.rest.starts_with(token);
        self.cut_off |= !found && token.starts_with(self.rest);
        found
    }

    /// Takes this, if it comes next.
    pub(crate) fn take(&mut self, token: &str) -> bool {
        let found = self.is_at(token);
        if found {
            self.rest = &self.rest[token.len()..];
        }
        found
    }

    pub(crate) fn expect(&mut self, token: &str) -> Result<(), Flaw> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected(token)) }
    }

    pub(crate) fn skip_space(&mut self) -> bool {
        let length = self.rest.len();
        self.rest = self.rest.trim_start_matches(|c: char| u8::try_from(c).is_ok_and(is_space));
        self.rest.len() < length
    }

    pub(crate) fn space_then(&mut self, expected: &str) -> Result<(), Flaw> {
        if self.skip_space() { Ok(()) } else { Err(self.flaw(expected)) }
    }

    /// Takes all up to the first of these characters.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        self.cut_off |= end == self.rest.len();
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes everything up to and including `end`.
    pub(crate) fn past(&mut self, end: &str) -> Result<&'a str, Flaw> {
        let Some((taken, rest)) = self.rest.split_once(end) else {
            self.cut_off = true;
            return Err(self.flaw(end));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// Takes a word: everything up to white space or a character that no name has.
    pub(crate) fn word(&mut self) -> &'a str {
        self.until(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.' | ':'))
    }

    /// A name of an element or an attribute.
    pub(crate) fn qname(&mut self, expected: &str) -> Result<&'a str, Flaw> {
        self.named(expected, |name| split_qname(name).is_some())
    }

    /// A name of anything else: it has no colon (Namespaces in XML, section 7).
    pub(crate) fn ncname(&mut self, expected: &str) -> Result<&'a str, Flaw> {
        self.named(expected, is_ncname)
    }

    pub(crate) fn named(&mut self, expected: &str, is_good: impl Fn(&str) -> bool) -> Result<&'a str, Flaw> {
        let start = self.place();
        let name = self.word();
        if is_good(name) {
            return Ok(name);
        }
        Err(if name.is_empty() {
            self.unexpected(expected)
        } else {
            Flaw::malformed(start, expected).found(name)
        })
    }

    /// The end of a declaration.
    pub(crate) fn end(&mut self) -> Result<(), Flaw> {
        self.skip_space();
        self.expect(">")
    }

    /// A literal in quotes, without them.
    pub(crate) fn literal(&mut self) -> Result<&'a str, Flaw> {
        let quote = if self.take("\"") {
            "\""
        } else if self.take("'") {
            "'"
        } else {
            return Err(self.flaw("a literal in quotes"));
        };
        self.past(quote)
    }

    /// An external identifier, if there is one: productions 75 and 83. `public`: one without an address is
    /// enough.
    pub(crate) fn external_id(&mut self, public: bool) -> Result<bool, Flaw> {
        if self.take("SYSTEM") {
            self.space_then("a literal in quotes")?;
        } else if self.take("PUBLIC") {
            self.space_then("a literal in quotes")?;
            let start = self.place();
            let id = self.literal()?;
            if let Some(wrong) = id.chars().find(|c| !is_public(*c)) {
                return Err(Flaw::malformed(start, "a public identifier").found(&wrong.to_string()));
            }
            let spaced = self.skip_space();
            if public && self.is_at(">") {
                return Ok(true);
            }
            if !spaced {
                return Err(self.flaw("a literal in quotes"));
            }
        } else {
            return Ok(false);
        }
        self.literal()?;
        Ok(true)
    }
}

/// A character of a public identifier: production 13.
const fn is_public(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            ' ' | '\r'
                | '\n'
                | '-'
                | '\''
                | '('
                | ')'
                | '+'
                | ','
                | '.'
                | '/'
                | ':'
                | '='
                | '?'
                | ';'
                | '!'
                | '*'
                | '#'
                | '@'
                | '$'
                | '_'
                | '%'
        )
}
