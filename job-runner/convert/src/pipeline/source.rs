//! Selects the reader of an object by its syntax.

use docmill_crds::conversion::{RepairCounts, Syntax};

use crate::automaton::Automaton;
use crate::events::element_memory::ElementMemory;
use crate::events::{Pause, Sink};
use crate::fault::Flaw;
use crate::fault::position::Position;
use crate::input::window::{Trouble, Window};
use crate::json::scanner::JsonScanner;
use crate::leniency::Leniency;
use crate::limits::Limits;
use crate::xml::scanner::Scanner;

/// An object that is being read.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    Xml(Scanner<'a, 'a>),
    Json(JsonScanner<'a, 'a>),
}

impl<'a> Source<'a> {
    pub(crate) fn new(
        window: Window<'a>,
        automaton: &'a Automaton,
        limits: &Limits,
        leniency: &Leniency,
        elements: ElementMemory,
    ) -> Self {
        match automaton.syntax {
            Syntax::Xml => Self::Xml(Scanner::new(window, &automaton.names, limits, leniency, elements)),
            Syntax::Json => {
                let by_line = automaton.takes_top();
                Self::Json(JsonScanner::new(window, &automaton.names, limits, by_line, elements))
            }
        }
    }

    /// Reads to the end of the next document, or of the object.
    pub(crate) fn run(&mut self, sink: &mut impl Sink) -> Result<Pause, Trouble> {
        match self {
            Self::Xml(scanner) => scanner.run(sink),
            Self::Json(scanner) => scanner.run(sink),
        }
    }

    /// The current window.
    pub(crate) const fn window(&self) -> &Window<'a> {
        match self {
            Self::Xml(scanner) => scanner.window(),
            Self::Json(scanner) => scanner.window(),
        }
    }

    /// Whether the root element of XML is closed.
    pub(crate) fn at_end_of_root(&self) -> bool {
        match self {
            Self::Xml(scanner) => scanner.at_end_of_root(),
            Self::Json(_) => false,
        }
    }

    /// What was mended so far; `None` where nothing ever is.
    pub(crate) const fn repairs(&self) -> Option<&RepairCounts> {
        match self {
            Self::Xml(scanner) => Some(scanner.repairs()),
            Self::Json(_) => None,
        }
    }

    /// What the object starts with, and where: the root element of XML, or the kind of the first JSON value.
    pub(crate) fn root(&self) -> Option<&(String, Position)> {
        match self {
            Self::Xml(scanner) => scanner.root(),
            Self::Json(scanner) => scanner.root(),
        }
    }

    /// Refuses the object for a flaw at the offset that was read last.
    pub(crate) fn refuse(&self, flaw: impl FnOnce(usize) -> Flaw) -> Trouble {
        match self {
            Self::Xml(scanner) => scanner.refuse(flaw),
            Self::Json(scanner) => scanner.refuse(flaw),
        }
    }

    /// The memory of the window and of elements, for the next object.
    pub(crate) fn into_buffers(self) -> ((Vec<u8>, String), ElementMemory) {
        match self {
            Self::Xml(scanner) => scanner.into_buffers(),
            Self::Json(scanner) => scanner.into_buffers(),
        }
    }
}
