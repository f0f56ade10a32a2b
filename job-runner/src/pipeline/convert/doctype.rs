//! The document type declaration: accepted and ignored, never followed. XML 1.0, productions 28 and 75.
//!
//! NITF and JATS carry one with the address of their DTD. What is refused is a declaration of an entity, and a parameter
//! entity, which could hide one. Other declarations of an internal subset are skipped; defaults of attributes in them
//! do not apply.

use docmill_crds::reason::Reason;

use super::chars::{is_ncname, is_space};
use super::fault::Flaw;

/// Checks `<!DOCTYPE … >`, which starts at `offset` of the object.
pub(super) fn check(markup: &str, offset: usize) -> Result<(), Flaw> {
    let inner = markup.strip_prefix("<!DOCTYPE").and_then(|rest| rest.strip_suffix('>'));
    let mut reader = Reader { offset, rest: inner.unwrap_or_default() };
    reader.space_then("a name after <!DOCTYPE")?;
    reader.name()?;
    if reader.external_id()? {
        reader.skip_space();
    }
    if reader.take("[") {
        reader.subset()?;
        reader.skip_space();
    }
    if reader.rest.is_empty() { Ok(()) } else { Err(reader.flaw("the end of the document type declaration")) }
}

struct Reader<'a> {
    offset: usize,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn external_id(&mut self) -> Result<bool, Flaw> {
        let spaced = self.skip_space();
        let literals = if self.take("SYSTEM") {
            1
        } else if self.take("PUBLIC") {
            2
        } else {
            return Ok(false);
        };
        if !spaced {
            return Err(self.flaw("white space before the external identifier"));
        }
        for _ in 0..literals {
            self.space_then("a literal in quotes")?;
            self.literal()?;
        }
        Ok(true)
    }

    /// All up to the `]`.
    fn subset(&mut self) -> Result<(), Flaw> {
        loop {
            self.skip_space();
            if self.take("]") {
                return Ok(());
            }
            if self.rest.starts_with("<!ENTITY") || self.rest.starts_with('%') {
                let flaw = self.flaw("a document without declarations of entities");
                return Err(flaw.because(Reason::EntityRefused).found(self.rest));
            }
            if self.take("<!--") {
                self.past("--")?;
                if !self.take(">") {
                    return Err(self.flaw("no -- within a comment"));
                }
            } else if self.take("<?") {
                self.past("?>")?;
            } else if self.take("<!ELEMENT") || self.take("<!ATTLIST") || self.take("<!NOTATION") {
                self.declaration()?;
            } else {
                return Err(self.flaw("a declaration, or ]").found(self.rest));
            }
        }
    }

    fn declaration(&mut self) -> Result<(), Flaw> {
        self.space_then("white space after the keyword")?;
        loop {
            let Some(at) = self.rest.find(['"', '\'', '<', '>']) else {
                return Err(self.flaw("the end of a declaration"));
            };
            let (found, rest) = self.rest[at..].split_at(1);
            match found {
                ">" => {
                    self.rest = rest;
                    return Ok(());
                }
                "<" => return Err(self.flaw("no < within a declaration")),
                _ => {
                    self.rest = &self.rest[at..];
                    self.literal()?;
                }
            }
        }
    }

    fn literal(&mut self) -> Result<(), Flaw> {
        let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Err(self.flaw("a literal in quotes"));
        };
        let (_, rest) = self.rest[1..].split_once(quote).ok_or_else(|| self.flaw("the closing quote"))?;
        self.rest = rest;
        Ok(())
    }

    fn name(&mut self) -> Result<(), Flaw> {
        let end = self.rest.find(|c: char| c.is_ascii_whitespace() || c == '[').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if !name.split(':').all(is_ncname) {
            return Err(self.flaw("the name of the root element").found(name));
        }
        self.rest = rest;
        Ok(())
    }

    fn past(&mut self, end: &str) -> Result<(), Flaw> {
        let (_, rest) = self.rest.split_once(end).ok_or_else(|| self.flaw(end))?;
        self.rest = rest;
        Ok(())
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) -> bool {
        let length = self.rest.len();
        self.rest = self.rest.trim_start_matches(|c: char| u8::try_from(c).is_ok_and(is_space));
        self.rest.len() < length
    }

    fn space_then(&mut self, expected: &'a str) -> Result<(), Flaw> {
        if self.skip_space() { Ok(()) } else { Err(self.flaw(expected)) }
    }

    /// A document type declaration is short: its faults are placed at its start.
    fn flaw(&self, expected: &str) -> Flaw {
        Flaw::malformed(self.offset, expected)
    }
}
