//! What runs of both kinds change about a Job after its creation: whether it is suspended, and how many pods it
//! may have at a time. Pure.

use std::collections::BTreeMap;

use docmill_crds::contract::annotation;
use docmill_crds::digest::sha256;
use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt as _;

use crate::workers::queue::{is_queued, is_suspended};

/// Maximum length of a run's name.
const NAME_CHARS: usize = 52;
/// Digits that tell apart names of runs which differ only in dots and hyphens.
const NAME_DIGITS: usize = 10;

/// Name of the Indexed Job for a step of a run. The host names of its pods begin with it, so the API server takes no dot
/// in it, though a run may have some: hyphens and a digest of the name stand for them. It is as long as with a name
/// without dots, at most.
pub fn indexed_job_name(run: &str, step: &str) -> String {
    if !run.contains('.') {
        return format!("{run}-{step}");
    }
    // Names of resources are ASCII.
    let mut readable = run.replace('.', "-");
    readable.truncate(NAME_CHARS - NAME_DIGITS - 1);
    format!("{}-{}-{step}", readable.trim_end_matches('-'), &sha256(run.as_bytes())[..NAME_DIGITS])
}

/// Why a run that has not ended has no pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspension {
    /// `spec.suspend` is true.
    BySpec,
    /// Its budget is exhausted.
    ByBudget,
    /// Another controller suspended its Job, and has to resume it.
    ByOther,
    /// Nothing asks for it any more; its Job is still to be resumed.
    UntilReady,
}

/// A change of a Job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobChange {
    /// Suspend it for its run: its pods end, and the Job stays.
    Suspend,
    /// Resume it.
    Resume,
    /// Let it have this many pods at a time.
    Scale(i32),
    /// Let it have this many pods at a time, and leave it to its queue, or to who else resumes it, when they start. With
    /// 0 it rests.
    Queue(i32),
}

/// What can change about a Job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobState {
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether it is marked as suspended for its run. A Job of a queue has no such mark.
    pub suspended_by_run: bool,
    /// Whether it is one of a queue, which alone resumes it.
    pub queued: bool,
    /// Maximum number of pods at a time.
    pub parallelism: i32,
    /// How many pods have to succeed; more of them never run at a time.
    pub completions: i32,
}

impl JobState {
    /// Reads a Job.
    pub fn of(job: &Job) -> Self {
        let spec = job.spec.as_ref();
        let (suspended_by, queued) = (job.annotations().get(annotation::SUSPENDED_BY), is_queued(job));
        Self {
            suspended: is_suspended(job),
            suspended_by_run: !queued && suspended_by.is_some_and(|by| by == annotation::SUSPENDED_BY_RUN),
            queued,
            parallelism: spec.and_then(|spec| spec.parallelism).unwrap_or(1),
            completions: spec.and_then(|spec| spec.completions).unwrap_or(1),
        }
    }

    /// The next change that the Job needs, so that it is suspended or not and has up to `pods` pods at a time.
    /// A Job that another controller suspended is never resumed.
    pub fn change(&self, suspend: bool, pods: i32, may_resume: bool) -> Option<JobChange> {
        let pods = pods.min(self.completions);
        if self.queued || self.is_contested(suspend) {
            return self.change_queued(suspend, pods, may_resume);
        }
        if suspend && !self.suspended {
            return Some(JobChange::Suspend);
        }
        // Before it resumes, so that it never has more pods than it may.
        if pods != self.parallelism {
            return Some(JobChange::Scale(pods));
        }
        // Also if it runs: a mark that stays behind would claim a later suspension by another controller.
        (!suspend && self.suspended_by_run && may_resume).then_some(JobChange::Resume)
    }

    /// A queue resumes its Job whatever the run wants, so the run rests by a Job without pods. Whenever the
    /// number of pods changes, the Job goes back into its queue: the queue has not admitted the new number.
    fn change_queued(&self, suspend: bool, pods: i32, may_resume: bool) -> Option<JobChange> {
        let rests = suspend || self.is_resting() && !may_resume;
        let pods = if rests { 0 } else { pods };
        (pods != self.parallelism).then_some(JobChange::Queue(pods))
    }

    /// Whether somebody else resumes what its run suspends, such as a Kueue that manages Jobs without a queue. Instead of
    /// taking turns with that controller, the run rests by a Job without pods, as one of a queue does.
    fn is_contested(&self, suspend: bool) -> bool {
        self.suspended_by_run && (self.parallelism == 0 || suspend && !self.suspended)
    }

