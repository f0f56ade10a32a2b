//! The document type declaration: accepted and ignored, never followed. XML 1.0, productions 28 and 75.
//!
//! NITF and JATS have one with the address of their DTD. Declarations of entities are refused, and parameter
//! entities, which could hide one; a model may allow entities that are text. Other declarations of an internal
//! subset are checked and have no effect; their attribute defaults do not apply.

mod entity;
mod reader;
mod subset;

use docmill_crds::conversion::Entities;

use crate::fault::Flaw;
use crate::leniency::entities::declared::Declared;
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
}

/// Checks the `<!DOCTYPE … >` at the start of `text`, which starts at `offset` of the window, and returns its
/// length; `None` if the text ends before it does. What lies beyond the most bytes is not examined, however
/// much of it is there.
pub(crate) fn check(text: &str, offset: usize, rules: Rules) -> Result<Option<usize>, Flaw> {
    let Rules { most, entities } = rules;
    let mut reader = DoctypeReader::new(&text[..text.floor_char_boundary(most)], offset);
    match declaration_of_type(&mut reader, entities, &mut Declared::default()) {
        Ok(()) => Ok(Some(reader.taken())),
        Err(_) if reader.is_cut_off() && text.len() > most => {
            Err(Flaw::limit(offset, format!("a document type declaration of at most {most} bytes")))
        }
        Err(_) if reader.is_cut_off() => Ok(None),
        Err(flaw) => Err(flaw),
    }
}

/// The entities that a whole declaration declares.
pub(crate) fn declared(text: &str, offset: usize) -> Result<Declared, Flaw> {
    let mut declared = Declared::default();
    declaration_of_type(&mut DoctypeReader::new(text, offset), Entities::Declared, &mut declared)?;
    Ok(declared)
}

fn declaration_of_type(
    reader: &mut DoctypeReader<'_>,
    entities: Entities,
    declared: &mut Declared,
) -> Result<(), Flaw> {
    reader.expect(START)?;
    reader.space_then("a name after <!DOCTYPE")?;
    reader.qname("the name of the root element")?;
    reader.skip_space();
    if reader.external_id(false)? {
        reader.skip_space();
    }
    if reader.take("[") {
        subset::check(reader, entities, declared)?;
        reader.skip_space();
    }
    if reader.take(">") { Ok(()) } else { Err(reader.flaw("the end of the document type declaration")) }
}
