//! A queue, a store and pods over time, and the operator that looks at them every two seconds.

use std::collections::VecDeque;

use docmill_crds::api::ingest_source::Workers;

use super::super::seen;
use super::messages::{Arrived, Messages, SECOND, Step};
use super::outcome::{Outcome, Tally};
use super::pod::{Pod, time};
use super::random::Random;
use super::trace::{Trace, UNITS_PER_SECOND};
use crate::controllers::ingest_source::observation::{QueueCounts, SourceObservation};
use crate::controllers::ingest_source::plan::plan;
use crate::controllers::ingest_source::plan::throughput::known_rate;

/// The operator's intervals with work and without.
const BUSY: Step = 2 * SECOND;
const IDLE: Step = 5 * SECOND;
/// The queue's counts are as old as this.
const COUNTS_AGE: usize = 20;
/// From the creation of a Job to the first receive: at least this long, and up to as much longer as the second.
const START: Step = 3 * SECOND;
const START_VARIES: u64 = 20;
/// What was in the hands of a lost worker is hidden for this long.
const VISIBILITY: Step = 30 * SECOND;
/// SQS hands out at most ten messages at a time, and a worker gets at most so many in a step.
const BATCH: u64 = 10;
const RECEIVED: u64 = 100;

/// Runs a trace from its begin to its end.
pub fn run(trace: &Trace) -> Outcome {
    let mut simulation = Simulation {
        trace,
        spec: trace.workers(),
        random: Random::new(7),
        queue: Messages::default(),
        hidden: Vec::new(),
        pods: Vec::new(),
        counts: VecDeque::new(),
        next_pass: 0,
        created: 0,
        known_rate: None,
        tally: Tally::default(),
    };
    for now in 0..trace.seconds * SECOND {
        simulation.step(now);
    }
    let left = simulation.queue.count() + simulation.in_hand();
    simulation.tally.outcome(left, trace.seconds, UNITS_PER_SECOND)
}

struct Simulation<'a> {
    trace: &'a Trace,
    spec: Workers,
    random: Random,
    queue: Messages,
    /// What lost workers held, and when it comes back.
    hidden: Vec<(Step, Messages)>,
    pods: Vec<Pod>,
    /// The queue's counts of the last steps, the oldest first.
    counts: VecDeque<QueueCounts>,
    next_pass: Step,
    created: i64,
    known_rate: Option<i32>,
    tally: Tally,
}

impl Simulation<'_> {
    fn step(&mut self, now: Step) {
        self.queue.push(Arrived { at: now, count: (self.trace.arrivals)(now) });
        for (_, messages) in self.hidden.extract_if(.., |(visible, _)| *visible <= now) {
            self.queue.put_back(messages);
        }
        self.pods.retain(|pod| !pod.is_gone(now));
        self.count();
        if now >= self.next_pass {
            self.pass(now);
        }
        self.lose(now);
        self.receive(now);
        self.work(now);
        self.tally.workers(self.pods.iter().filter(|pod| pod.is_active()).count());
    }

    /// Messages that were received and are not done.
    fn in_hand(&self) -> u64 {
        let of_pods = self.pods.iter().map(Pod::in_flight).sum::<u64>();
        of_pods + self.hidden.iter().map(|(_, messages)| messages.count()).sum::<u64>()
    }

    fn count(&mut self) {
        let whole = |count: u64| i64::try_from(count).unwrap();
        let (waiting, in_hand) = (whole(self.queue.count()), whole(self.in_hand()));
        self.counts.push_back(QueueCounts { waiting, in_hand, delayed: 0 });
        if self.counts.len() > COUNTS_AGE + 1 {
            self.counts.pop_front();
        }
    }

    /// A reconcile of the operator.
    fn pass(&mut self, now: Step) {
        let queue = self.counts[0];
        let observation = SourceObservation {
            now: time(now),
            known_rate: self.known_rate,
            queue: Some(queue),
            ..seen(0, 0, self.pods.iter().map(|pod| pod.seen(now)).collect())
        };
        let is_busy = queue.pending() > 0 || self.pods.iter().any(Pod::is_active);
        let plan = plan(false, &self.spec, &observation);
        for start in &plan.start {
            let ready = now + START + i64::try_from(self.random.below(START_VARIES)).unwrap();
            self.pods.push(Pod::new(start.slot, self.created, now, ready));
            self.created += 1;
        }
        for stop in &plan.stop {
            let pod = self.pods.iter_mut().find(|pod| pod.uid() == stop.uid);
            pod.expect("a worker that was seen").terminating = true;
        }
        self.known_rate = known_rate(&observation.workers).or(self.known_rate);
        self.tally.starts += plan.start.len();
        self.tally.stops += plan.stop.len();
        self.next_pass = now + if is_busy || !plan.start.is_empty() { BUSY } else { IDLE };
    }

    fn lose(&mut self, now: Step) {
        let Some((_, count)) = self.trace.lost.filter(|(at, _)| *at == now) else { return };
        for _ in 0..count {
            let running = self.pods.iter().position(|pod| pod.runs(now)).expect("a running worker");
            let held = self.pods.remove(running).into_held();
            self.hidden.push((now + VISIBILITY, held));
        }
    }

    /// The queue hands its messages to all who ask, ten at a time.
    fn receive(&mut self, now: Step) {
        let mut takers: Vec<(&mut Pod, u64)> = self
            .pods
            .iter_mut()
            .filter(|pod| pod.may_receive(now, &self.spec))
            .map(|pod| (pod, RECEIVED))
            .collect();
        if takers.is_empty() || self.queue.count() == 0 {
            return;
        }
        let first = self.random.below(u64::try_from(takers.len()).unwrap());
        takers.rotate_left(usize::try_from(first).unwrap());
        let mut some_took = true;
        while some_took && self.queue.count() > 0 {
            some_took = false;
            for (pod, left) in &mut takers {
                let count = BATCH.min(pod.room()).min(*left).min(self.queue.count());
                if count > 0 {
                    *left -= count;
                    pod.receive(self.queue.take(count), now);
                    some_took = true;
                }
            }
        }
    }

    /// The store is shared by all workers that run.
    fn work(&mut self, now: Step) {
        let running = self.pods.iter().filter(|pod| pod.runs(now)).count();
        let of_store = (self.trace.store)(now) / u64::try_from(running).unwrap().max(1);
        for pod in &mut self.pods {
            if pod.runs(now) {
                let done = pod.work(now, of_store.min(UNITS_PER_SECOND));
                self.tally.done(&done, now);
            }
            pod.settle(now, &self.spec);
        }
    }
}
