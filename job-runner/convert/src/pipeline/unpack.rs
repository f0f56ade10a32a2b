//! An object without a model, which may be an archive of objects.

use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;

use docmill_crds::conversion::ResolvedArchive;

use super::members::each_member;
use super::visit::unlimited;
use crate::fault::Refusal;
use crate::fault::member::Member;
use crate::fault::position::Position;
use crate::input::archive::content::ContentReader;
use crate::input::archive::format;
use crate::input::archive::object::Object;
use crate::input::decode::Garbled;
use crate::input::decompress::Stopped;

/// Takes the content of an object, or of a member of an archive.
type Take<'a> = dyn FnMut(Option<&Member>, &mut dyn Read) -> io::Result<()> + 'a;

/// Calls `each` with an object, or if it is an archive with each of its members, until that fails. Returns why members,
/// or the rest of the archive, cannot be read. An error means that the object could not be read. Archives have the
/// limits of a model that sets none.
pub fn unpack(object: &mut dyn Object, each: &mut Take<'_>) -> io::Result<Vec<Refusal>> {
    let limits = unlimited();
    let (format, seen) = format::detect(&mut *object, &limits)?;
    let mut refusals = Vec::new();
    let Some(format) = format else {
        each(None, &mut Cursor::new(seen).chain(object))?;
        return Ok(refusals);
    };
    let rules = ResolvedArchive { members: Vec::new(), max_members: 100_000, max_member_bytes: 64 << 20 };
    let walked = each_member(&limits, &rules, (format, seen, object), &mut |member, content| {
        let content = match content {
            Ok(content) => content,
            Err(garbled) => {
                refusals.push(refusal(Some(member), garbled));
                return Ok(ControlFlow::Continue(()));
            }
        };
        let ends_archive = content.ends_archive();
        let mut reader = ContentReader::new(content);
        if let Err(error) = each(Some(&member), &mut reader) {
            match reader.stopped(error) {
                Stopped::Refused(garbled) if !ends_archive => refusals.push(refusal(Some(member), garbled)),
                stopped => return Err(stopped),
            }
        }
        Ok(ControlFlow::Continue(()))
    });
    match walked {
        Ok(()) => {}
        Err(Stopped::Refused(garbled)) => refusals.push(refusal(None, garbled)),
        Err(Stopped::Io(error)) => return Err(error),
    }
    Ok(refusals)
}

fn refusal(member: Option<Member>, garbled: Garbled) -> Refusal {
    let fault = garbled.at(0).place(None, Position::START);
    Refusal { member, ..Refusal::object(fault) }
}
