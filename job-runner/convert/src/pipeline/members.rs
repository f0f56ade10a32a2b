//! The documents of an object that may be an archive: each member is read as an object would be, and one that is refused
//! does not touch the others.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, SeekFrom};
use std::ops::ControlFlow;

use docmill_crds::conversion::{RepairCounts, ResolvedArchive};
use docmill_crds::reason::Reason;

use super::converter::Converter;
use super::documents::{Verdict, Volume};
use crate::fault::Refusal;
use crate::fault::member::Member;
use crate::fault::position::Position;
use crate::input::archive::content::{Content, ContentReader, too_much, unsupported};
use crate::input::archive::format::{self, Format, HEAD};
use crate::input::archive::object::Object;
use crate::input::archive::walk::{self, Visit};
use crate::input::decode::Garbled;
use crate::input::decompress::{Stopped, is_compressed};
use crate::input::foreign;
use crate::input::object_info::ObjectInfo;
use crate::leniency::Reading;
use crate::limits::Limits;

/// Bytes of a member that are held in memory, where it may have to be read again in another encoding. A larger one is
/// read once.
const REREAD_BYTES: usize = 16 * 1024 * 1024;

impl Converter {
    /// Whether an object may be an archive, so that more than reading it from start to end may be asked for.
    pub const fn opens_archives(&self) -> bool {
        self.archive.is_some()
    }

    /// Converts an object that is read in this way and of which this is known, or that is an archive, whose members are read in the ways that they
    /// need. Calls `verdict` for each document in order, and for each fault of a member or of the object, until it
    /// breaks; returns what was mended. An error means that the object could not be read.
    pub fn each_document<B>(
        &self,
        reading: Reading,
        info: &ObjectInfo,
        object: &mut dyn Object,
        verdict: &mut dyn FnMut(Verdict) -> ControlFlow<B>,
    ) -> io::Result<ControlFlow<B, RepairCounts>> {
        let Some(rules) = &self.archive else { return self.each_of_one(reading, info, object, verdict) };
        let (format, seen) = format::detect(&mut *object, &self.limits)?;
        let Some(format) = format else {
            return self.each_of_one(reading, info, Cursor::new(seen).chain(object), verdict);
        };
        let is_blank = seen.iter().all(|byte| *byte == 0);
        let stored = match format {
            Format::Zip => Some(object.seek(SeekFrom::End(0))?),
            Format::Tar => None,
        };
        let mut unpacking = Unpacking {
            converter: self,
            rules,
            info,
            stored,
            verdict,
            members: 0,
            total: Volume::default(),
            repairs: RepairCounts::default(),
            broken: None,
        };
        let walked = if stored.is_some_and(|stored| stored > self.limits.object_bytes) {
            let most = self.limits.object_bytes;
            Err(Stopped::Refused(too_much(format!("an object of at most {most} bytes"))))
        } else {
            each_member(&self.limits, rules, (format, seen, object), &mut |member, content| {
                unpacking.visit(&member, content)
            })
        };
        let _: ControlFlow<()> = match walked {
            Ok(()) if unpacking.members == 0 => unpacking.refuse(None, no_member(rules, is_blank)),
            Ok(()) => ControlFlow::Continue(()),
            Err(Stopped::Refused(garbled)) => unpacking.refuse(None, garbled),
            Err(Stopped::Io(error)) => return Err(error),
        };
        Ok(match unpacking.broken {
            Some(broken) => ControlFlow::Break(broken),
            None => ControlFlow::Continue(unpacking.repairs),
        })
    }

