//! The document type declaration: accepted and ignored, never followed. XML 1.0, productions 28 and 75.
//!
//! NITF and JATS have one with the address of their DTD. Only declarations of entities are refused, and
//! parameter entities, which could hide one. Other declarations of an internal subset are checked and have no
//! effect; their attribute defaults do not apply.

mod reader;
mod subset;

use crate::fault::Flaw;
use reader::DoctypeReader;

/// How a declaration starts.
pub(crate) const START: &str = "<!DOCTYPE";

/// Checks the `<!DOCTYPE … >` at the start of `text`, which starts at `offset` of the window, and returns its
/// length; `None` if the text ends before it does. What lies beyond `most` bytes is not examined, however
/// much of it is there.
pub(crate) fn check(text: &str, offset: usize, most: usize) -> Result<Option<usize>, Flaw> {
    let mut reader = DoctypeReader::new(&text[..text.floor_char_boundary(most)], offset);
    match declaration_of_type(&mut reader) {
        Ok(()) => Ok(Some(reader.taken())),
        Err(_) if reader.is_cut_off() && text.len() > most => {
            Err(Flaw::limit(offset, format!("a document type declaration of at most {most} bytes")))
        }
        Err(_) if reader.is_cut_off() => Ok(None),
        Err(flaw) => Err(flaw),
    }
}

fn declaration_of_type(reader: &mut DoctypeReader<'_>) -> Result<(), Flaw> {
    reader.expect(START)?;
    reader.space_then("a name after <!DOCTYPE")?;
    reader.qname("the name of the root element")?;
    reader.skip_space();
    if reader.external_id(false)? {
        reader.skip_space();
    }
    if reader.take("[") {
        subset::check(reader)?;
        reader.skip_space();
    }
    if reader.take(">") { Ok(()) } else { Err(reader.flaw("the end of the document type declaration")) }
}
