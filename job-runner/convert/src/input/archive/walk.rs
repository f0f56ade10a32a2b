//! The members of an archive that a model names, one after the other.

use std::io::Read;
use std::ops::ControlFlow;

use docmill_crds::conversion::ResolvedArchive;

use super::added::{self, Examined};
use super::content::{Content, too_much, unsupported};
use super::directory::Directory;
use super::links::{self, Links};
use super::name::Name;
use super::object::Object;
use super::pattern;
use super::stream::Stream;
use super::tar::{Kind, TarEntry, TarReader};
use super::zip::ZipContent;
use crate::fault::member::Member;
use crate::input::decode::Garbled;
use crate::input::decompress::{Input, Stopped};
use crate::limits::Limits;

/// What is done with a member: its content, or why it is refused unread. What it stops for stops the walk.
pub(crate) type Visit<'v> =
    dyn FnMut(Member, Result<&mut dyn Content, Garbled>) -> Result<ControlFlow<()>, Stopped> + 'v;

/// Goes through a tar archive, which may be compressed, from start to end or until the visit breaks.
pub(crate) fn tar<'r>(
    object: impl Read + 'r,
    (rules, limits): (&ResolvedArchive, &Limits),
    visit: &mut Visit<'_>,
) -> Result<(), Stopped> {
    let mut selection = Selection { rules, seen: 0 };
    let mut links = Links::new(links::MOST);
    let mut reader = TarReader::new(Stream::new(Input::new(Box::new(object), limits)));
    while let Some(TarEntry { name, size, kind }) = reader.next_entry()? {
        // What a link shares may have been told under another name.
        let has_nothing_to_tell = match &kind {
            Kind::Link(target) => links.knows(target),
            Kind::Special => true,
            Kind::File | Kind::Partial(_) => false,
        };
        if has_nothing_to_tell {
            links.note(&name);
            continue;
        }
        let Some((member, refused)) = selection.select(&name, size)? else { continue };
        let unreadable = match kind {
            Kind::Link(target) => Some(links.unread(&target, |target| selection.names(target))),
            Kind::Partial(found) => Some(unsupported("a member with all of its content", found)),
            Kind::File | Kind::Special => None,
        };
        // Read or refused, it is told.
        links.note(&name);
        let flow = match refused.or(unreadable) {
            Some(garbled) => visit(member, Err(garbled))?,
            None => visit_content(member, &mut reader, visit)?,
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Goes through a ZIP archive, in the order of its directory, to its end or until the visit breaks.
pub(crate) fn zip(
    object: &mut dyn Object,
    (rules, limits): (&ResolvedArchive, &Limits),
    visit: &mut Visit<'_>,
) -> Result<(), Stopped> {
    let mut selection = Selection { rules, seen: 0 };
    let mut directory = Directory::open(object)?;
    while let Some(entry) = directory.next_entry(object)? {
        if !entry.is_file {
            continue;
        }
        let Some((member, refused)) = selection.select(&entry.path, entry.size)? else { continue };
        let opened = match refused {
            Some(garbled) => Err(Stopped::Refused(garbled)),
            None => ZipContent::open(object, &entry, directory.start, limits),
        };
        let flow = match opened {
            Ok(mut content) => visit_content(member, &mut content, visit)?,
            Err(Stopped::Refused(garbled)) => visit(member, Err(garbled))?,
            Err(stopped) => return Err(stopped),
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Visits a member with its content, unless the system of whoever packed the archive has added it.
fn visit_content(
    member: Member,
    content: &mut dyn Content,
    visit: &mut Visit<'_>,
) -> Result<ControlFlow<()>, Stopped> {
    let Some(is_added) = added::by_name(&member.name) else { return visit(member, Ok(content)) };
    let ends_archive = content.ends_archive();
    match Examined::new(content) {
        Ok(examined) if is_added(examined.start()) => Ok(ControlFlow::Continue(())),
        Ok(mut examined) => {
            let content: &mut dyn Content = &mut examined;
            visit(member, Ok(content))
        }
        Err(Stopped::Refused(garbled)) if !ends_archive => visit(member, Err(garbled)),
        Err(stopped) => Err(stopped),
    }
}

/// Which files of an archive are read.
struct Selection<'a> {
    rules: &'a ResolvedArchive,
    /// Files so far.
    seen: u64,
}

impl Selection<'_> {
    /// Whether the model names files that are called like this.
    fn names(&self, name: &str) -> bool {
        let members = &self.rules.members;
        members.is_empty() || members.iter().any(|wanted| pattern::matches(wanted, name))
    }

    /// The next file as a member, if it is read, and why it is refused unread.
    fn select(&mut self, name: &[u8], size: u64) -> Result<Option<(Member, Option<Garbled>)>, Stopped> {
        let ResolvedArchive { max_members, max_member_bytes, .. } = self.rules;
        if self.seen == *max_members {
            let expected = format!("an archive of at most {max_members} members (archive.maxMembers)");
            return Err(Stopped::Refused(too_much(expected)));
        }
        let number = u32::try_from(self.seen).unwrap_or(u32::MAX);
        self.seen += 1;
        let Name { text, is_sound } = Name::of(name);
        if !self.names(&text) {
            return Ok(None);
        }
        let refused = if !is_sound {
            let expected = "a name within the archive, without control characters, of at most 1024 bytes";
            Some(unsupported(expected, text.as_str()))
        } else if size > *max_member_bytes {
            let most = format!("a member of at most {max_member_bytes} bytes (archive.maxMemberBytes)");
            Some(too_much(most))
        } else {
            None
        };
        Ok(Some((Member { number, name: text.into() }, refused)))
    }
}
