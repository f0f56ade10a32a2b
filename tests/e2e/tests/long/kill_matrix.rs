//! A worker is killed with SIGKILL around each of its side effects; another one finishes, and the auditor finds
//! nothing that is lost, doubled or out of step.

use anyhow::{Context as _, Result};
use docmill_crds::api::storage::Packing;
use e2e::articles::Form;
use e2e::cases::{Case, case, side_by_side};
use e2e::corpus::Corpus;
use e2e::faults::{Held, Match, Point, Proxy};
use e2e::rig::{self, ENDED, REACHED, RECOVERED, Rig};
use serde_json::Value;

const OBJECTS: usize = 24;
/// Every so many objects one is faulty, so that the errors bucket takes part.
const FAULTY_EVERY: usize = 6;

/// One request of a worker, by which something changes or is learned.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    proxy: fn(&Rig) -> &Proxy,
    request: fn(&Rig) -> Match,
}

const STEPS: [Step; 9] = [
    Step { name: "receive", proxy: |rig| &rig.sqs_proxy, request: |_| Match::any().target("ReceiveMessage") },
    Step { name: "get", proxy: |rig| &rig.s3_proxy, request: Rig::reads },
    Step { name: "snapshot", proxy: |rig| &rig.s3_proxy, request: Rig::snapshot_writes },
    Step { name: "heads", proxy: |rig| &rig.es_proxy, request: Rig::head_bulks },
    Step { name: "bulk", proxy: |rig| &rig.es_proxy, request: Rig::article_bulks },
    Step { name: "ledger", proxy: |rig| &rig.es_proxy, request: Rig::ledger_bulks },
    Step {
        name: "errorcopy",
        proxy: |rig| &rig.s3_proxy,
        request: |rig| rig.error_writes().header("x-amz-copy-source"),
    },
    Step {
        name: "errorput",
        proxy: |rig| &rig.s3_proxy,
        request: |rig| rig.error_writes().no_header("x-amz-copy-source"),
    },
    Step {
        name: "delete",
        proxy: |rig| &rig.sqs_proxy,
        request: |_| Match::any().target("DeleteMessageBatch"),
    },
];

/// When the worker dies, seen from its request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// Before the store sees the request, which never arrives.
    Before,
    /// After the store has answered, and before the worker hears it.
    After,
    /// Before the store sees the request, which arrives when another worker has long done everything.
    Late,
}

impl Moment {
    pub(crate) const ALL: [Self; 3] = [Self::Before, Self::After, Self::Late];

    pub(crate) const fn point(self) -> Point {
        match self {
            Self::Before | Self::Late => Point::Before,
            Self::After => Point::After,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Late => "late",
        }
    }
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_worker_that_is_killed_around_any_side_effect_loses_and_doubles_nothing() -> Result<()> {
    side_by_side(matrix(Packing::PerUnit)).await
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn nor_does_one_that_packs_its_snapshots() -> Result<()> {
    side_by_side(matrix(Packing::Packed)).await
}

fn matrix(packing: Packing) -> Vec<Case<'static>> {
    let cases = STEPS.into_iter().flat_map(|step| Moment::ALL.map(|moment| killed_at(step, moment, packing)));
    cases.collect()
}

fn killed_at(step: Step, moment: Moment, packing: Packing) -> Case<'static> {
    let packed = if packing == Packing::Packed { "packed-" } else { "" };
    let name = format!("{packed}{}-{}", step.name, moment.name());
    case(name.clone(), async move {
        rig::run(&name, Form::Nitf, async |rig| {
            let corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
            rig.land(&corpus).await?;
            let spec = if packing == Packing::Packed { rig.packed_spec() } else { rig.spec() };
            let held = kill_at(rig, step, moment.point(), &spec).await?;
            let late = match moment {
                Moment::Late => Some(held),
                Moment::Before | Moment::After => {
                    held.drop_it();
                    None
                }
            };
            let heir = rig.worker_for("heir", &spec)?;
            rig.settled(RECOVERED).await?;
            if let Some(late) = late {
                late.go();
            }
            heir.end(ENDED).await?;
            rig.judge(&corpus).await
        })
        .await
    })
}

/// Starts a worker, lets it get to the step, and kills it there.
async fn kill_at(rig: &Rig, step: Step, point: Point, spec: &Value) -> Result<Held> {
    let gate = (step.proxy)(rig).hold(1, (step.request)(rig), point);
    let victim = rig.worker_for("victim", spec)?;
    let held =
        gate.next(REACHED).await.with_context(|| format!("the worker never came to: {}", step.name))?;
    victim.kill()?;
    Ok(held)
}
