//! Puts and removals of one key in every order, each at any point of the others, repeated and broken off: in the end the
//! index holds what the bucket holds. The stores are maps here; who may take what is decided by the rules under test, and
//! the order of the steps is that of `place`, `committer`, `take_back` and `remove`.

use std::collections::{BTreeMap, BTreeSet};

use docmill_crds::records::heads::{DocumentHead, KeyHead};
use docmill_crds::records::units::{DocumentAddress, UnitId};
use proptest::prelude::*;

use crate::ingest::index::claim::{Claim, Claimant, Retired, document, key, retire, tombstone};

/// What each version of the object holds.
const DOCUMENTS: [&[&str]; 3] = [&["a", "b"], &["b", "c"], &["a", "d"]];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Indexed,
    /// Skipped, and nobody has taken back what there may be.
    Skipped,
    /// Skipped, and everything was taken back.
    Withdrawn,
}

#[derive(Default)]
struct World {
    versioned: bool,
    /// Whether the heads are read again after the write; in an index that was there before, they are not.
    reads_again: bool,
    current: Option<usize>,
    /// The head of the key, and how often it was written.
    key: (Option<KeyHead>, u64),
    documents: BTreeMap<&'static str, DocumentHead>,
    /// The version of each document, and the unit of it; none where it is deleted.
    index: BTreeMap<&'static str, (u64, Option<usize>)>,
    /// The state of each unit's record, its version, and how often it was written.
    records: BTreeMap<usize, (State, u64, u64)>,
}

fn unit(version: usize) -> UnitId {
    UnitId { bucket: "raw".into(), key: "k".into(), version: version.to_string() }
}

impl World {
    fn state(&self, unit: usize) -> Option<State> {
        self.records.get(&unit).map(|(state, ..)| *state)
    }

    fn writes(&self, unit: usize) -> u64 {
        self.records.get(&unit).map_or(0, |(_, _, writes)| *writes)
    }

    /// Whether the record was not older than the stored one.
    fn record(&mut self, unit: usize, state: State, version: u64) -> bool {
        if self.records.get(&unit).is_some_and(|(_, stored, _)| *stored > version) {
            return false;
        }
        self.records.insert(unit, (state, version, self.writes(unit) + 1));
        true
    }

    fn write(&mut self, id: &'static str, version: u64, unit: Option<usize>) {
        let stored = self.index.entry(id).or_default();
        if version >= stored.0 {
            *stored = (version, unit);
        }
    }

    fn take_back(&mut self, ids: impl IntoIterator<Item = &'static str>, below: u64) {
        for id in ids {
            if let Some(Retired::Now(head) | Retired::Before(head)) =
                retire(self.documents.get(id), "k", below)
            {
                self.write(id, head.version, None);
                self.documents.insert(id, head);
            }
        }
    }

    /// Takes back all that a unit without a proper record may have stored, and what it may have claimed and not stored.
    fn take_back_unrecorded(&mut self, unit: usize, head: &KeyHead) {
        self.foreclose_and_take_back(unit, head, |_| true);
    }

    fn foreclose_and_take_back(&mut self, unit: usize, head: &KeyHead, takes: impl Fn(usize) -> bool) {
        self.record(unit, State::Skipped, 2 * head.version - 1);
        let found = self.index.iter().filter(|(_, (_, of))| of.is_some_and(&takes));
        let found: Vec<_> = found.map(|(id, _)| *id).collect();
        self.take_back(found, head.version);
    }

    /// What the successor of a unit, or its removal, does about it.
    fn take_back_of(&mut self, unit: usize, head: &KeyHead, read: Option<State>) {
        match read {
            Some(State::Withdrawn) => {}
            Some(State::Indexed) => self.take_back(DOCUMENTS[unit].iter().copied(), head.version),
            Some(State::Skipped) | None => self.take_back_unrecorded(unit, head),
        }
    }
}

/// A unit of a key, its record as it was read, and how often that was written by then.
type Read = (usize, Option<State>, u64);

