//! Reads a sample of XML, with as few repairs as it needs.
//!
//! A sample is read strictly first. Where that is refused, it is read with all repairs, which tells what was mended; and
//! once more without each of these, which tells whether it is needed, and where for the first time.

use std::io::{self, Read};

use docmill_convert::{Needs, Reading, Refusal, Visited, Visitor, visit};
use docmill_crds::conversion::{Entities, Repair};
use docmill_crds::reason::Reason;

use super::again::Again;
use crate::namespaces::Namespaces;
use crate::observe::{Observed, Observer};
use crate::pattern::Pattern;

/// Characters beyond ASCII that tell whether an encoding was the right one.
const TELLING: u64 = 6;

/// What was read of a sample.
#[derive(Debug)]
pub(super) struct SampleRead {
    pub(super) observed: Observed,
    /// The names of characters that it uses.
    pub(super) entities: Entities,
    /// It is several XML documents, or has what only those may have between them.
    pub(super) concatenated: bool,
    pub(super) mended: Vec<Mending>,
}

/// A repair that a sample needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mending {
    pub(super) repair: Repair,
    /// The line and the column of the fault.
    pub(super) place: (u32, u32),
    /// It was read in the encoding that the repair falls back on, and that makes no words.
    pub(super) is_doubtful: bool,
}

/// How an object is read: what is mended, and in which encoding.
type How<'r> = (&'r [Repair], Reading);

/// What was mended in an object, or why that was not enough.
type LenientlyRead = Result<(Vec<Repair>, Reading, Letters), Refusal>;

/// Reads an object to its end. The inner result tells whether it can be read, with repairs if need be; the refusal of one
/// that cannot is about what no repair mends.
pub(super) fn read<R: Read>(
    object: &mut Again<R>,
    namespaces: &mut Namespaces,
    pattern: Option<&Pattern>,
) -> io::Result<Result<SampleRead, Refusal>> {
    let strict = match attempt(object, (&[], Reading::AsDeclared), namespaces, pattern)? {
        Ok(read) => return Ok(Ok(read)),
        Err(refusal) => refusal,
    };
    let (needs, reading) = match needed(object)? {
        Ok(Some(needed)) => needed,
        Ok(None) => return Ok(Err(strict)),
        Err(lenient) => return Ok(Err(further(strict, lenient))),
    };
    let repairs: Vec<_> = needs.iter().map(|mending| mending.repair).collect();
    if repairs.is_empty() || !object.rewind() {
        return Ok(Err(strict));
    }
    let read = attempt(object, (&repairs, reading), namespaces, pattern)?;
    Ok(read.map(|read| SampleRead { mended: needs, ..read }))
}

/// Reads an object in one way.
fn attempt<R: Read>(
    object: &mut Again<R>,
    how: How<'_>,
    namespaces: &mut Namespaces,
    pattern: Option<&Pattern>,
) -> io::Result<Result<SampleRead, Refusal>> {
    let mut observer = Observer::new(namespaces, pattern);
    let needs = visit(object, how, &mut observer)?;
    Ok(needs.map(|Needs { entities, concatenated, .. }| SampleRead {
        observed: observer.observed(),
        entities,
        concatenated,
        mended: Vec::new(),
    }))
}

/// Repairs, and the reading with which they are enough.
type Needed = (Vec<Mending>, Reading);

/// The repairs that an object needs, and the reading with which they are enough; a refusal if all are not enough. `None`
/// for an object that is too long to be read again.
fn needed<R: Read>(object: &mut Again<R>) -> io::Result<Result<Option<Needed>, Refusal>> {
    // Control characters after the root element are mended by a repair of its own, which mends less.
    let narrow: Vec<_> =
        Repair::ALL.into_iter().filter(|repair| *repair != Repair::ControlCharacters).collect();
    let mut lenient = leniently(object, &narrow)?;
    if matches!(lenient, Some(Err(_))) {
        lenient = leniently(object, &Repair::ALL)?;
    }
    let (mut kinds, reading, letters) = match lenient {
        None => return Ok(Ok(None)),
        Some(Err(refusal)) => return Ok(Err(refusal)),
        Some(Ok(read)) => read,
    };
    let mut mended = Vec::new();
    for repair in kinds.clone() {
        if !object.rewind() {
            return Ok(Ok(None));
        }
        let without: Vec<_> = kinds.iter().copied().filter(|other| *other != repair).collect();
        // The other reading is part of this repair.
        let is_of_bytes = repair == Repair::Encoding;
        let reading = if is_of_bytes { Reading::AsDeclared } else { reading };
        match visit(&mut *object, (&without, reading), &mut Letters::default())? {
            Ok(_) => kinds = without,
            Err(refusal) => {
                let place = refusal.faults.first().map_or((1, 1), |fault| (fault.line, fault.column));
                let is_doubtful = is_of_bytes && letters.are_doubtful();
                mended.push(Mending { repair, place, is_doubtful });
            }
        }
    }
    Ok(Ok(Some((mended, reading))))
}

/// Reads an object from its start with these repairs: what was mended, in which reading, and what its texts look like
/// then. `None` for an object that is too long to be read again.
fn leniently<R: Read>(object: &mut Again<R>, repairs: &[Repair]) -> io::Result<Option<LenientlyRead>> {
    for reading in [Reading::AsDeclared, Reading::InFallback, Reading::InNamed] {
        if !object.rewind() {
            return Ok(None);
        }
        let mut letters = Letters::default();
        match visit(&mut *object, (repairs, reading), &mut letters)? {
            Ok(needs) => {
                let kinds = needs.repairs.iter().map(|(repair, _)| repair).collect();
                return Ok(Some(Ok((kinds, reading, letters))));
            }
            Err(refusal) if reading != Reading::InNamed && refusal.reason == Reason::InvalidBytes => {}
            Err(refusal) => return Ok(Some(Err(refusal))),
        }
    }
    Ok(None)
}

/// The refusal that is about the later place: what is before it can be mended.
fn further(strict: Refusal, lenient: Refusal) -> Refusal {
    let place = |refusal: &Refusal| refusal.faults.first().map(|fault| (fault.line, fault.column));
    if place(&lenient) > place(&strict) { lenient } else { strict }
}

/// Characters of texts that tell whether they were read in the right encoding: in languages that windows-1252 is for, a
/// letter beyond ASCII hardly ever stands beside another one.
#[derive(Debug, Default)]
struct Letters {
    /// Those that windows-1252 has, beyond ASCII.
    beyond: u64,
    /// Those of them that follow another one.
    beside: u64,
    /// There are other ones, so that the encoding was another one.
    has_others: bool,
    is_after_one: bool,
}

impl Letters {
    const fn are_doubtful(&self) -> bool {
        !self.has_others && self.beyond >= TELLING && self.beside * 2 > self.beyond
    }
}

impl Visitor for Letters {
    fn start(&mut self, _: &Visited<'_>) {
        self.is_after_one = false;
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            let is_beyond = !c.is_ascii();
            self.has_others |= is_beyond
                && !matches!(c, '\u{80}'..='\u{17f}' | '\u{192}' | '\u{2c6}'..='\u{2dc}' | '\u{2010}'..='\u{2122}');
            self.beyond += u64::from(is_beyond);
            self.beside += u64::from(is_beyond && self.is_after_one);
            self.is_after_one = is_beyond;
        }
    }

    fn end(&mut self) {
        self.is_after_one = false;
    }
}
