//! The worker quota: what all sources need, and what each is granted. No I/O; the caller passes the time.
//! Each reconcile posts what its source needs, and gets its grant at once. Nothing here has to last: running
//! workers are visible in the cluster, and needs are posted again every few seconds. A grant counts until its
//! Job is visible, so concurrent reconciles cannot start more workers than allowed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::fair_share::{WorkerDemand, shares, surplus, wanting};
use super::plan::{SourcePlan, Start, Stop};
use super::worker::WorkerJobs;

/// A source with work posts its need every few seconds; one that has not done so for this long is gone.
const POSTED_FOR: SignedDuration = SignedDuration::from_secs(60);
/// A granted Job that is still not visible after this long was not created.
const GRANTED_FOR: SignedDuration = SignedDuration::from_secs(30);

/// What a source asks for.
#[derive(Clone, Debug)]
pub struct QuotaRequest<'a> {
    /// Its need.
    pub need: WorkerDemand,
    /// The workers to start, each with the `namespace/name` of its Job.
    pub start: Vec<(String, Start)>,
    /// The workers that could be asked to stop, in this order, each with the `namespace/name` of its Job.
    pub candidates: Vec<(String, Stop)>,
    /// The visible worker Jobs of all sources.
    pub seen: &'a WorkerJobs,
    /// Now.
    pub now: Timestamp,
}

/// What a source is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// How many workers it may have.
    pub share: i32,
    /// The workers that it may start now.
    pub start: Vec<Start>,
    /// The workers that it gives up for sources that have none.
    pub stop: Vec<Stop>,
}

/// The needs and grants of all sources.
#[derive(Debug)]
pub struct WorkerQuota {
    max: i32,
    state: Mutex<QuotaState>,
}

#[derive(Debug, Default)]
struct QuotaState {
    needs: HashMap<String, (Timestamp, WorkerDemand)>,
    /// Jobs that were granted and are not visible yet.
    starting: HashMap<String, Timestamp>,
    /// Jobs that were asked to stop and do not show it yet.
    terminating: HashMap<String, Timestamp>,
}

impl WorkerQuota {
    /// Creates a quota of `max` workers for all sources together.
    pub fn new(max: i32) -> Self {
        Self { max, state: Mutex::default() }
    }

    /// Limits a plan to what its source is granted.
    pub fn limit(&self, plan: SourcePlan, request: QuotaRequest<'_>) -> SourcePlan {
        let requested = request.start.len();
        let grant = self.grant(request);
        let mut message = plan.message;
        if grant.share < plan.desired {
            let (share, max) = (grant.share, self.max);
            message = format!("{message}; {share} is its fair share of the {max} workers for all sources");
        } else if grant.start.len() < requested {
            let max = self.max;
            message = format!("{message}; all {max} workers for all sources are in use");
        }
        if !grant.stop.is_empty() {
            message = format!("{message}; gives up {} for sources that have none", grant.stop.len());
        }
        let stop = plan.stop.into_iter().chain(grant.stop).collect();
        SourcePlan { desired: plan.desired.min(grant.share), message, start: grant.start, stop }
    }

    /// Posts a need and grants it as far as possible.
    pub fn grant(&self, request: QuotaRequest<'_>) -> Grant {
        let QuotaRequest { need, start, candidates, seen, now } = request;
        let mut state = self.lock();
        state.tidy(seen, now);
        state.needs.insert(need.uid.clone(), (now, need.clone()));
        let (share, all_needs, all_shares) = state.share_of(&need.uid, self.max);
        let in_use = seen.active.len() + state.starting.len();
        let mut free = self.max.saturating_sub(whole(in_use));
        let terminating =
            whole(seen.active.values().filter(|terminating| **terminating).count() + state.terminating.len());
        let to_stop = surplus(&need, share).min(wanting(&all_needs, &all_shares, free + terminating));
        let mut own = need.active;
        let mut granted = Vec::new();
        for (job, worker) in start {
            let was_granted = state.starting.contains_key(&job);
            if !was_granted && (free <= 0 || own >= share) {
                continue;
            }
            free -= i32::from(!was_granted);
            own += 1;
            state.starting.entry(job).or_insert(now);
            granted.push(worker);
        }
        let stop: Vec<_> = candidates.into_iter().take(usize::try_from(to_stop).unwrap_or(0)).collect();
        state.terminating.extend(stop.iter().map(|(job, _)| (job.clone(), now)));
        Grant { share, start: granted, stop: stop.into_iter().map(|(_, stop)| stop).collect() }
    }

    fn lock(&self) -> MutexGuard<'_, QuotaState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QuotaState {
    /// Forgets what has expired or is visible by now.
    fn tidy(&mut self, seen: &WorkerJobs, now: Timestamp) {
        self.needs.retain(|_, (at, need)| need.desired > 0 && now.duration_since(*at) < POSTED_FOR);
        self.starting.retain(|job, at| {
            let known = seen.active.contains_key(job) || seen.ended.contains(job);
            !known && now.duration_since(*at) < GRANTED_FOR
        });
        self.terminating
            .retain(|job, at| seen.active.get(job) == Some(&false) && now.duration_since(*at) < GRANTED_FOR);
    }

    fn share_of(&self, uid: &str, max: i32) -> (i32, Vec<WorkerDemand>, Vec<i32>) {
        let needs: Vec<WorkerDemand> = self.needs.values().map(|(_, need)| need.clone()).collect();
        let shares = shares(max, &needs);
        let own = needs.iter().zip(&shares).find(|(need, _)| need.uid == uid);
        (own.map_or(0, |(_, share)| *share), needs, shares)
    }
}

fn whole(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