/// A message in the hands of a worker.
#[derive(Clone, Debug)]
struct Actor {
    /// The version that was put; none for a removal.
    put: Option<usize>,
    attempts: u32,
    step: u32,
    read: (Option<KeyHead>, u64),
    /// The heads of its documents as they were read.
    documents: Vec<(&'static str, Option<DocumentHead>)>,
    present: Option<usize>,
    own: Option<KeyHead>,
    claimed: Vec<(&'static str, DocumentHead)>,
    units: Vec<Read>,
    is_done: bool,
}

impl Actor {
    fn new(put: Option<usize>) -> Self {
        Self {
            put,
            attempts: 1,
            step: 0,
            read: (None, 0),
            documents: Vec::new(),
            present: None,
            own: None,
            claimed: Vec::new(),
            units: Vec::new(),
            is_done: false,
        }
    }

    /// Its worker dies, and the message comes back.
    fn break_off(&mut self, message: Option<usize>) {
        *self = Self { attempts: self.attempts + 1, ..Self::new(message) };
    }

    fn go_on(&mut self, world: &mut World) {
        self.step += 1;
        match self.put {
            Some(version) => self.put(version, world),
            None => self.remove(world),
        }
    }

    fn own(&self) -> KeyHead {
        self.own.clone().expect("it has the key")
    }

    fn read_units<'a>(world: &World, versions: impl Iterator<Item = &'a String>) -> Vec<Read> {
        let units: BTreeSet<usize> = versions.filter_map(|version| version.parse().ok()).collect();
        units.into_iter().map(|unit| (unit, world.state(unit), world.writes(unit))).collect()
    }

    fn take_back_units(&self, world: &mut World) {
        for (unit, state, _) in &self.units {
            world.take_back_of(*unit, &self.own(), *state);
        }
    }

    fn put(&mut self, version: usize, world: &mut World) {
        match self.step {
            1 if world.state(version) == Some(State::Indexed) => self.is_done = true,
            1 if !world.versioned && world.current != Some(version) => self.pass_over(version, world),
            1 => {}
            2 => {
                let read = DOCUMENTS[version].iter().map(|name| (*name, world.documents.get(name).cloned()));
                self.documents = read.collect();
                self.read = world.key.clone();
                self.claimed.clear();
            }
            3 => self.present = world.current,
            4 => self.claim(version, world),
            5 => {
                for (name, head) in &self.claimed {
                    world.write(name, head.version, Some(version));
                }
            }
            6 if !world.reads_again => {}
            6 => {
                for (name, _) in &self.claimed {
                    let gone = world.documents.get(name).filter(|head| head.gone).map(|head| head.version);
                    if let Some(gone) = gone {
                        world.write(name, gone, None);
                    }
                }
            }
            7 => self.units = Self::read_units(world, self.own().earlier.iter()),
            8 => self.take_back_units(world),
            _ => {
                self.record(version, world);
                self.is_done = true;
            }
        }
    }

    fn claim(&mut self, version: usize, world: &mut World) {
        let id = unit(version);
        let last_modified = 1000 * i64::try_from(version + 1).expect("a small number");
        let me = Claimant { id: &id, digest: id.digest(), last_modified };
        let is_present = Some(self.present == Some(version));
        let own = match key(self.read.0.as_ref(), &me, is_present, false) {
            Claim::Held(head) => head,
            Claim::Take(_) if self.read.1 != world.key.1 => {
                self.step = 1;
                return;
            }
            Claim::Take(head) => {
                world.key = (Some(head.clone()), world.key.1 + 1);
                head
            }
            Claim::Lost(head) => {
                world.take_back(DOCUMENTS[version].iter().copied(), head.version);
                let state = if head.gone { State::Skipped } else { State::Withdrawn };
                world.record(version, state, 2 * head.version - 1);
                self.is_done = true;
                return;
            }
            Claim::AskStore => panic!("it was asked"),
        };
        for (name, seen) in &self.documents {
            let address = DocumentAddress { index: "a".into(), id: (*name).into() };
            match document(seen.as_ref(), &me, own.version, &address) {
                Claim::Held(head) => self.claimed.push((name, head)),
                // The next round reads all anew.
                Claim::Take(_) if world.documents.get(name) != seen.as_ref() => self.step = 1,
                Claim::Take(head) => {
                    world.documents.insert(name, head.clone());
                    self.claimed.push((name, head));
                }
                Claim::Lost(_) | Claim::AskStore => {}
            }
        }
        self.own = Some(own);
    }

    fn record(&self, version: usize, world: &mut World) {
        let own = self.own();
        for (unit, state, _) in &self.units {
            if *state != Some(State::Withdrawn) {
                world.record(*unit, State::Withdrawn, 2 * own.version - 1);
            }
        }
        if !world.record(version, State::Indexed, 2 * own.version) {
            let now = world.key.0.clone().expect("a head");
            if now.gone || now.unit != unit(version) {
                world.take_back(DOCUMENTS[version].iter().copied(), now.version);
            }
        }
    }

    /// The object is not there any more.
    fn pass_over(&mut self, version: usize, world: &mut World) {
        if self.attempts > 1
            && let Some(head) = world.key.0.clone()
            && ((head.gone && head.unit == unit(version)) || head.earlier.contains(&version.to_string()))
        {
            world.foreclose_and_take_back(version, &head, |of| head.gone || of == version);
        }
        if world.state(version).is_none() {
            world.record(version, State::Skipped, 1);
        }
        self.is_done = true;
    }

    fn remove(&mut self, world: &mut World) {
        match self.step {
            1 => self.read = world.key.clone(),
            2 => {
                if let Some(present) = world.current {
                    let is_another =
                        self.read.0.as_ref().is_some_and(|head| head.gone || head.unit != unit(present));
                    // What it holds is then seen to its end in the place of the removal.
                    *self =
                        Self { is_done: !is_another, attempts: self.attempts, ..Self::new(Some(present)) };
                }
            }
            3 if self.read.1 != world.key.1 => self.step = 0,
            3 => {
                let head = tombstone(self.read.0.as_ref(), "raw", "k", 1);
                world.key = (Some(head.clone()), world.key.1 + 1);
                self.own = Some(head);
            }
            4 => {
                let head = self.own();
                let versions = std::iter::once(&head.unit.version).chain(&head.earlier);
                self.units = Self::read_units(world, versions);
            }
            5 => self.take_back_units(world),
            _ => self.record_removals(world),
        }
    }

    fn record_removals(&mut self, world: &mut World) {
        let head = self.own();
        for (unit, state, writes) in &self.units {
            match state {
                Some(State::Withdrawn) => {}
                Some(State::Indexed) if world.writes(*unit) != *writes => {
                    self.step = 0;
                    return;
                }
                _ => drop(world.record(*unit, State::Withdrawn, 2 * head.version)),
            }
        }
        self.is_done = true;
    }
}

/// What happens to the bucket: a version is put, or the object is removed.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Put(usize),
    Removed,
}

