//! Text whose loss is not known while it streams by.
//!
//! A value may be collected and yet not be taken: when an earlier path of its field turns out to have one, or
//! when no document needs what stands outside of documents. What it is made of is remembered by path, and
//! counts as lost when that is known.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::automaton::SlotId;
use crate::events::names::{UNKNOWN, number};
use crate::losses::{Identity, LossCounter, LossKind, MOST_PATHS};

/// How many texts outside of documents are remembered; what goes beyond is taken to be needed.
const MOST_OUTSIDE: usize = 100_000;

/// How much of a text is kept as an example, in bytes.
const EXAMPLE: usize = 120;

/// A value that claims text, and may not be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claimer {
    /// Its slot; of a value outside of documents the position among the slots of the document.
    pub(crate) slot: SlotId,
    /// Its place in the document.
    pub(crate) found: u32,
    /// If it is the own text of one element: the level of that.
    pub(crate) own: Option<usize>,
    /// It keeps the attributes within it.
    pub(crate) markup: bool,
    /// The number of its [`Claimed`]; unknown outside of documents.
    pub(crate) claimed: u32,
}

impl Claimer {
    pub(crate) const fn new(slot: SlotId, found: u32) -> Self {
        Self { slot, found, own: None, markup: false, claimed: UNKNOWN }
    }

    fn claims_text(&self, level: usize) -> bool {
        self.own.is_none_or(|own| own == level)
    }
}

/// A value of the open document that claims text, and may not be taken.
#[derive(Debug)]
struct Claimed {
    slot: SlotId,
    /// Its place in the document, which another value has later if this one is empty.
    found: u32,
    empty: bool,
}

/// A text or an attribute of the open document, and one of the values that claim it.
#[derive(Debug)]
struct Waiting {
    path: u64,
    kind: LossKind,
    /// The number of the value's [`Claimed`].
    claimed: u32,
    /// The next one is about the same text.
    more: bool,
}

/// A text or an attribute outside of documents, as one of the values that claim it.
#[derive(Clone, Debug)]
pub(crate) struct OutsideText {
    path: u64,
    kind: LossKind,
    /// Whether a document has taken one of the values; `None` if there is only this one, and no document has.
    taken: Option<Arc<AtomicBool>>,
}

impl OutsideText {
    /// A text that so many values claim.
    fn new(path: u64, kind: LossKind, claimers: usize) -> Self {
        Self { path, kind, taken: (claimers > 1).then(Arc::default) }
    }

    /// A document takes the value.
    fn take(self) {
        if let Some(taken) = self.taken {
            taken.store(true, Ordering::Relaxed);
        }
    }

    /// The value is out of reach of documents. Returns what is lost, if no document has taken it and no other value
    /// has it.
    fn release(self) -> Option<(u64, LossKind)> {
        let is_lost = self.taken.is_none_or(|taken| {
            // Whoever drops it last knows.
            Arc::into_inner(taken).is_some_and(|taken| !taken.into_inner())
        });
        is_lost.then_some((self.path, self.kind))
    }
}

/// The texts of what was collected outside of documents for one slot.
pub(crate) type OutsideTexts = Vec<OutsideText>;

#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// The values that are being collected, outermost first.
    claimers: Vec<Claimer>,
    /// The texts of each of them, outside of documents; and empty ones beyond them, whose memory is for the next.
    collected: Vec<OutsideTexts>,
    /// Attributes of the element that starts, by their numbers.
    attributes: Vec<(usize, Claimer)>,
    in_document: bool,
    /// How many of the claimers are around the document. They claim nothing within it.
    around: usize,
    claimed: Vec<Claimed>,
    waiting: Vec<Waiting>,
    /// By the position of the slot.
    outside: Vec<OutsideTexts>,
    /// How many texts are in them.
    outside_texts: usize,
    /// Paths that may be lost, and an example of each.
    paths: Paths,
}

/// The path of each hash, and an example.
type Paths = HashMap<u64, (String, String), BuildHasherDefault<Identity>>;

impl Doubts {
    pub(crate) fn start_object(&mut self) {
        self.claimers.clear();
        self.collected.iter_mut().for_each(Vec::clear);
        self.attributes.clear();
        self.claimed.clear();
        self.waiting.clear();
        self.end_document();
    }

    pub(crate) fn start_document(&mut self) {
        self.claimed.clear();
        self.waiting.clear();
        self.in_document = true;
        self.around = self.claimers.len();
    }

    pub(crate) const fn end_document(&mut self) {
        self.in_document = false;
        self.around = 0;
    }

