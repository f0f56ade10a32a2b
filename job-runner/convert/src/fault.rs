//! What is wrong with a document, and where.

pub(crate) mod listed;
pub(crate) mod member;
pub(crate) mod position;

use docmill_crds::reason::Reason;
use serde::Serialize;

use self::member::Member;
use self::position::Position;

/// Maximum characters of a found value that a fault shows.
const SHOWN: usize = 80;

/// More bytes than so many are cut off where they are shown.
pub(crate) const SHOWN_BYTES: usize = 4 * SHOWN;

/// Maximum number of faults reported per document; further ones are dropped.
pub const MAX_FAULTS: usize = 100;

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The kind of fault.
    pub reason: Reason,
    /// The field of the document, for example `subjects[2].code`; `None` when the object as a whole is at
    /// fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The path in the object: for a field, the path that the model searched; otherwise the open elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The line in the object, from 1.
    pub line: u32,
    /// The character in that line, from 1.
    pub column: u32,
    /// What was expected.
    pub expected: String,
    /// What was found, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl Fault {
    /// What is wrong with a value that was found, or is missing, at a path of the model.
    pub(crate) fn of_field(
        reason: Reason,
        field: String,
        at: &str,
        place: Position,
        expected: String,
        found: Option<&str>,
    ) -> Self {
        let Position { line, column } = place;
        let (field, at, found) = (Some(field), Some(at.to_owned()), found.map(shorten));
        Self { reason, field, at, line, column, expected, found }
    }
}

/// Why a document, or an object from some point on, did not become JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The reason of the first fault.
    pub reason: Reason,
    /// The member of an archive that it is about; its documents and lines are counted from its own start. `None`: the
    /// object, be it an archive or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// Number of the document in the object, from 0. `None`: the object itself, or the member, is refused from this
    /// point on. Earlier documents stay valid, but none follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<u32>,
    /// All faults in the order of the model's fields: first those that refuse the document, then those of values that
    /// were left out. Never empty, and at most [`MAX_FAULTS`].
    pub faults: Vec<Fault>,
}

impl Refusal {
    /// The refusal of an object for one fault.
    pub fn object(fault: Fault) -> Self {
        Self { reason: fault.reason, member: None, document: None, faults: vec![fault] }
    }

    /// The refusal of one document. `faults` is not empty.
    pub(crate) fn document(index: u32, faults: Vec<Fault>) -> Self {
        let reason = faults.first().map_or(Reason::MissingField, |fault| fault.reason);
        Self { reason, member: None, document: Some(index), faults }
    }

    /// One sentence for logs and people: the member of an archive, the first fault, and how many more there are.
    pub fn message(&self) -> String {
        let fault = self.faults.first().map(ToString::to_string).unwrap_or_default();
        let first = match &self.member {
            Some(member) => format!("member {:?}: {fault}", member.name),
            None => fault,
        };
        match self.faults.len() {
            0 | 1 => first,
            faults => format!("{first} (and {} more)", faults - 1),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason, self.message())
    }
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        write!(f, "expected {}", self.expected)?;
        if let Some(found) = &self.found {
            write!(f, ", found {found:?}")?;
        }
        write!(f, " at line {}, column {}", self.line, self.column)?;
        match &self.at {
            Some(at) => write!(f, " ({at})"),
            None => Ok(()),
        }
    }
}

/// A fault of the object when it is met: its place is still an offset into the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) reason: Reason,
    pub(crate) offset: usize,
    pub(crate) expected: String,
    pub(crate) found: Option<String>,
}

impl Flaw {
    #[cold]
    pub(crate) fn malformed(offset: usize, expected: impl Into<String>) -> Self {
        Self { reason: Reason::MalformedXml, offset, expected: expected.into(), found: None }
    }

    #[cold]
    pub(crate) fn malformed_json(offset: usize, expected: impl Into<String>) -> Self {
        Self::malformed(offset, expected).because(Reason::MalformedJson)
    }

    #[cold]
    pub(crate) fn limit(offset: usize, expected: impl Into<String>) -> Self {
        Self { reason: Reason::LimitExceeded, offset, expected: expected.into(), found: None }
    }

    #[cold]
    pub(crate) fn found(mut self, found: &str) -> Self {
        self.found = Some(shorten(found));
        self
    }

    /// The same flaw, so much further on.
    pub(crate) fn moved(mut self, by: usize) -> Self {
        self.offset += by;
        self
    }

    pub(crate) fn because(mut self, reason: Reason) -> Self {
        self.reason = reason;
        self
    }

    pub(crate) fn place(self, at: Option<String>, position: Position) -> Fault {
        let Position { line, column } = position;
        let Self { reason, expected, found, .. } = self;
        Fault { reason, field: None, at, line, column, expected, found }
    }
}

/// At most [`SHOWN`] characters of a value, with a mark if there are more.
pub(crate) fn shorten(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
