//! Who there is.

use crate::place::Place;

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// The worker, with a snapshot for each object.
    PerUnit,
    /// The worker, with snapshots that share objects.
    Packed,
    /// What a careful team writes in Python.
    Python,
    /// Bare bulk requests with the worker's own documents.
    Bulk,
    /// A GET and a PUT for each article.
    Objects,
    /// Bare receiving and deleting.
    Messages,
}

impl Contender {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 6] =
        [Self::PerUnit, Self::Packed, Self::Python, Self::Bulk, Self::Objects, Self::Messages];

    /// What it is called in tables.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PerUnit => "Docmill, `PerUnit`",
            Self::Packed => "Docmill, `Packed`",
            Self::Python => "Python stack",
            Self::Bulk => "bare `_bulk`",
            Self::Objects => "bare GET + PUT",
            Self::Messages => "bare receive + delete",
        }
    }

    /// What it is called in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PerUnit => "perUnit",
            Self::Packed => "packed",
            Self::Python => "python",
            Self::Bulk => "bulk",
            Self::Objects => "objects",
            Self::Messages => "messages",
        }
    }

    /// Whether it takes its work from a queue.
    pub const fn has_queue(self) -> bool {
        matches!(self, Self::PerUnit | Self::Packed | Self::Python | Self::Messages)
    }

    /// Whether it brings articles into an index.
    pub const fn has_index(self) -> bool {
        matches!(self, Self::PerUnit | Self::Packed | Self::Python | Self::Bulk)
    }

    /// Whether it runs until it is told that the queue is empty.
    pub const fn is_service(self) -> bool {
        matches!(self, Self::PerUnit | Self::Packed | Self::Python)
    }

    /// The index that stands ready for it; the worker makes its own.
    pub fn index(self, place: &Place) -> Option<String> {
        match self {
            Self::Python => Some(format!("articles-{}-python", place.name)),
            Self::Bulk => Some(format!("articles-{}-bulk", place.name)),
            _ => None,
        }
    }
}
