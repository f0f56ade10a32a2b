//! A worker's pod: it starts, receives, works, and ends when it is idle, old, or asked to.

use docmill_crds::api::ingest_source::Workers;
use docmill_crds::contract::{Report, WorkerStatus};
use k8s_openapi::jiff::Timestamp;

use super::messages::{Arrived, Messages, SECOND, Step};
use crate::controllers::ingest_source::worker::{Worker, WorkerOutcome, WorkerState};

/// Messages that a worker holds at most.
const PLACES: u64 = 512;
/// Units in flight with which it counts as fully busy.
const FULL: u64 = 64;
/// Milliseconds of a step.
const STEP_MILLIS: u64 = 100;
/// What a unit takes at least: 200 ms, so half a unit per step. In thousandths of a unit.
const PER_UNIT_IN_FLIGHT: u64 = 500;
/// Units are committed in batches, every so many steps.
const BATCH_STEPS: i64 = 3;
/// From the end of the work until the Job is seen to have ended.
const ENDING: Step = 2 * SECOND;
/// How long an ended Job is kept.
const KEPT: Step = 120 * SECOND;

#[derive(Debug)]
pub struct Pod {
    slot: i32,
    pub terminating: bool,
    number: i64,
    created: Step,
    ready: Step,
    held: Messages,
    /// What it may complete, in thousandths of a unit.
    credit: u64,
    done: u64,
    /// Milliseconds × units in flight, of which at most [`FULL`] count.
    busy: u64,
    last_work: Step,
    ends_at: Option<Step>,
    ended: Option<Step>,
}

impl Pod {
    pub fn new(slot: i32, number: i64, created: Step, ready: Step) -> Self {
        Self {
            slot,
            terminating: false,
            number,
            created,
            ready,
            held: Messages::default(),
            credit: 0,
            done: 0,
            busy: 0,
            last_work: ready,
            ends_at: None,
            ended: None,
        }
    }

    /// Its UID.
    pub fn uid(&self) -> String {
        self.number.to_string()
    }

    /// Its Job has not ended.
    pub fn is_active(&self) -> bool {
        self.ended.is_none()
    }

    /// Its process runs and answers.
    pub fn runs(&self, now: Step) -> bool {
        self.is_active() && self.ready <= now && self.ends_at.is_none()
    }

    /// Its Job is no longer there.
    pub fn is_gone(&self, now: Step) -> bool {
        self.ended.is_some_and(|ended| self.terminating || now - ended >= KEPT)
    }

    pub fn in_flight(&self) -> u64 {
        self.held.count()
    }

    /// What it held when it was lost.
    pub fn into_held(self) -> Messages {
        self.held
    }

    pub fn may_receive(&self, now: Step, spec: &Workers) -> bool {
        self.runs(now) && !self.terminating && !self.is_old(now, spec)
    }

    /// How many messages it has places for.
    pub fn room(&self) -> u64 {
        PLACES - self.held.count()
    }

    pub fn receive(&mut self, messages: Vec<Arrived>, now: Step) {
        for arrived in messages {
            self.held.push(arrived);
        }
        self.last_work = now;
    }

    /// Works for a step, at most at this rate. Returns what is done.
    pub fn work(&mut self, now: Step, units_per_second: u64) -> Vec<Arrived> {
        let in_flight = self.held.count();
        self.busy += STEP_MILLIS * in_flight.min(FULL);
        self.credit += (in_flight * PER_UNIT_IN_FLIGHT).min(units_per_second * STEP_MILLIS);
        if (now + self.number) % BATCH_STEPS != 0 {
            return Vec::new();
        }
        let count = (self.credit / 1000).min(in_flight);
        self.credit -= count * 1000;
        self.done += count;
        if count > 0 {
            self.last_work = now;
        }
        self.held.take(count)
    }

    /// Whether its work is over, and whether its Job has ended by now.
    pub fn settle(&mut self, now: Step, spec: &Workers) {
        if self.runs(now) && self.held.count() == 0 {
            self.credit = 0;
            let is_idle = now - self.last_work >= i64::from(spec.idle_seconds) * SECOND;
            if self.terminating || is_idle || self.is_old(now, spec) {
                self.ends_at = Some(now + ENDING);
            }
        }
        if self.is_active() && self.ends_at.is_some_and(|ends_at| ends_at <= now) {
            self.ended = Some(now);
        }
    }

    fn is_old(&self, now: Step, spec: &Workers) -> bool {
        now - self.ready >= i64::from(spec.max_lifetime_seconds) * SECOND
    }

    /// What the operator sees of it.
    pub fn seen(&self, now: Step) -> Worker {
        let (done, busy_millis) = (self.done, self.busy / FULL);
        let report = Report { done, busy_millis, ..Report::default() };
        let state = match self.ended {
            Some(at) => {
                WorkerState::Ended { at: time(at), end: WorkerOutcome::Succeeded, report: Some(report) }
            }
            None => WorkerState::Active { obstacle: None },
        };
        let in_hand = self.in_flight();
        let status =
            self.runs(now).then(|| WorkerStatus { done, busy_millis, in_hand, ..WorkerStatus::default() });
        Worker {
            job: format!("wire-{}", self.number),
            uid: self.uid(),
            slot: Some(self.slot),
            // The API server keeps whole seconds.
            created: time(self.created / SECOND * SECOND),
            terminating: self.terminating,
            late: false,
            stuck_with: None,
            outdated: false,
            state,
            status,
        }
    }
}

/// The time of a step.
pub fn time(step: Step) -> Timestamp {
    Timestamp::from_millisecond(step * 100).unwrap()
}
