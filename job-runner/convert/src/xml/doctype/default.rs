//! The default of an attribute: XML 1.0, production 60. It has no effect, but has to be well-formed: an entity in it is
//! declared before it (section 4.1, "Entity Declared").

use docmill_crds::conversion::Entities;

use super::Taking;
use super::reader::DoctypeReader;
use crate::events::tag::check_references;
use crate::fault::Flaw;
use crate::leniency::entities::declared::{Within, inner, is_ampersand, left_out};
use crate::leniency::entities::named;
use crate::text::chars::{is_ncname, reference};

/// Checks the default that comes next.
pub(super) fn check(reader: &mut DoctypeReader<'_>, taking: &mut Taking<'_>) -> Result<(), Flaw> {
    if reader.take("#REQUIRED") || reader.take("#IMPLIED") {
        return Ok(());
    }
    if reader.take("#FIXED") {
        reader.space_then("white space after #FIXED")?;
    }
    let start = reader.place() + 1;
    let value = reader.literal()?;
    let Err(flaw) = check_references(value, start) else { return Ok(()) };
    if value.contains('<') {
        return Err(flaw);
    }
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('&') {
        let place = start + value.len() - after.len() - 1;
        rest = past_reference(after, place, taking)?;
    }
    Ok(())
}

/// What comes after a reference, whose ampersand is at `place` and before `after`.
fn past_reference<'v>(after: &'v str, place: usize, taking: &mut Taking<'_>) -> Result<&'v str, Flaw> {
    let inner = inner(after);
    match inner.map(|(name, after)| (name, after, reference(name, place))) {
        Some((_, after, Ok(_))) => Ok(after),
        Some((name, after, Err(flaw))) if is_ncname(name) => {
            if is_known(name, place, taking)? {
                Ok(after)
            } else {
                Err(unknown(flaw, taking.allowed))
            }
        }
        Some((name, after, Err(_))) if left_out(name, taking.log) => Ok(after),
        _ if is_ampersand(inner.map(|(name, _)| name), taking.log) => Ok(after),
        Some((_, _, Err(flaw))) => Err(flaw),
        None => Err(Flaw::malformed(place, "a ; after the reference")),
    }
}

/// Whether there is an entity of this name, which is text.
fn is_known(name: &str, place: usize, taking: &mut Taking<'_>) -> Result<bool, Flaw> {
    let is_declared = taking.declared.expand(name, (place, Within::Attribute), taking.log)?.is_some();
    Ok(is_declared || (taking.allowed != Entities::Refuse && named::characters(name).is_some()))
}

/// The fault of a reference to an entity that is not known, or not yet.
fn unknown(flaw: Flaw, allowed: Entities) -> Flaw {
    let expected = match allowed {
        Entities::Refuse => return flaw,
        Entities::Named => "one of the entities of XML, HTML, ISO and MathML",
        Entities::Declared => {
            "one of the entities of XML, HTML, ISO and MathML, or one that is declared before this default"
        }
    };
    Flaw { expected: expected.to_owned(), ..flaw }
}