const STORIES: [&[Happens]; 6] = [
    &[Happens::Put(0), Happens::Removed],
    &[Happens::Put(0), Happens::Removed, Happens::Put(1)],
    &[Happens::Put(0), Happens::Put(1), Happens::Removed],
    &[Happens::Put(0), Happens::Removed, Happens::Put(1), Happens::Removed],
    &[Happens::Put(0), Happens::Removed, Happens::Put(1), Happens::Removed, Happens::Put(2)],
    &[Happens::Put(0), Happens::Put(1), Happens::Put(2), Happens::Removed],
];

/// The bucket, and the messages about it.
struct BucketStory<'a> {
    story: std::slice::Iter<'a, Happens>,
    copies: usize,
    messages: Vec<(Option<usize>, Actor)>,
}

impl BucketStory<'_> {
    /// The next thing happens, if there is one.
    fn happen(&mut self, world: &mut World) -> bool {
        let Some(what) = self.story.next() else { return false };
        world.current = match what {
            Happens::Put(version) => Some(*version),
            Happens::Removed => None,
        };
        let message = (world.current, Actor::new(world.current));
        self.messages.extend(std::iter::repeat_n(message, self.copies));
        true
    }
}

/// Runs a story: each choice lets the bucket go on, or one of the actors, or breaks that off.
fn run(
    story: &[Happens],
    (versioned, reads_again): (bool, bool),
    copies: usize,
    choices: &[(u8, bool)],
) -> World {
    let mut world = World { versioned, reads_again, ..World::default() };
    let mut bucket = BucketStory { story: story.iter(), copies, messages: Vec::new() };
    for (choice, breaks_off) in choices {
        let at = usize::from(*choice) % (bucket.messages.len() + 1);
        match bucket.messages.get_mut(at) {
            None => drop(bucket.happen(&mut world)),
            Some((_, actor)) if actor.is_done => {}
            Some((message, actor)) if *breaks_off => actor.break_off(*message),
            Some((_, actor)) => actor.go_on(&mut world),
        }
    }
    while bucket.happen(&mut world) {}
    for round in 0.. {
        assert!(round < 10_000, "it does not come to its end: {:?}", bucket.messages);
        let open = bucket.messages.iter_mut().filter(|(_, actor)| !actor.is_done);
        if open.map(|(_, actor)| actor.go_on(&mut world)).count() == 0 {
            break;
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn in_the_end_the_index_holds_what_the_bucket_holds(
        story in 0..STORIES.len(),
        settings in any::<(bool, bool)>(),
        copies in 1..3_usize,
        choices in prop::collection::vec((any::<u8>(), prop::bool::weighted(0.05)), 0..120),
    ) {
        let world = run(STORIES[story], settings, copies, &choices);
        let present = world.current.iter();
        let expected: BTreeMap<_, _> = present
            .flat_map(|version| DOCUMENTS[*version].iter().map(|name| (*name, *version)))
            .collect();
        let found = world.index.iter().filter_map(|(name, (_, of))| Some((*name, (*of)?)));
        prop_assert_eq!(found.collect::<BTreeMap<_, _>>(), expected, "{:?}", world.records);
        let indexed = world.records.iter().filter(|(_, (state, ..))| *state == State::Indexed);
        let indexed: Vec<usize> = indexed.map(|(unit, _)| *unit).collect();
        prop_assert_eq!(indexed, world.current.into_iter().collect::<Vec<_>>());
        let head = world.key.0.expect("a head");
        prop_assert_eq!(head.gone, world.current.is_none());
        prop_assert!(head.gone || head.unit.version.parse().ok() == world.current);
    }
}
