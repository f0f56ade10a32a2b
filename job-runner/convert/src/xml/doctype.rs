//! The document type declaration: accepted and ignored, never followed. XML 1.0, productions 28 and 75.
//!
//! NITF and JATS have one with the address of their DTD. Declarations of entities are refused, and parameter
//! entities, which could hide one; a model may allow entities that are text. Other declarations of an internal
//! subset are checked and have no effect; their attribute defaults do not apply.

mod default;
mod entity;
mod reader;
mod subset;

use docmill_crds::conversion::Entities;

use crate::fault::Flaw;
use crate::leniency::entities::declared::Declared;
use crate::leniency::repairs::Repairs;
use crate::leniency::repairs::log::RepairLog;
use reader::DoctypeReader;

/// How a declaration starts.
pub(crate) const START: &str = "<!DOCTYPE";

/// What a declaration may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Maximum bytes.
    pub(crate) most: usize,
    /// Which entities it may declare.
    pub(crate) entities: Entities,
    /// What may be mended in it.
    pub(crate) repairs: Repairs,
}

/// What becomes of the entities that are declared.
struct Taking<'d> {
    /// Which ones may be.
    allowed: Entities,
    declared: &'d mut Declared,
    log: &'d mut RepairLog,
}

/// Checks the `<!DOCTYPE … >` at the start of `text`, which starts at `offset` of the window, and returns its
/// length; `None` if the text ends before it does. What lies beyond the most bytes is not examined, however
/// much of it is there.
pub(crate) fn check(text: &str, offset: usize, rules: Rules) -> Result<Option<usize>, Flaw> {
    let Rules { most, entities, repairs } = rules;
    let mut reader = DoctypeReader::new(&text[..text.floor_char_boundary(most)], offset);
    // What is mended is counted later, when the whole declaration is there.
    let (declared, log) = (&mut Declared::default(), &mut RepairLog::new(repairs));
    match declaration_of_type(&mut reader, &mut Taking { allowed: entities, declared, log }) {
        Ok(()) => Ok(Some(reader.taken())),
        Err(_) if reader.is_cut_off() && text.len() > most => {
            Err(Flaw::limit(offset, format!("a document type declaration of at most {most} bytes")))
        }
        Err(_) if reader.is_cut_off() => Ok(None),
        Err(flaw) => Err(flaw),
    }
}

/// The entities that a whole declaration, which was checked, declares. Repairs are counted.
pub(crate) fn declared(
    text: &str,
    offset: usize,
    allowed: Entities,
    log: &mut RepairLog,
) -> Result<Declared, Flaw> {
    let mut declared = Declared::default();
    let mut taking = Taking { allowed, declared: &mut declared, log };
    declaration_of_type(&mut DoctypeReader::new(text, offset), &mut taking)?;
    Ok(declared)
}

fn declaration_of_type(reader: &mut DoctypeReader<'_>, taking: &mut Taking<'_>) -> Result<(), Flaw> {
    reader.expect(START)?;
    reader.space_then("a name after <!DOCTYPE")?;
    reader.qname("the name of the root element")?;
    reader.skip_space();
    if reader.external_id(false)? {
        reader.skip_space();
    }
    if reader.take("[") {
        subset::check(reader, taking)?;
        reader.skip_space();
    }
    if reader.take(">") { Ok(()) } else { Err(reader.flaw("the end of the document type declaration")) }
}
