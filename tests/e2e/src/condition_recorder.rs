//! Listens to what a source says of itself while something happens to it: its conditions, each word of them once, in the
//! order in which they came.

use std::fmt::{self, Display};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::cluster::{Cluster, Kind};

/// How often it looks. The operator looks at a source with work every two seconds.
const INTERVAL: Duration = Duration::from_millis(300);

/// A condition that a source had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its type.
    pub kind: String,
    /// `True` or `False`.
    pub status: String,
    /// Its reason.
    pub reason: String,
    /// Its message, as it was when it was last seen.
    pub message: String,
    /// When it was first seen, since the witness began.
    pub after: Duration,
}

/// What a source said, and what was counted meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Testimony {
    /// All that was said, without repetitions that follow each other.
    pub statements: Vec<Statement>,
    /// The most failed units that were counted.
    pub failed: i64,
    /// The most workers that were counted as active.
    pub workers: i64,
}

impl Testimony {
    /// The first of these conditions, each a type, a status and a reason, that the source had; an error with all that
    /// it said if it had none of them.
    pub fn any_of(&self, wanted: &[(&str, &str, &str)]) -> Result<&Statement> {
        let is_wanted = |said: &&Statement| {
            wanted.contains(&(said.kind.as_str(), said.status.as_str(), said.reason.as_str()))
        };
        match self.statements.iter().find(is_wanted) {
            Some(statement) => Ok(statement),
            None => bail!("none of {wanted:?} was said:\n{self}"),
        }
    }

    /// The first time that the source had a condition, whose message has to name something: a bucket, a queue, an index.
    pub fn told(&self, wanted: (&str, &str, &str), name: &str) -> Result<&Statement> {
        let statement = self.any_of(&[wanted])?;
        ensure!(statement.message.contains(name), "{name:?} is not named: {}", statement.message);
        Ok(statement)
    }

    /// An outage is nobody's fault: no more units may have failed than so many.
    pub fn failed_at_most(&self, faulty: usize) -> Result<()> {
        let failed = usize::try_from(self.failed).unwrap_or(usize::MAX);
        ensure!(failed <= faulty, "{failed} units failed where {faulty} are faulty:\n{self}");
        Ok(())
    }

    fn take_in(&mut self, source: &Value, after: Duration) {
        let number = |pointer: &str| source.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
        self.failed = self.failed.max(number("/status/units/failed"));
        self.workers = self.workers.max(number("/status/workers/active"));
        for condition in source["status"]["conditions"].as_array().into_iter().flatten() {
            self.note(statement(condition, after));
        }
    }

    /// What is said again takes the later message.
    fn note(&mut self, new: Statement) {
        let last = self.statements.iter_mut().rev().find(|old| old.kind == new.kind);
        match last {
            Some(old) if (&old.status, &old.reason) == (&new.status, &new.reason) => {
                old.message = new.message;
            }
            _ => self.statements.push(new),
        }
    }
}

fn statement(condition: &Value, after: Duration) -> Statement {
    let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
    Statement {
        kind: text("type"),
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
        after,
    }
}

impl Display for Testimony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Statement { kind, status, reason, message, after } in &self.statements {
            writeln!(f, "  {:6.1} s  {kind}={status} {reason}: {message}", after.as_secs_f32())?;
        }
        write!(f, "  at most {} failed units and {} workers", self.failed, self.workers)
    }
}

/// A witness that listens until it is dropped.
pub struct Witness {
    heard: Arc<Mutex<Testimony>>,
    task: JoinHandle<()>,
}

impl Witness {
    /// Begins to listen to a source.
    pub fn begin(cluster: &Cluster, namespace: &str, source: &str) -> Self {
        let heard = Arc::default();
        let task = tokio::spawn(listen(cluster.clone(), namespace.into(), source.into(), Arc::clone(&heard)));
        Self { heard, task }
    }

    /// What was heard until now.
    pub fn testimony(&self) -> Testimony {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(cluster: Cluster, namespace: String, source: String, heard: Arc<Mutex<Testimony>>) {
    let began = Instant::now();
    loop {
        // A look that fails is one look less: the API server may be what is gone.
        if let Ok(now) = cluster.get(Kind::IngestSource, &namespace, &source).await {
            heard.lock().unwrap_or_else(PoisonError::into_inner).take_in(&now, began.elapsed());
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::Testimony;

    fn ready(status: &str, reason: &str, message: &str) -> Value {
        json!({"status": {
            "units": {"failed": 2},
            "conditions": [{"type": "Ready", "status": status, "reason": reason, "message": message}],
        }})
    }

    #[test]
    fn each_word_is_kept_once_and_in_order() {
        let mut testimony = Testimony::default();
        let looks = [
            ready("True", "Reachable", "a"),
            ready("False", "BucketNotFound", "for 1 s"),
            ready("False", "BucketNotFound", "the bucket raw, for 2 s"),
            ready("True", "Reachable", "b"),
        ];
        for (second, look) in (0..).zip(&looks) {
            testimony.take_in(look, Duration::from_secs(second));
        }
        let reasons: Vec<_> = testimony.statements.iter().map(|said| said.reason.as_str()).collect();
        assert_eq!(reasons, ["Reachable", "BucketNotFound", "Reachable"]);
        let told = testimony.told(("Ready", "False", "BucketNotFound"), "bucket raw").expect("told");
        assert_eq!(told.after, Duration::from_secs(1));
        assert!(testimony.failed_at_most(2).is_ok() && testimony.failed_at_most(1).is_err());
    }

    #[test]
    fn what_was_said_in_its_place_is_in_the_error() {
        let mut testimony = Testimony::default();
        testimony.take_in(&ready("True", "Reachable", "all well"), Duration::ZERO);
        let error = testimony.any_of(&[("Throttled", "True", "Elasticsearch")]).expect_err("an error");
        assert!(error.to_string().contains("Ready=True Reachable: all well"), "{error}");
        assert!(testimony.told(("Ready", "True", "Reachable"), "raw").is_err());
    }
}
