//! The caps on one JSON document, and on what lies between two of them.

use docmill_crds::conversion::Syntax;

use crate::fault::Flaw;
use crate::input::window::too_long;
use crate::limits::Limits;

/// The counts, and their limits.
#[derive(Debug)]
pub(crate) struct Caps {
    limits: Limits,
    nodes: u32,
    bytes: usize,
}

impl Caps {
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self { limits: *limits, nodes: 0, bytes: 0 }
    }

    /// From here on, counts for the next document, or for what lies between two.
    pub(crate) const fn restart(&mut self) {
        self.nodes = 0;
        self.bytes = 0;
    }

    /// A value starts.
    pub(crate) fn node(&mut self, at: usize) -> Result<(), Flaw> {
        self.nodes += 1;
        let most = self.limits.nodes;
        if self.nodes > most {
            return Err(Flaw::limit(at, format!("a document of at most {most} nodes")));
        }
        Ok(())
    }

    /// Checks a token from `start` to `end`.
    pub(crate) fn token(&mut self, start: usize, end: usize) -> Result<(), Flaw> {
        if end - start > self.limits.text_bytes {
            return Err(too_long(Syntax::Json, start, self.limits.text_bytes));
        }
        self.bytes(end - start, start)
    }

    /// Counts bytes that were read.
    pub(crate) fn bytes(&mut self, bytes: usize, at: usize) -> Result<(), Flaw> {
        self.bytes += bytes;
        let most = self.limits.document_bytes;
        if self.bytes > most {
            return Err(Flaw::limit(at, format!("a document of at most {most} bytes")));
        }
        Ok(())
    }

    /// Checks an object or a list that starts with `around` open ones around it.
    pub(crate) fn depth(&self, around: usize, at: usize) -> Result<(), Flaw> {
        let most = self.limits.depth;
        if around >= most {
            return Err(Flaw::limit(at, format!("at most {most} levels of objects and lists")));
        }
        Ok(())
    }

    /// Checks the name of a member.
    pub(crate) fn name(&self, name: &str, at: usize) -> Result<(), Flaw> {
        let most = self.limits.name_bytes;
        if name.len() > most {
            return Err(Flaw::limit(at, format!("a name of at most {most} bytes")).found(name));
        }
        Ok(())
    }
}