    /// A value is being collected from the element that starts.
    pub(crate) fn collect(&mut self, claimer: Claimer) {
        let claimer = self.number(claimer);
        self.claimers.push(claimer);
        if self.collected.len() < self.claimers.len() {
            self.collected.push(OutsideTexts::new());
        }
    }

    /// An attribute of the element that starts is a value.
    pub(crate) fn attribute(&mut self, index: usize, claimer: Claimer) {
        let claimer = self.number(claimer);
        self.attributes.push((index, claimer));
    }

    fn number(&mut self, claimer: Claimer) -> Claimer {
        if !self.in_document {
            return claimer;
        }
        let Claimer { slot, found, .. } = claimer;
        self.claimed.push(Claimed { slot, found, empty: false });
        Claimer { claimed: number(self.claimed.len() - 1), ..claimer }
    }

    /// How many values are being collected.
    pub(crate) const fn len(&self) -> usize {
        self.claimers.len()
    }

    /// The innermost element ends; so many values are being collected around it.
    pub(crate) fn close(&mut self, around: usize) {
        if self.claimers.len() > around {
            self.stop_collecting(around);
        }
    }

    fn stop_collecting(&mut self, around: usize) {
        while self.claimers.len() > around
            && let Some(claimer) = self.claimers.pop()
        {
            if !self.in_document {
                self.push_collected(claimer.slot);
            }
        }
    }

    /// What was collected for a value outside of documents, around which are all that are left, is complete.
    fn push_collected(&mut self, slot: u32) {
        let index = self.claimers.len();
        let Some(mut texts) = self.collected.get_mut(index).map(std::mem::take) else { return };
        texts.drain(..).for_each(|text| self.push_outside(slot, text));
        if let Some(place) = self.collected.get_mut(index) {
            *place = texts;
        }
    }

    /// Whether own text of the innermost element, at this level, belongs to a value that may not be taken.
    pub(crate) fn claim_text(&self, level: usize) -> bool {
        self.claimers.get(self.around..).unwrap_or_default().iter().any(|claimer| claimer.claims_text(level))
    }

