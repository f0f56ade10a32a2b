//! Counts elements among their siblings, for the positions in paths.

use std::collections::VecDeque;

use crate::automaton::active::Owner;
use crate::evaluate::late::open_objects::{Open, OpenObject};
use crate::events::names::UNKNOWN;

/// Which siblings: the level of their parent, the number of the place in the model, and the owner of the node.
pub(crate) type Family = (usize, u32, Owner);

/// The children of all open elements that have been counted so far, those of the innermost element last.
#[derive(Debug, Default)]
pub(crate) struct Siblings {
    counted: Vec<Counted>,
}

#[derive(Debug)]
struct Counted {
    level: usize,
    id: u32,
    owner: Owner,
    count: u32,
    /// The place from the end that is asked for, if it is one.
    wanted: usize,
    /// The values of the last ones, as many as are wanted.
    last: VecDeque<Vec<u32>>,
}

impl Siblings {
    pub(crate) fn clear(&mut self) {
        self.counted.clear();
    }

    /// Counts one more; returns which one it is, from 1. `objects` learn when the parent's end matters.
    #[inline(never)]
    pub(crate) fn count(&mut self, objects: &mut Vec<OpenObject>, family: Family) -> u32 {
        let counted = self.of(objects, family);
        counted.count = counted.count.saturating_add(1);
        counted.count
    }

    /// Adds the values of one more, of which the place `wanted` from the end counts. Returns the values of the one that
    /// is now too far from the end.
    pub(crate) fn keep_last(
        &mut self,
        objects: &mut Vec<OpenObject>,
        family: Family,
        wanted: usize,
        values: Vec<u32>,
    ) -> Vec<u32> {
        let counted = self.of(objects, family);
        counted.wanted = wanted;
        counted.last.push_back(values);
        if counted.last.len() > wanted { counted.last.pop_front().unwrap_or_default() } else { Vec::new() }
    }

    /// The parent at this level ends. Returns the values that do not have the place that was asked for.
    pub(crate) fn close(&mut self, level: usize) -> Vec<u32> {
        let mut dropped = Vec::new();
        while let Some(Counted { wanted, last, .. }) = self.counted.pop_if(|counted| counted.level == level) {
            // The one with the place is the first of the last ones, if there are so many.
            let kept = usize::from(last.len() == wanted);
            dropped.extend(last.into_iter().skip(kept).flatten());
        }
        dropped
    }

    fn of(&mut self, objects: &mut Vec<OpenObject>, (level, id, owner): Family) -> &mut Counted {
        let here = self.counted.iter().rev().take_while(|counted| counted.level == level).count();
        let start = self.counted.len() - here;
        if here == 0 {
            // What is within the parent ends before it.
            let at = objects.iter().rposition(|open| open.level <= level).map_or(0, |index| index + 1);
            objects.insert(at, OpenObject { level, found: UNKNOWN, shared: false, open: Open::Siblings });
        }
        let known =
            self.counted[start..].iter().position(|counted| counted.id == id && counted.owner == owner);
        let index = known.map_or(self.counted.len(), |index| start + index);
        if known.is_none() {
            self.counted.push(Counted { level, id, owner, count: 0, wanted: 0, last: VecDeque::new() });
        }
        &mut self.counted[index]
    }
}
