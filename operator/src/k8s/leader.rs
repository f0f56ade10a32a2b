//! Leader election with a Lease: one of several operators leads, the others wait.
//!
//! The leader renews every few seconds. Every write to the cluster checks [`Leadership::holds`] right before,
//! so an operator that was paused or cut off for a while writes nothing afterwards, even before it notices
//! the loss.

pub mod check;
mod decision;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

use decision::{GIVE_UP_AFTER, LeaseAction, RENEW_EVERY, RETRY_EVERY, decide, held, holder, released};

/// Whether this process is the leader right now. Clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Leadership(Arc<Mutex<Option<Instant>>>);

impl Leadership {
    /// Whether the Lease was renewed recently enough that nobody else can hold it.
    pub fn holds(&self) -> bool {
        let renewed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.is_some_and(|at| at.elapsed() < GIVE_UP_AFTER)
    }

    /// Records a renewal that was sent at `at`.
    pub fn renewed(&self, at: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// Gives up leadership at once.
    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Takes part in the election.
pub struct Candidate {
    api: Api<Lease>,
    name: String,
    me: String,
    leadership: Leadership,
    /// The Lease as last observed, and since when it has been unchanged.
    seen: Option<(LeaseSpec, Instant)>,
}

impl Candidate {
    /// Creates a candidate with the identity `me` for the Lease `name`.
    pub fn new(client: Client, namespace: &str, name: &str, me: String, leadership: Leadership) -> Self {
        let api = Api::namespaced(client, namespace);
        Self { api, name: name.to_owned(), me, leadership, seen: None }
    }

    /// Waits until the Lease is ours.
    pub async fn acquire(&mut self) {
        loop {
            match self.attempt().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, lease = self.name, "failed to take part in the election");
                }
            }
            tokio::time::sleep(RETRY_EVERY).await;
        }
    }

    /// Renews the Lease until it is lost.
    pub async fn keep(&mut self) {
        let mut pause = RENEW_EVERY;
        loop {
            tokio::time::sleep(pause).await;
            if !self.leadership.holds() {
                break;
            }
            match tokio::time::timeout(RENEW_EVERY, self.attempt()).await {
                Ok(Ok(true)) => pause = RENEW_EVERY,
                Ok(Ok(false)) => break,
                Ok(Err(error)) => {
                    tracing::warn!(%error, lease = self.name, "failed to renew the Lease");
                    pause = RETRY_EVERY;
                }
                Err(_) => {
                    tracing::warn!(lease = self.name, "the renewal of the Lease timed out");
                    pause = Duration::from_millis(100);
                }
            }
        }
        self.leadership.end();
    }

    /// Releases the Lease if it is ours. Nothing may be written afterwards.
    pub async fn release(&mut self) {
        let held = self.leadership.holds();
        self.leadership.end();
        if held && let Err(error) = self.try_release().await {
            tracing::warn!(%error, lease = self.name, "failed to release the Lease; it expires by itself");
        }
    }

    async fn try_release(&self) -> Result<(), kube::Error> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else { return Ok(()) };
        let spec = lease.spec.unwrap_or_default();
        if holder(&spec) == Some(self.me.as_str()) {
            lease.spec = Some(released(&spec, Timestamp::now()));
            self.api.replace(&self.name, &PostParams::default(), &lease).await?;
        }
        Ok(())
    }

    /// Reads the Lease once and acts on it. Returns whether the Lease is ours now.
    async fn attempt(&mut self) -> Result<bool, kube::Error> {
        let started = Instant::now();
        let lease = self.api.get_opt(&self.name).await?;
        let spec = lease.as_ref().map(|lease| lease.spec.clone().unwrap_or_default());
        let unchanged_for = self.look(spec.as_ref(), started);
        let next = held(spec.as_ref(), &self.me, Timestamp::now());
        let written = match (decide(spec.as_ref(), unchanged_for, &self.me), lease) {
            (LeaseAction::Wait, _) => return Ok(false),
            (LeaseAction::Create, _) | (_, None) => {
                self.api.create(&PostParams::default(), &self.lease(next)).await
            }
            (LeaseAction::Renew | LeaseAction::Take, Some(lease)) => {
                // The resource version is sent along, so when two candidates take it at once, one is
                // rejected.
                let lease = Lease { spec: Some(next), ..lease };
                self.api.replace(&self.name, &PostParams::default(), &lease).await
            }
        };
        match written {
            Ok(_) => {
                self.leadership.renewed(started);
                Ok(true)
            }
            // Another candidate has written it meanwhile; the next attempt shows whether it is the new
            // holder.
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
                Ok(self.leadership.holds())
            }
            Err(error) => Err(error),
        }
    }

    fn lease(&self, spec: LeaseSpec) -> Lease {
        let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
        Lease { metadata, spec: Some(spec) }
    }

    /// Records the Lease and returns for how long it has been unchanged.
    fn look(&mut self, spec: Option<&LeaseSpec>, now: Instant) -> Duration {
        let same = self.seen.as_ref().filter(|(known, _)| Some(known) == spec).map(|(_, since)| *since);
        self.seen = spec.map(|spec| (spec.clone(), same.unwrap_or(now)));
        same.map_or(Duration::ZERO, |since| now.duration_since(since))
    }
}