    /// Whether its run has taken its pods from it and leaves it to another controller when it is resumed.
    fn is_resting(&self) -> bool {
        (self.queued || self.suspended_by_run) && self.parallelism == 0
    }

    /// Whether it has no pods because its run is suspended, or was until now.
    pub fn is_suspended_by_run(&self) -> bool {
        self.suspended_by_run || self.is_resting()
    }

    /// Whether it has no pods once a change is made.
    pub fn suspended_after(&self, change: Option<JobChange>) -> bool {
        match change {
            Some(JobChange::Suspend | JobChange::Queue(_)) => true,
            Some(JobChange::Resume) => false,
            Some(JobChange::Scale(_)) | None => self.suspended || self.is_resting(),
        }
    }

    /// The suspension by another controller, if there is one.
    pub fn suspension_by_other(&self) -> Option<Suspension> {
        (self.suspended && !self.is_suspended_by_run()).then_some(Suspension::ByOther)
    }
}

/// The annotations of a Job that is created suspended for its run, or not.
pub fn annotations(suspended: bool) -> Option<BTreeMap<String, String>> {
    let mark = (annotation::SUSPENDED_BY.to_owned(), annotation::SUSPENDED_BY_RUN.to_owned());
    suspended.then(|| BTreeMap::from([mark]))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::Job;
    use serde_json::{Value, json};

    use super::{JobChange, JobState, Suspension, indexed_job_name};

    const RUNNING: JobState =
        JobState { suspended: false, suspended_by_run: false, queued: false, parallelism: 2, completions: 3 };
    const BY_RUN: JobState = JobState { suspended: true, suspended_by_run: true, ..RUNNING };
    const BY_OTHER: JobState = JobState { suspended: true, ..RUNNING };
    /// Its queue has admitted it.
    const ADMITTED: JobState = JobState { queued: true, ..RUNNING };
    const WAITING: JobState = JobState { suspended: true, ..ADMITTED };
    const RESTING: JobState = JobState { parallelism: 0, ..WAITING };

    #[test]
    fn the_name_of_an_indexed_job_can_begin_a_host_name() {
        assert_eq!(indexed_job_name("backfill", "work"), "backfill-work");
        let longest = "a".repeat(52);
        assert_eq!(indexed_job_name(&longest, "work"), format!("{longest}-work"));
        let dotted = indexed_job_name("news.wire-1", "work");
        assert!(dotted.starts_with("news-wire-1-") && dotted.ends_with("-work"), "{dotted}");
        assert_ne!(dotted, indexed_job_name("news-wire.1", "work"), "another run");
        for run in ["b.".repeat(26), format!("{}.b", "a".repeat(50)), format!("{}.b", "a".repeat(40))] {
            let name = indexed_job_name(run.trim_end_matches('.'), "enrich");
            let is_label = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            assert!(is_label && name.len() <= 59 && !name.contains("--"), "{name}");
        }
    }

    #[test]
    fn only_a_job_that_was_suspended_for_its_run_is_resumed() {
        assert_eq!(RUNNING.change(true, 2, true), Some(JobChange::Suspend));
        assert_eq!(RUNNING.change(false, 2, true), None);
        assert_eq!(BY_RUN.change(true, 2, true), None);
        assert_eq!(BY_RUN.change(false, 2, true), Some(JobChange::Resume));
        assert_eq!(BY_RUN.change(false, 2, false), None);
        for suspend in [true, false] {
            assert_eq!(BY_OTHER.change(suspend, 2, true), None);
        }
        let states = [RUNNING, BY_RUN, BY_OTHER].map(|state| state.suspension_by_other());
        assert_eq!(states, [None, None, Some(Suspension::ByOther)]);
    }

    #[test]
    fn a_mark_on_a_job_that_another_controller_resumed_is_removed() {
        let resumed = JobState { suspended: false, ..BY_RUN };
        assert_eq!(resumed.change(false, 2, true), Some(JobChange::Resume));
    }

    #[test]
    fn with_a_controller_that_resumes_what_a_run_suspends_no_turns_are_taken() {
        let resumed = JobState { suspended: false, ..BY_RUN };
        assert_eq!(resumed.change(true, 2, true), Some(JobChange::Queue(0)));
        let resting = JobState { parallelism: 0, ..BY_RUN };
        for state in [resting, JobState { suspended: false, ..resting }] {
            assert_eq!(state.change(true, 2, true), None, "{state:?}");
            assert_eq!(state.change(false, 2, false), None, "{state:?}: not ready yet");
            assert_eq!(state.change(false, 2, true), Some(JobChange::Queue(2)), "{state:?}");
            assert!(state.suspended_after(None), "{state:?}");
            assert_eq!(state.suspension_by_other(), None, "{state:?}");
        }
        assert_eq!(BY_RUN.change(false, 2, true), Some(JobChange::Resume), "as after it has its pods again");
    }

    #[test]
    fn a_job_of_a_queue_is_never_resumed_and_rests_without_pods_whatever_its_queue_does() {
        let admitted_without_pods = JobState { suspended: false, ..RESTING };
        for state in [ADMITTED, WAITING] {
            assert_eq!(state.change(true, 2, true), Some(JobChange::Queue(0)), "{state:?}");
            assert_eq!(state.change(false, 2, true), None, "{state:?}");
        }
        for state in [RESTING, admitted_without_pods] {
            assert_eq!(state.change(true, 2, true), None, "{state:?}: no turns are taken");
            assert_eq!(state.change(false, 2, false), None, "{state:?}: not ready yet");
            assert_eq!(state.change(false, 2, true), Some(JobChange::Queue(2)), "{state:?}");
            assert!(state.suspended_after(None) && state.is_suspended_by_run(), "{state:?}");
            assert_eq!(state.suspension_by_other(), None, "{state:?}");
        }
        assert!(WAITING.suspended_after(Some(JobChange::Queue(2))), "until the queue admits it");
        assert_eq!(WAITING.suspension_by_other(), Some(Suspension::ByOther));
    }

    #[test]
    fn a_job_of_a_queue_goes_back_into_it_for_another_number_of_pods() {
        assert_eq!(ADMITTED.change(false, 3, true), Some(JobChange::Queue(3)));
        assert_eq!(WAITING.change(false, 9, false), Some(JobChange::Queue(3)), "one for each completion");
    }

    #[test]
    fn a_job_has_the_pods_that_are_wanted_and_no_more_than_it_has_work_for() {
        for (pods, change) in [(1, Some(1)), (2, None), (3, Some(3)), (9, Some(3))] {
            assert_eq!(RUNNING.change(false, pods, true), change.map(JobChange::Scale), "{pods} pods");
        }
        assert_eq!(BY_RUN.change(false, 1, true), Some(JobChange::Scale(1)), "before it resumes");
        assert_eq!(RUNNING.change(true, 1, true), Some(JobChange::Suspend), "before anything else");
    }

    #[test]
    fn what_a_job_does_not_say_is_as_the_api_server_takes_it() {
        let state = |metadata: Value, spec: Value| {
            let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec});
            JobState::of(&serde_json::from_value::<Job>(job).unwrap())
        };
        let template = json!({"spec": {"containers": []}});
        let single = JobState { parallelism: 1, completions: 1, ..RUNNING };
        assert_eq!(state(json!({}), json!({"template": template})), single);
        let spec = json!({"template": template, "suspend": true, "parallelism": 2, "completions": 3});
        let marked = |by: &str| json!({"annotations": {"docmill.io/suspended-by": by}});
        assert_eq!(state(marked("run"), spec.clone()), BY_RUN);
        assert_eq!(state(marked("me"), spec.clone()), BY_OTHER);
        assert_eq!(state(json!({}), spec.clone()), BY_OTHER);
        let queued = json!({"labels": {"kueue.x-k8s.io/queue-name": "news"}});
        assert_eq!(state(queued, spec.clone()), WAITING);
        assert_eq!(state(json!({"labels": {"kueue.x-k8s.io/queue-name": ""}}), spec), BY_OTHER);
    }

    #[test]
    fn a_change_is_counted_with_before_it_is_seen() {
        assert!(RUNNING.suspended_after(Some(JobChange::Suspend)));
        assert!(!BY_RUN.suspended_after(Some(JobChange::Resume)));
        assert!(BY_RUN.suspended_after(Some(JobChange::Scale(1))) && BY_OTHER.suspended_after(None));
    }
}