    /// Reads an archive once more, and calls `copy` with the bytes of those of its members that have these numbers. A
    /// member that cannot be read to its end makes its reader fail, and is left out.
    pub fn copy_members(
        &self,
        object: &mut dyn Object,
        numbers: &BTreeSet<u32>,
        copy: &mut dyn FnMut(&Member, &mut dyn Read) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(rules) = &self.archive else { return Ok(()) };
        let (format, seen) = format::detect(&mut *object, &self.limits)?;
        let Some(format) = format else { return Ok(()) };
        let mut left = numbers.len();
        let walked = each_member(&self.limits, rules, (format, seen, object), &mut |member, content| {
            if !numbers.contains(&member.number) {
                return Ok(ControlFlow::Continue(()));
            }
            left -= 1;
            if let Ok(content) = content {
                let ends_archive = content.ends_archive();
                let mut reader = ContentReader::new(content);
                if let Err(error) = copy(&member, &mut reader) {
                    match reader.stopped(error) {
                        Stopped::Refused(_) if !ends_archive => {}
                        stopped => return Err(stopped),
                    }
                }
            }
            Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        match walked {
            Ok(()) | Err(Stopped::Refused(_)) => Ok(()),
            Err(Stopped::Io(error)) => Err(error),
        }
    }

    /// Converts an object that is no archive.
    fn each_of_one<B>(
        &self,
        reading: Reading,
        info: &ObjectInfo,
        object: impl Read,
        verdict: &mut dyn FnMut(Verdict) -> ControlFlow<B>,
    ) -> io::Result<ControlFlow<B, RepairCounts>> {
        let mut documents = self.documents_in(reading, object).of_object(info.clone());
        for judged in documents.by_ref() {
            if let ControlFlow::Break(broken) = verdict(judged?) {
                return Ok(ControlFlow::Break(broken));
            }
        }
        Ok(ControlFlow::Continue(documents.repairs()))
    }
}

/// Goes through an archive of which `seen` was read already.
pub(super) fn each_member(
    limits: &Limits,
    rules: &ResolvedArchive,
    (format, seen, object): (Format, Vec<u8>, &mut dyn Object),
    visit: &mut Visit<'_>,
) -> Result<(), Stopped> {
    match format {
        Format::Tar => walk::tar(Cursor::new(seen).chain(object), (rules, limits), visit),
        Format::Zip => walk::zip(object, (rules, limits), visit),
    }
}

/// An archive whose members are converted.
struct Unpacking<'c, B> {
    converter: &'c Converter,
    rules: &'c ResolvedArchive,
    info: &'c ObjectInfo,
    /// Bytes of the object, where each member is compressed by itself.
    stored: Option<u64>,
    verdict: &'c mut dyn FnMut(Verdict) -> ControlFlow<B>,
    /// Members so far.
    members: u64,
    total: Volume,
    repairs: RepairCounts,
    /// What the verdict broke with.
    broken: Option<B>,
}

impl<B> Unpacking<'_, B> {
    /// Converts a member. An error ends the archive.
    fn visit(
        &mut self,
        member: &Member,
        content: Result<&mut dyn Content, Garbled>,
    ) -> Result<ControlFlow<()>, Stopped> {
        self.members += 1;
        let content = match content {
            Ok(content) => content,
            Err(garbled) => return Ok(self.refuse(Some(member), garbled)),
        };
        let ends_archive = content.ends_archive();
        let mut reader = ContentReader::new(content);
        let flow = match self.convert(member, &mut reader) {
            Ok(flow) => flow,
            Err(error) => match reader.stopped(error) {
                Stopped::Refused(garbled) if !ends_archive => self.refuse(Some(member), garbled),
                stopped => return Err(stopped),
            },
        };
        if flow.is_continue() {
            self.check_total().map_err(Stopped::Refused)?;
        }
        Ok(flow)
    }

