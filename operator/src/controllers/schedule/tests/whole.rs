//! A schedule from its creation on, looked at by operators whenever they like, with runs that take as long as they like.

use std::collections::BTreeSet;

use docmill_crds::{EnrichmentSchedule, IngestSchedule};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Value, json};

use super::State::{self, Active, Complete, Failed, Going};
use super::{Tried, at, made, schedule_of, seen};
use crate::controllers::schedule::plan::{Due, plan};
use crate::controllers::schedule::run::run;
use crate::controllers::schedule::status::{ApplyOutcome, status};
use crate::controllers::schedule::times::Times;

/// The cluster as the API server has it.
struct World<S> {
    schedule: S,
    runs: Vec<(Timestamp, State)>,
    /// Names of all runs that there ever were.
    names: BTreeSet<String>,
    times: Vec<Timestamp>,
    now: Timestamp,
}

/// What happens between two looks.
#[derive(Clone, Debug)]
struct Step {
    seconds: i64,
    /// Which of the runs at work end, and how.
    ends: Vec<(bool, bool)>,
    /// The operator dies after it has created a run, before it has said so.
    dies: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let seconds = prop_oneof![0_i64..30, 30_i64..900, 900_i64..90_000];
    let ends = proptest::collection::vec((any::<bool>(), any::<bool>()), 0..4);
    (seconds, ends, any::<bool>()).prop_map(|(seconds, ends, dies)| Step { seconds, ends, dies })
}

impl<S: Tried> World<S> {
    fn new(spec: &Value, created: Timestamp) -> Self {
        let mut schedule = schedule_of::<S>(spec);
        schedule.meta_mut().creation_timestamp = Some(Time(created));
        Self { schedule, runs: vec![], names: BTreeSet::new(), times: vec![], now: created }
    }

    fn pass(&mut self, step: &Step) {
        self.now += SignedDuration::from_secs(step.seconds);
        // What was deleted is gone by now; some of the others have ended.
        self.runs.retain(|(_, state)| *state != Going);
        for ((_, state), (ends, succeeds)) in
            self.runs.iter_mut().filter(|(_, state)| *state == Active).zip(&step.ends)
        {
            if *ends {
                *state = if *succeeds { Complete } else { Failed };
            }
        }
        self.look(step.dies);
    }

    fn look(&mut self, dies: bool) {
        let runs = self.runs.iter().map(|(time, state)| made(&self.schedule, *time, *state)).collect();
        let seen = seen(&self.schedule, runs, self.now);
        let plan = plan(&self.schedule, &seen);
        for gone in &plan.outdated {
            self.runs.retain(|(time, _)| run(&self.schedule, *time).name_any() != gone.name_any());
        }
        let mut outcome = ApplyOutcome::default();
        match &plan.due {
            Due::Create { time, .. } => {
                let name = run(&self.schedule, *time).name_any();
                assert!(self.names.insert(name), "{time} has had a run before");
                self.runs.push((*time, Active));
                self.times.push(*time);
                outcome.created_for = Some(*time);
            }
            Due::Replace { runs, .. } => {
                for (time, state) in &mut self.runs {
                    if runs.iter().any(|gone| gone.name_any() == run(&self.schedule, *time).name_any()) {
                        *state = Going;
                    }
                }
            }
            Due::Nothing | Due::Hold { .. } | Due::TooLate { .. } => {}
        }
        if !dies {
            let new = status(&self.schedule, &seen, &plan, &outcome);
            *self.schedule.status_mut() = Some(new);
        }
    }

    fn at_work(&self) -> usize {
        self.runs.iter().filter(|(_, state)| matches!(state, Active | Going)).count()
    }
}

/// What a schedule is, and what happens to it.
struct Story<'a> {
    cron: &'a str,
    zone: &'a str,
    policy: &'a str,
    deadline: Option<i64>,
    created: &'a str,
    history: i32,
    steps: &'a [Step],
}

impl Story<'_> {
    fn holds<S: Tried>(&self) {
        let Self { cron, zone, policy, deadline, history, .. } = *self;
        let spec = json!({
            "schedule": cron, "timeZone": zone, "concurrencyPolicy": policy, "startingDeadlineSeconds": deadline,
            "successfulRunsHistoryLimit": history, "failedRunsHistoryLimit": history,
        });
        let created = at(self.created);
        let mut world = World::<S>::new(&spec, created);
        for step in self.steps {
            world.pass(step);
            assert!(policy == "Allow" || world.at_work() <= 1, "{} at work with {policy}", world.at_work());
        }
        // In the end all is quiet: what is at work ends, and the operator lives and looks.
        for _ in 0..2 {
            world.pass(&Step { seconds: 0, ends: vec![(true, true); 99], dies: false });
        }
        let times = Times::read(cron, zone).unwrap();
        let latest = times.latest(created, world.now);
        let is_within = |latest: &Timestamp| {
            deadline.is_none_or(|most| world.now.duration_since(*latest) <= SignedDuration::from_secs(most))
        };
        if let Some(latest) = latest.filter(is_within) {
            assert_eq!(world.times.last(), Some(&latest), "the latest time within the deadline has its run");
        }
        // Runs are for times of the schedule, in their order, and none is from before its creation.
        let is_scheduled = |time: Timestamp| times.next(time - SignedDuration::from_secs(1)) == Some(time);
        assert!(world.times.iter().all(|time| *time > created && is_scheduled(*time)));
        assert!(world.times.is_sorted_by(|a, b| a < b), "{:?}", world.times);
    }
}

proptest! {
    #[test]
    fn every_time_has_its_run_or_a_later_one_and_none_has_two(
        cron in prop_oneof![Just("* * * * *"), Just("*/10 * * * *"), Just("30 2 * * *"), Just("0 */6 * * *")],
        zone in prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/New_York")],
        policy in prop_oneof![Just("Allow"), Just("Forbid"), Just("Replace")],
        deadline in proptest::option::of(1_i64..4000),
        created in prop_oneof![Just("2026-11-25T10:00:00Z"), Just("2026-10-24T22:13:00Z"), Just("2026-03-28T22:13:00Z")],
        history in 0_i32..3,
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let story = Story { cron, zone, policy, deadline, created, history, steps: &steps };
        story.holds::<EnrichmentSchedule>();
        story.holds::<IngestSchedule>();
    }
}
