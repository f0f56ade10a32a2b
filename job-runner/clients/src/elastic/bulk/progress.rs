//! Tracks which items of a bulk are settled, and which have to be sent again and in what parts. No I/O.

use std::collections::{HashMap, HashSet, VecDeque};

use docmill_crds::contract::IndexTrouble;
use docmill_crds::error_class::{Classify, ErrorClass};

use super::item_result::{ItemOutcome, ItemResult, may_be_of_document};
use crate::elastic::error::{ElasticError, ErrorCause};

/// Maximum number of parts into which a bulk is split to find a slow index.
const MOST_GROUPS: usize = 16;
/// How often code of the cluster has to fail at an item before the item is at fault.
const TIMES_FAILED: u32 = 3;

/// Whether an item is left unsettled because its index has trouble of its own: takes the position of the
/// index among the names, the trouble, and whether the same response accepted items of other indices.
pub(crate) type Leave<'a> = &'a (dyn Fn(usize, IndexTrouble, bool) -> bool + Sync);

/// What is settled and what still has to be sent.
pub(crate) struct BulkProgress {
    outcomes: Vec<Option<ItemOutcome>>,
    settled: usize,
    /// For each item, the position of its index among the names.
    indices: Vec<usize>,
    /// Positions of items, one list per request. What has to wait goes to the end.
    parts: VecDeque<Vec<usize>>,
    /// The item that something other than Elasticsearch refuses, alone.
    foreign: Option<(usize, ErrorCause)>,
    /// Whether any item was accepted.
    has_accepted: bool,
    /// The indices of which items were accepted.
    accepted: HashSet<usize>,
    /// Open items at which code of the cluster fails: how often, and how the last time.
    failing: HashMap<usize, (u32, ErrorCause)>,
    /// Items that were not answered in time, of one index each.
    late: Vec<usize>,
    /// Whether a request was late.
    is_split: bool,
    /// Whether another one was answered in time since.
    others_in_time: bool,
}

impl BulkProgress {
    /// All items are open, and go into one request.
    pub(crate) fn new(indices: Vec<usize>) -> Self {
        let items = indices.len();
        let parts = if items == 0 { VecDeque::new() } else { VecDeque::from([(0..items).collect()]) };
        let outcomes = vec![None; items];
        Self {
            outcomes,
            settled: 0,
            indices,
            parts,
            foreign: None,
            has_accepted: false,
            accepted: HashSet::new(),
            failing: HashMap::new(),
            late: Vec::new(),
            is_split: false,
            others_in_time: false,
        }
    }

    /// Number of items without an outcome.
    pub(crate) fn open(&self) -> usize {
        self.outcomes.len() - self.settled
    }

    /// The items of the next request.
    pub(crate) fn next_part(&mut self) -> Option<Vec<usize>> {
        self.parts.pop_front()
    }

    /// Position of the index of an item.
    pub(crate) fn index_of(&self, position: usize) -> usize {
        self.indices[position]
    }

    /// Positions of the indices of a part, each once, ascending.
    pub(crate) fn indices_of(&self, part: &[usize]) -> Vec<usize> {
        let mut indices: Vec<usize> = part.iter().map(|&position| self.indices[position]).collect();
        indices.sort_unstable();
        indices.dedup();
        indices
    }

    fn settle(&mut self, position: usize, outcome: ItemOutcome) {
        self.outcomes[position] = Some(outcome);
        self.settled += 1;
    }

    /// Processes the result of a request for the items at `positions`. Returns the reason if a pause is due,
    /// and an error if continuing makes no sense.
    pub(crate) fn take_in(
        &mut self,
        positions: Vec<usize>,
        answer: Result<Vec<ItemResult>, ElasticError>,
        leave: Leave<'_>,
    ) -> Result<Option<ElasticError>, ElasticError> {
        match answer {
            Ok(verdicts) => self.take_verdicts(&positions, verdicts, leave),
            Err(ElasticError::Refused(fault)) if fault.is_foreign() => {
                self.set_aside_or_halve(positions, fault)?;
                Ok(None)
            }
            Err(error) => match error.class() {
                ErrorClass::User => Err(error),
                ErrorClass::Permanent => {
                    self.reject_or_halve(positions, error)?;
                    Ok(None)
                }
                ErrorClass::Transient => {
                    // A request larger than the cluster accepts at a time would be throttled forever.
                    let too_much = error.fault().is_some_and(|fault| fault.status == 429);
                    if too_much {
                        self.halve(positions);
                    } else {
                        self.parts.push_back(positions);
                    }
                    Ok(Some(error))
                }
            },
        }
    }

    /// First what is settled, since it shows which indices accept writes; then what is not.
    fn take_verdicts(
        &mut self,
        positions: &[usize],
        verdicts: Vec<ItemResult>,
        leave: Leave<'_>,
    ) -> Result<Option<ElasticError>, ElasticError> {
        let (mut accepted, mut open) = (Vec::new(), Vec::new());
        for (&position, verdict) in positions.iter().zip(verdicts) {
            let trouble = verdict.fault().and_then(ErrorCause::index_trouble);
            match verdict {
                ItemResult::Final(ItemOutcome::Rejected(fault)) if trouble.is_some() => {
                    open.push((position, fault, trouble, true));
                }
                ItemResult::Final(outcome) => {
                    if matches!(outcome, ItemOutcome::Done | ItemOutcome::Superseded) {
                        accepted.push(self.indices[position]);
                    }
                    self.settle(position, outcome);
                }
                ItemResult::Retry(fault) => open.push((position, fault, trouble, false)),
            }
        }
        accepted.dedup();
        self.has_accepted |= !accepted.is_empty();
        self.accepted.extend(&accepted);
        let (mut to_retry, mut pause_reason) = (Vec::new(), None);
        for (position, fault, trouble, is_final) in open {
            let index = self.indices[position];
            let accepted_others = accepted.iter().any(|other| *other != index);
            match trouble.filter(|trouble| leave(index, *trouble, accepted_others)) {
                Some(trouble) => self.settle(position, ItemOutcome::Held(trouble, fault)),
                None if is_final => self.settle(position, ItemOutcome::Rejected(fault)),
                None if fault.class() == ErrorClass::User => return Err(ElasticError::Refused(fault)),
                None => {
                    to_retry.push(position);
                    self.record_failing(position, &fault);
                    pause_reason = Some(ElasticError::Refused(fault));
                }
            }
        }
        if !to_retry.is_empty() {
            self.parts.push_back(to_retry);
        }
        Ok(pause_reason)
    }

