//! Searches that wait for a request that they share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::elastic::ElasticError;

/// The answer to a search that may have shared its request with others.
#[derive(Debug, PartialEq)]
pub struct JoinedSearch {
    /// The whole response to this search.
    pub answer: Value,
    /// Whether it was the first search of its request, which is true of one search for each request.
    pub is_first: bool,
}

/// A search that waits for its request.
pub(in crate::elastic) struct PendingSearch {
    pub(in crate::elastic) index: String,
    pub(in crate::elastic) body: Value,
    pub(in crate::elastic) sender: oneshot::Sender<Result<JoinedSearch, ElasticError>>,
}

/// The searches that wait for the next request.
#[derive(Default)]
pub(in crate::elastic) struct PendingSearches(Mutex<Vec<PendingSearch>>);

impl PendingSearches {
    /// Adds a search. Returns whether it is the first one.
    pub(in crate::elastic) fn push(&self, search: PendingSearch) -> bool {
        let mut all = self.all();
        all.push(search);
        all.len() == 1
    }

    /// Takes all searches that somebody still waits for.
    pub(in crate::elastic) fn take(&self) -> Vec<PendingSearch> {
        let mut all = std::mem::take(&mut *self.all());
        all.retain(|search| !search.sender.is_closed());
        all
    }

    fn all(&self) -> MutexGuard<'_, Vec<PendingSearch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingSearch {
    /// Answers whoever asked.
    pub(in crate::elastic) fn answer(self, answer: Result<Value, ElasticError>, is_first: bool) {
        // Whoever asked may no longer wait.
        let _ = self.sender.send(answer.map(|answer| JoinedSearch { answer, is_first }));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::oneshot;

    use super::{PendingSearch, PendingSearches};

    #[test]
    fn the_first_search_sends_for_all_and_those_that_nobody_waits_for_are_left_out() {
        let pending = PendingSearches::default();
        let push = || {
            let (sender, receiver) = oneshot::channel();
            (pending.push(PendingSearch { index: "a".into(), body: json!({}), sender }), receiver)
        };
        let (first, receiver) = push();
        let (second, gone) = push();
        assert_eq!((first, second), (true, false));
        drop(gone);
        assert_eq!(pending.take().len(), 1);
        drop(receiver);
        assert!(push().0, "the next one begins another request");
    }
}
