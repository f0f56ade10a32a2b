//! The document type declaration: accepted and ignored, never followed. XML 1.0, productions 28 and 75.
//!
//! NITF and JATS carry one with the address of their DTD. What is refused is a declaration of an entity, and a parameter
//! entity, which could hide one. Other declarations of an internal subset are skipped; defaults of attributes in them
//! do not apply.

use docmill_crds::reason::Reason;

use super::chars::{is_ncname, is_space};
use super::fault::Flaw;

/// How a declaration starts.
pub(super) const START: &str = "<!DOCTYPE";

/// Checks the `<!DOCTYPE … >` at the start of `text`, which starts at `offset` of the window, and returns its length; none
/// when the text ends before it does.
pub(super) fn check(text: &str, offset: usize) -> Result<Option<usize>, Flaw> {
    let mut reader = Reader { offset, rest: &text[START.len()..], cut_off: false };
    match reader.declaration_of_type() {
        Ok(()) => Ok(Some(text.len() - reader.rest.len())),
        Err(_) if reader.cut_off || reader.rest.is_empty() => Ok(None),
        Err(flaw) => Err(flaw),
    }
}

struct Reader<'a> {
    offset: usize,
    rest: &'a str,
    /// More text could make good what is missing.
    cut_off: bool,
}

impl<'a> Reader<'a> {
    fn declaration_of_type(&mut self) -> Result<(), Flaw> {
        self.space_then("a name after <!DOCTYPE")?;
        self.name()?;
        if self.external_id()? {
            self.skip_space();
        }
        if self.take("[") {
            self.subset()?;
            self.skip_space();
        }
        if self.take(">") { Ok(()) } else { Err(self.flaw("the end of the document type declaration")) }
    }

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
            if let Some(found) = ["<!ENTITY", "%"].into_iter().find(|start| self.take(start)) {
                let flaw = self.flaw("a document without declarations of entities");
                return Err(flaw.because(Reason::EntityRefused).found(found));
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
                let found: String = self.rest.chars().take(1).collect();
                return Err(self.flaw("a declaration, or ]").found(&found));
            }
        }
    }

    fn declaration(&mut self) -> Result<(), Flaw> {
        self.space_then("white space after the keyword")?;
        loop {
            let Some(at) = self.rest.find(['"', '\'', '<', '>']) else {
                self.cut_off = true;
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
        self.rest = &self.rest[1..];
        self.past(quote.encode_utf8(&mut [0; 4]))
    }

    fn name(&mut self) -> Result<(), Flaw> {
        let end = self.rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '[' | '>'));
        let end = end.unwrap_or(self.rest.len());
        self.cut_off |= end == self.rest.len();
        let (name, rest) = self.rest.split_at(end);
        if !name.split(':').all(is_ncname) {
            return Err(self.flaw("the name of the root element").found(name));
        }
        self.rest = rest;
        Ok(())
    }

    fn past(&mut self, end: &str) -> Result<(), Flaw> {
        let Some((_, rest)) = self.rest.split_once(end) else {
            self.cut_off = true;
            return Err(self.flaw(end));
        };
        self.rest = rest;
        Ok(())
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.cut_off |= rest.is_none() && token.starts_with(self.rest);
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