    fn convert(&mut self, member: &Member, reader: &mut ContentReader<'_>) -> io::Result<ControlFlow<()>> {
        let mut start = Vec::new();
        reader.by_ref().take(HEAD as u64).read_to_end(&mut start)?;
        if let Some(found) = self.archive_within(&start)? {
            return Ok(self.refuse(Some(member), unsupported("a member that is no archive itself", found)));
        }
        let converter = self.converter;
        // The member has at most as many bytes already.
        let limits = Limits { object_bytes: self.rules.max_member_bytes, ..converter.limits };
        let reading = self.reading(&limits, &mut start, reader)?;
        let mut documents = converter
            .documents_within(&limits, reading, Cursor::new(start).chain(reader))
            .of_object(self.info.clone());
        let mut outcome = Ok(ControlFlow::Continue(()));
        for judged in documents.by_ref() {
            outcome = judged.map(|verdict| self.tell(Some(member), verdict));
            if !matches!(outcome, Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
        self.total.add(documents.volume());
        self.repairs.merge(&documents.repairs());
        outcome
    }

    /// What a member is that starts like this, if it is an archive, which may be compressed.
    fn archive_within(&self, start: &[u8]) -> io::Result<Option<&'static str>> {
        if Format::of(start).is_some() {
            return Ok(Some(foreign::kind(start).unwrap_or("an archive")));
        }
        if !is_compressed(start) {
            return Ok(None);
        }
        Ok(format::within(start, &self.converter.limits)?.map(|format| match format {
            Format::Zip => "a compressed ZIP archive",
            Format::Tar => "a compressed tar archive",
        }))
    }

    /// How a member has to be read; reads as much of it as that takes.
    fn reading(
        &self,
        limits: &Limits,
        start: &mut Vec<u8>,
        reader: &mut ContentReader<'_>,
    ) -> io::Result<Reading> {
        if !self.converter.rereads() {
            return Ok(Reading::default());
        }
        reader.by_ref().take((REREAD_BYTES - start.len()) as u64).read_to_end(start)?;
        if start.len() < REREAD_BYTES {
            self.converter.reading_of(limits, &mut Cursor::new(start.as_slice()))
        } else {
            Ok(Reading::default())
        }
    }

    /// The caps of an object hold for all of its members together.
    fn check_total(&self) -> Result<(), Garbled> {
        let (limits, Volume { documents, bytes, written }) = (&self.converter.limits, self.total);
        let Limits { documents: most_documents, expanded_bytes, expansion_ratio, .. } = limits;
        if documents > u64::from(*most_documents) {
            return Err(too_much(format!("at most {most_documents} documents in an object")));
        }
        if bytes > *expanded_bytes {
            return Err(too_much(format!("at most {expanded_bytes} bytes after decompression")));
        }
        if self.stored.is_some_and(|stored| bytes > limits.expansion(stored)) {
            let expected = format!("at most {expansion_ratio} times as many bytes after decompression");
            return Err(too_much(expected));
        }
        if written > limits.expansion(bytes) {
            let expected =
                format!("documents of at most {expansion_ratio} times as many bytes as the members");
            return Err(too_much(expected));
        }
        Ok(())
    }

    fn refuse(&mut self, member: Option<&Member>, garbled: Garbled) -> ControlFlow<()> {
        let fault = garbled.at(0).place(None, Position::START);
        self.tell(member, Err(Refusal::object(fault)))
    }

    fn tell(&mut self, member: Option<&Member>, verdict: Verdict) -> ControlFlow<()> {
        let named = match verdict {
            Ok(mut document) => {
                document.member = member.cloned();
                Ok(document)
            }
            Err(mut refusal) => {
                refusal.member = member.cloned();
                Err(refusal)
            }
        };
        match (self.verdict)(named) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(broken) => {
                self.broken = Some(broken);
                ControlFlow::Break(())
            }
        }
    }
}

/// An archive without a member that is read; `is_blank`: it might be no archive, but what a failed upload left.
fn no_member(rules: &ResolvedArchive, is_blank: bool) -> Garbled {
    let expected = match rules.members.as_slice() {
        [] => "an archive with a member".to_owned(),
        patterns => format!("a member that is called as archive.members says: {}", patterns.join(", ")),
    };
    let found = is_blank.then(|| "nothing but zeros, as a tar archive without members has them".to_owned());
    Garbled { reason: Reason::NoRecord, expected, found }
}
