//! The elements of an object as they stream by, for examining samples without a model.

use std::io::{self, Read};

use docmill_crds::conversion::{Entities, Repair, RepairCounts, Syntax};

use crate::events::element_memory::ElementMemory;
use crate::events::names::Names;
use crate::events::open_elements::OpenElements;
use crate::events::{Element, Pause, Sink};
use crate::fault::{Flaw, Refusal};
use crate::input::decoding::Decoding;
use crate::input::decompress::Input;
use crate::input::window::{CHUNK, Trouble, Window};
use crate::leniency::repairs::Repairs;
use crate::leniency::{Leniency, Reading};
use crate::limits::Limits;
use crate::xml::scanner::Scanner;

/// Receives the elements of an object.
pub trait Visitor {
    /// An element starts.
    fn start(&mut self, element: &Visited<'_>);
    /// Characters, decoded; a text may come in several pieces.
    fn text(&mut self, text: &str);
    /// The innermost of the open elements ends.
    fn end(&mut self);
}

/// An element that has just started.
pub struct Visited<'s>(&'s Element<'s>);

/// The name of an element or an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitedName<'s> {
    /// The URI, or empty.
    pub namespace: &'s str,
    /// As it is written, or empty.
    pub prefix: &'s str,
    /// Without the prefix.
    pub local: &'s str,
}

impl<'s> Visited<'s> {
    /// Its name.
    pub fn name(&self) -> VisitedName<'s> {
        let Element { prefix, local, namespaces, .. } = *self.0;
        VisitedName { namespace: namespaces.uri(prefix), prefix, local }
    }

    /// Calls `each` with every attribute and its value, except for namespace declarations.
    pub fn attributes(&self, mut each: impl FnMut(VisitedName<'s>, &str)) {
        for attribute in self.0.attributes.iter().filter(|attribute| !attribute.is_declaration()) {
            let (prefix, local) = (attribute.prefix, attribute.local);
            let namespace = if prefix.is_empty() { "" } else { self.0.namespaces.uri(prefix) };
            each(VisitedName { namespace, prefix, local }, &attribute.value());
        }
    }
}

/// What a model must allow, so that an object can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// `Named` if the object uses names of characters.
    pub entities: Entities,
    /// How often it was mended.
    pub repairs: RepairCounts,
    /// It is several XML documents, or one that is followed by what only those may have between them.
    pub concatenated: bool,
}

/// Reads an object to its end. The inner result tells whether it is well-formed, by the rules of a worker whose model
/// has these `repairs`, `concatenated`, since it may be several XML documents, and `entities: Named`; and what of that
/// it needs. The caps on whole objects and documents do not apply, since nothing of them is kept.
pub fn visit(
    reader: impl Read,
    (repairs, reading): (&[Repair], Reading),
    visitor: &mut impl Visitor,
) -> io::Result<Result<Needs, Refusal>> {
    let limits = unlimited();
    let names = Names::new();
    let input = Input::new(Box::new(reader), &limits);
    let (entities, repairs) = (Entities::Named, Repairs::of(repairs));
    let leniency = Leniency { entities, repairs, concatenated: true, ..Leniency::default() };
    let decoded = (Syntax::Xml, Decoding::of(&leniency, reading));
    let outcome =
        Window::open(input, decoded, &limits, CHUNK, Vec::new(), String::new()).and_then(|window| {
            let elements = ElementMemory::default();
            let mut scanner = Scanner::new(window, &names, &limits, &leniency, elements);
            while scanner.run(&mut Guide(visitor))? != Pause::Object {}
            let (entities, repairs) = (scanner.used_entities(), scanner.repairs().clone());
            Ok(Needs { entities, repairs, concatenated: scanner.used_concatenated() })
        });
    match outcome {
        Ok(needs) => Ok(Ok(needs)),
        Err(Trouble::Refused(refusal)) => Ok(Err(refusal)),
        Err(Trouble::Io(error)) => Err(error),
    }
}

/// Without caps on whole objects, of which nothing is kept.
pub(super) fn unlimited() -> Limits {
    Limits { object_bytes: u64::MAX, expanded_bytes: u64::MAX, ..Limits::default() }
}

/// Passes the scanner's events to a visitor.
struct Guide<'v, V>(&'v mut V);

impl<V: Visitor> Sink for Guide<'_, V> {
    /// Every element counts as a document, so that the caps on documents start again with each.
    fn start(&mut self, element: &Element<'_>) -> Result<bool, Flaw> {
        self.0.start(&Visited(element));
        Ok(true)
    }

    fn end(&mut self, _: &OpenElements) -> bool {
        self.0.end();
        false
    }

    fn text(&mut self, text: &str, _: usize) -> Result<(), Flaw> {
        self.0.text(text);
        Ok(())
    }

    fn character(&mut self, c: char, _: usize) -> Result<(), Flaw> {
        self.0.text(c.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    /// Samples have no faults: nobody needs their positions.
    fn settle(&mut self, _: &Window<'_>) {}
}
