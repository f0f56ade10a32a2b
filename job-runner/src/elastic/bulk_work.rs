//! Which items of a bulk are settled, and which have to be sent again and in what parts. No I/O.

use docmill_crds::error_class::{Classify, ErrorClass};

use super::verdict::Verdict;
use super::{ElasticError, Outcome};

/// What is settled and what has still to be sent.
pub(super) struct Work {
    outcomes: Vec<Option<Outcome>>,
    settled: usize,
    /// Positions of items, one list a request.
    parts: Vec<Vec<usize>>,
}

impl Work {
    /// All items are open, and go into one request.
    pub(super) fn new(items: usize) -> Self {
        let parts = if items == 0 { Vec::new() } else { vec![(0..items).collect()] };
        Self { outcomes: vec![None; items], settled: 0, parts }
    }

    /// How many items have no outcome yet.
    pub(super) fn open(&self) -> usize {
        self.outcomes.len() - self.settled
    }

    /// The items of the next request.
    pub(super) fn next_part(&mut self) -> Option<Vec<usize>> {
        self.parts.pop()
    }

    fn settle(&mut self, position: usize, outcome: Outcome) {
        self.outcomes[position] = Some(outcome);
        self.settled += 1;
    }

    /// Takes in what became of a request for the items at `positions`. Gives the reason if a pause is due, and an
    /// error if going on makes no sense.
    pub(super) fn take_in(
        &mut self,
        positions: Vec<usize>,
        answer: Result<Vec<Verdict>, ElasticError>,
    ) -> Result<Option<ElasticError>, ElasticError> {
        match answer {
            Ok(verdicts) => self.take_verdicts(&positions, verdicts),
            Err(error) => match error.class() {
                ErrorClass::User => Err(error),
                ErrorClass::Permanent => {
                    self.reject_or_halve(positions, error)?;
                    Ok(None)
                }
                ErrorClass::Transient => {
                    // One that is larger than what the cluster takes in at a time would be pushed back for ever.
                    let too_much = error.fault().is_some_and(|fault| fault.status == 429);
                    if too_much {
                        self.halve(positions);
                    } else {
                        self.parts.push(positions);
                    }
                    Ok(Some(error))
                }
            },
        }
    }

    fn take_verdicts(
        &mut self,
        positions: &[usize],
        verdicts: Vec<Verdict>,
    ) -> Result<Option<ElasticError>, ElasticError> {
        let mut again = Vec::new();
        let mut hindrance = None;
        for (&position, verdict) in positions.iter().zip(verdicts) {
            match verdict {
                Verdict::Final(outcome) => self.settle(position, outcome),
                Verdict::Retry(fault) if fault.class() == ErrorClass::User => {
                    return Err(ElasticError::Refused(fault));
                }
                Verdict::Retry(fault) => {
                    again.push(position);
                    hindrance = Some(ElasticError::Refused(fault));
                }
            }
        }
        if !again.is_empty() {
            self.parts.push(again);
        }
        Ok(hindrance)
    }

    fn reject_or_halve(&mut self, positions: Vec<usize>, error: ElasticError) -> Result<(), ElasticError> {
        match (positions.as_slice(), error) {
            (&[position], ElasticError::Refused(fault)) => self.settle(position, Outcome::Rejected(fault)),
            (&[_], error) => return Err(error),
            _ => self.halve(positions),
        }
        Ok(())
    }

    fn halve(&mut self, mut positions: Vec<usize>) {
        let second = positions.split_off(positions.len().div_ceil(2));
        if !second.is_empty() {
            self.parts.push(second);
        }
        self.parts.push(positions);
    }

    /// The outcomes in the order of the items; an error if there is one without.
    pub(super) fn outcomes(self) -> Result<Vec<Outcome>, ElasticError> {
        let outcomes: Option<Vec<Outcome>> = self.outcomes.into_iter().collect();
        outcomes.ok_or_else(|| ElasticError::Unreadable("bulk: an item without an outcome".to_owned()))
    }
}

#[cfg(test)]
#[path = "bulk_work_tests.rs"]
mod tests;
