//! The declaration of an entity: XML 1.0, productions 70 to 76. One that is not to be parsed is only ever a name in an
//! attribute, and allowed; one that is text is allowed where the model says so; all others are refused.

use docmill_crds::conversion::Entities;
use docmill_crds::reason::Reason;

use super::Taking;
use super::reader::DoctypeReader;
use crate::fault::Flaw;

/// How it starts.
pub(super) const START: &str = "<!ENTITY";

/// Checks the declaration that comes next, and takes the entity if it is text and allowed.
pub(super) fn check(reader: &mut DoctypeReader<'_>, taking: &mut Taking<'_>) -> Result<(), Flaw> {
    let refused = refused(reader, START, taking.allowed);
    reader.expect(START)?;
    reader.space_then("white space after <!ENTITY")?;
    if reader.is_at("%") {
        return Err(refused);
    }
    let name = reader.ncname("the name of an entity")?;
    reader.space_then("white space after the name of an entity")?;
    if reader.is_at("\"") || reader.is_at("'") {
        if taking.allowed != Entities::Declared {
            return Err(refused);
        }
        let start = reader.place() + 1;
        let value = reader.literal()?;
        taking.declared.declare(name, (value, start), taking.log)?;
    } else {
        unparsed(reader, refused)?;
    }
    reader.end()
}

/// The address and the notation of an entity that is not to be parsed.
fn unparsed(reader: &mut DoctypeReader<'_>, refused: Flaw) -> Result<(), Flaw> {
    if !reader.external_id(false)? {
        return Err(reader.unexpected("a literal in quotes, SYSTEM or PUBLIC"));
    }
    if !(reader.skip_space() && reader.take("NDATA")) {
        return Err(refused);
    }
    reader.space_then("white space after NDATA")?;
    reader.ncname("the name of a notation").map(|_| ())
}

/// The fault of a declaration, at the current place, that no model allows or this one does not.
pub(super) fn refused(reader: &DoctypeReader<'_>, found: &str, allowed: Entities) -> Flaw {
    let expected = match allowed {
        Entities::Refuse | Entities::Named => "a document without declarations of entities",
        Entities::Declared => "declarations of entities that are text, not of external or parameter entities",
    };
    reader.flaw(expected).because(Reason::EntityRefused).found(found)
}
