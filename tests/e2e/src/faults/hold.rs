//! Requests that wait for a word of the test.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::matching::Asked;
use super::proxy::Rule;

/// What the test says to a request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// On with it.
    Go,
    /// It never was; the connection is closed without an answer.
    Drop,
}

/// A request that waits. If nobody says a word, it is dropped with this.
#[derive(Debug)]
pub struct Held {
    asked: Asked,
    word: oneshot::Sender<Word>,
}

impl Held {
    /// A request that waits, and where it hears what to do.
    pub(super) fn new(asked: Asked) -> (Self, oneshot::Receiver<Word>) {
        let (word, heard) = oneshot::channel();
        (Self { asked, word }, heard)
    }

    /// Its method.
    pub fn method(&self) -> &str {
        self.asked.head.method.as_str()
    }

    /// Its path, without the query.
    pub fn path(&self) -> &str {
        self.asked.head.uri.path()
    }

    /// Its body.
    pub fn body(&self) -> &[u8] {
        &self.asked.body
    }

    /// Lets it go on its way.
    pub fn go(self) {
        // Nobody is there to hear it when the proxy has ended.
        let _ = self.word.send(Word::Go);
    }

    /// Closes its connection without an answer; a request that was not passed on never will be.
    pub fn drop_it(self) {
        let _ = self.word.send(Word::Drop);
    }
}

/// A rule whose requests wait.
pub struct Hold {
    /// The rule, to count by and to take back.
    pub rule: Rule,
    arrivals: Mutex<mpsc::UnboundedReceiver<Held>>,
}

impl Hold {
    pub(super) fn new(rule: Rule, arrivals: mpsc::UnboundedReceiver<Held>) -> Self {
        Self { rule, arrivals: Mutex::new(arrivals) }
    }

    /// The next request that waits. An error when none comes in time.
    pub async fn next(&self, limit: Duration) -> Result<Held> {
        let mut arrivals = self.arrivals.lock().await;
        let arrival = tokio::time::timeout(limit, arrivals.recv()).await;
        let arrival = arrival.with_context(|| format!("no such request within {} s", limit.as_secs()))?;
        arrival.context("the proxy has ended")
    }
}