    /// The start of a text that may be lost: enough to see that it is not blank, and for an example.
    pub(crate) fn example(text: &str) -> &str {
        let text = text.trim_start_matches([' ', '\t', '\r', '\n']);
        let end = (0..=EXAMPLE.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        end.and_then(|end| text.get(..end)).unwrap_or_default()
    }

    /// The element at this level has own text that belongs to values that may not be taken: to some of the
    /// outermost `claimers`. Those beyond them are collected from a child that is about to start.
    pub(crate) fn text(
        &mut self,
        hash: u64,
        (level, claimers): (usize, usize),
        path: impl FnOnce() -> String,
        example: &str,
    ) {
        remember(&mut self.paths, hash, path, example);
        let claimers = self.claimers.get(self.around..claimers).unwrap_or_default().iter();
        if self.in_document {
            let claimers = claimers.filter(|claimer| claimer.claims_text(level));
            return wait(&mut self.waiting, hash, LossKind::Element, claimers);
        }
        let claiming = claimers.clone().filter(|claimer| claimer.claims_text(level)).count();
        let text = OutsideText::new(hash, LossKind::Element, claiming);
        for (claimer, texts) in claimers.zip(&mut self.collected) {
            if claimer.claims_text(level) {
                texts.push(text.clone());
            }
        }
    }

    /// Whether the attribute with this number, of an element within the first `around` values, belongs to a
    /// value that may not be taken. Then it is remembered.
    pub(crate) fn take_attribute(
        &mut self,
        index: usize,
        around: usize,
        hash: u64,
        path: impl FnOnce() -> String,
        value: &str,
    ) -> bool {
        if self.attributes.is_empty() && around <= self.around {
            return false;
        }
        let own = self.attributes.iter().filter(|(attribute, _)| *attribute == index);
        let markup = self.claimers.get(self.around..around).unwrap_or_default().iter();
        let markup = markup.filter(|claimer| claimer.markup);
        let mut claimers = own.map(|(_, claimer)| claimer).chain(markup).peekable();
        if claimers.peek().is_none() {
            return false;
        }
        remember(&mut self.paths, hash, path, Self::example(value));
        if self.in_document {
            wait(&mut self.waiting, hash, LossKind::Attribute, claimers);
        } else {
            let slots: Vec<_> = claimers.map(|claimer| claimer.slot).collect();
            let text = OutsideText::new(hash, LossKind::Attribute, slots.len());
            for slot in slots {
                self.push_outside(slot, text.clone());
            }
        }
        true
    }

    /// The attributes of the element have been seen.
    pub(crate) fn attributes_end(&mut self) {
        self.attributes.clear();
    }

    /// The value turned out to be empty: all its text is excluded, which is no loss.
    pub(crate) fn forget(&mut self, found: u32) {
        // Those that came after it are within it, and have later places.
        let last = self.claimed.iter_mut().rev().find(|claimed| claimed.found <= found);
        if let Some(claimed) = last.filter(|claimed| claimed.found == found) {
            claimed.empty = true;
        }
    }

    /// The document is complete: counts what it does not take.
    pub(crate) fn resolve(&mut self, losses: &mut LossCounter, takes: impl Fn(u32, SlotId) -> bool) {
        let Self { claimed, waiting, paths, .. } = self;
        let takes = |id: u32| {
            claimed.get(id as usize).is_none_or(|value| value.empty || takes(value.found, value.slot))
        };
        let mut kept = false;
        for Waiting { path, kind, claimed, more } in waiting.drain(..) {
            kept = kept || takes(claimed);
            if more {
                continue;
            }
            if !kept {
                lose(losses, paths, path, kind);
            }
            kept = false;
        }
    }

    /// Whether something outside of documents is waiting to be taken for this slot.
    pub(crate) fn waits_outside(&self, slot: u32) -> bool {
        self.outside.get(slot as usize).is_some_and(|texts| !texts.is_empty())
    }

    /// A document takes what was collected outside for this slot.
    pub(crate) fn take_outside(&mut self, slot: u32) {
        let Some(texts) = self.outside.get_mut(slot as usize) else { return };
        self.outside_texts -= texts.len();
        texts.drain(..).for_each(OutsideText::take);
    }

    /// What was collected outside for this slot so far is out of reach of documents, perhaps for a while.
    pub(crate) fn set_aside(&mut self, slot: u32) -> OutsideTexts {
        let texts = self.outside.get_mut(slot as usize).map(std::mem::take).unwrap_or_default();
        self.outside_texts -= texts.len();
        texts
    }

    /// What was set aside is in reach again.
    pub(crate) fn put_back(&mut self, slot: u32, texts: OutsideTexts) {
        for text in texts {
            self.push_outside(slot, text);
        }
    }

    /// What was collected outside for this slot is out of reach for good: counts what no document took.
    pub(crate) fn drop_outside(&mut self, slot: u32, losses: &mut LossCounter) {
        let Some(texts) = self.outside.get_mut(slot as usize) else { return };
        self.outside_texts -= texts.len();
        for (path, kind) in texts.drain(..).filter_map(OutsideText::release) {
            lose(losses, &self.paths, path, kind);
        }
    }

    /// The same for all slots.
    pub(crate) fn drop_all_outside(&mut self, losses: &mut LossCounter) {
        if self.outside_texts > 0 {
            for slot in 0..number(self.outside.len()) {
                self.drop_outside(slot, losses);
            }
        }
    }

    fn push_outside(&mut self, slot: u32, text: OutsideText) {
        if self.outside_texts >= MOST_OUTSIDE {
            return text.take();
        }
        let slot = slot as usize;
        if self.outside.len() <= slot {
            self.outside.resize_with(slot + 1, Vec::new);
        }
        if let Some(texts) = self.outside.get_mut(slot) {
            texts.push(text);
            self.outside_texts += 1;
        }
    }
}

/// Remembers a text or an attribute of the document, with the values that claim it.
fn wait<'c>(
    waiting: &mut Vec<Waiting>,
    path: u64,
    kind: LossKind,
    claimers: impl Iterator<Item = &'c Claimer>,
) {
    waiting.extend(claimers.map(|claimer| Waiting { path, kind, claimed: claimer.claimed, more: true }));
    if let Some(last) = waiting.last_mut() {
        last.more = false;
    }
}

/// Remembers a path that may be lost.
fn remember(paths: &mut Paths, hash: u64, path: impl FnOnce() -> String, example: &str) {
    if paths.len() < MOST_PATHS && !paths.contains_key(&hash) {
        remember_first(paths, hash, path(), example);
    }
}

#[cold]
fn remember_first(paths: &mut Paths, hash: u64, path: String, example: &str) {
    paths.insert(hash, (path, example.to_owned()));
}

/// Counts a path that was remembered.
fn lose(losses: &mut LossCounter, paths: &Paths, path: u64, kind: LossKind) {
    match paths.get(&path) {
        Some((written, example)) => losses.count(path, kind, || written.clone(), example),
        None => losses.count_without_path(),
    }
}