    fn record_failing(&mut self, position: usize, fault: &ErrorCause) {
        if may_be_of_document(fault) {
            let times = self.failing.get(&position).map_or(0, |(times, _)| *times);
            self.failing.insert(position, (times + 1, fault.clone()));
        } else {
            self.failing.remove(&position);
        }
    }

    /// At the end of the patience: rejects the items at which code of the cluster failed again and again, although others of
    /// their index were accepted. Returns whether nothing is left to be sent.
    pub(crate) fn reject_failing(&mut self) -> bool {
        for (position, (times, fault)) in std::mem::take(&mut self.failing) {
            if times < TIMES_FAILED || !self.accepted.contains(&self.indices[position]) {
                continue;
            }
            for part in &mut self.parts {
                part.retain(|at| *at != position);
            }
            self.settle(position, ItemOutcome::Rejected(fault));
        }
        self.parts.retain(|part| !part.is_empty());
        self.parts.is_empty()
    }

    fn reject_or_halve(&mut self, positions: Vec<usize>, error: ElasticError) -> Result<(), ElasticError> {
        match (positions.as_slice(), error) {
            (&[position], ElasticError::Refused(fault)) => {
                self.settle(position, ItemOutcome::Rejected(fault));
            }
            (&[_], error) => return Err(error),
            _ => self.halve(positions),
        }
        Ok(())
    }

    /// Something between here and the cluster refuses a request. It may refuse what one document contains, which is alone
    /// then while others are accepted. If it refuses a second one, it refuses everything, and no document is at fault.
    fn set_aside_or_halve(&mut self, positions: Vec<usize>, fault: ErrorCause) -> Result<(), ElasticError> {
        match (positions.as_slice(), self.foreign.is_some()) {
            (&[position], false) => self.foreign = Some((position, fault)),
            (&[_], true) => return Err(ElasticError::Refused(fault)),
            _ => self.halve(positions),
        }
        Ok(())
    }

    fn halve(&mut self, mut positions: Vec<usize>) {
        let second = positions.split_off(positions.len().div_ceil(2));
        if !second.is_empty() {
            self.parts.push_front(second);
        }
        self.parts.push_front(positions);
    }

    /// Whether items of other indices have requests of their own beside this part, since all together were late.
    pub(crate) fn is_split(&self) -> bool {
        self.is_split
    }

    /// Whether a part that got no answer can be told from others: it has several indices, or others of the bulk
    /// were answered in time.
    pub(crate) fn has_others(&self, part: &[usize]) -> bool {
        self.others_in_time || self.indices_of(part).len() > 1
    }

    /// Records that a request was answered as fast as usual.
    pub(crate) fn record_in_time(&mut self) {
        self.others_in_time |= self.is_split;
    }

    /// Records that a request was not answered in time: it is split by indices to find the slow one.
    pub(crate) fn defer_late(&mut self, positions: Vec<usize>) {
        let indices = self.indices_of(&positions);
        if indices.len() < 2 {
            self.late.extend(positions);
            return;
        }
        self.is_split = true;
        let mut groups = vec![Vec::new(); indices.len().min(MOST_GROUPS)];
        for position in positions {
            let rank = indices.binary_search(&self.indices[position]).unwrap_or_default();
            let group = rank % groups.len();
            groups[group].push(position);
        }
        self.parts.extend(groups);
    }

    /// What was not answered in time, after everything else is done: the items of each index, and whether
    /// other indices were answered in time since the last call.
    pub(crate) fn take_late(&mut self) -> (Vec<Vec<usize>>, bool) {
        let late = std::mem::take(&mut self.late);
        let indices = self.indices_of(&late);
        let items_of = |index: usize| late.iter().copied().filter(|&at| self.indices[at] == index).collect();
        (indices.into_iter().map(items_of).collect(), std::mem::take(&mut self.others_in_time))
    }

    /// Leaves items unsettled because their index is slow.
    pub(crate) fn leave_slow(&mut self, positions: Vec<usize>, fault: &ErrorCause) {
        for position in positions {
            self.settle(position, ItemOutcome::Held(IndexTrouble::Slow, fault.clone()));
        }
    }

    /// Queues items to be sent again.
    pub(crate) fn send_again(&mut self, positions: Vec<usize>) {
        self.parts.push_back(positions);
    }

    /// The outcomes in the order of the items; an error if one is missing.
    pub(crate) fn outcomes(mut self) -> Result<Vec<ItemOutcome>, ElasticError> {
        match self.foreign.take() {
            Some((position, fault)) if self.has_accepted => {
                self.settle(position, ItemOutcome::Rejected(fault));
            }
            Some((_, fault)) => return Err(ElasticError::Refused(fault)),
            None => {}
        }
        let outcomes: Option<Vec<ItemOutcome>> = self.outcomes.into_iter().collect();
        outcomes.ok_or_else(|| ElasticError::Unreadable("bulk: an item without an outcome".to_owned()))
    }
}

#[cfg(test)]
mod tests;
