//! A worker is killed with SIGKILL around each step of a removal, or around each step of a put whose object is removed
//! then; another one finishes, and the auditor finds nothing that was removed and everything else.

use anyhow::{Context as _, Result};
use docmill_crds::api::storage::Packing;
use e2e::articles::{Article, Form};
use e2e::cases::{Case, case, side_by_side};
use e2e::corpus::Corpus;
use e2e::faults::{Held, Match, Proxy};
use e2e::notices;
use e2e::rig::removals::removing;
use e2e::rig::{self, ENDED, REACHED, RECOVERED, Rig};
use e2e::s3::Listed;
use serde_json::Value;

use crate::kill_matrix::Moment;

const OBJECTS: usize = 24;
const FAULTY_EVERY: usize = 6;

/// One request of a worker, by which something changes.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    proxy: fn(&Rig) -> &Proxy,
    request: fn(&Rig) -> Match,
}

/// Of removals, among puts that are under way.
const REMOVING: [Step; 8] = [
    Step { name: "receive", proxy: |rig| &rig.sqs_proxy, request: |_| Match::any().target("ReceiveMessage") },
    Step {
        name: "tombstone",
        proxy: |rig| &rig.es_proxy,
        request: |rig| rig.head_bulks().body("\"_id\":\"key-").body("\"gone\":true"),
    },
    Step {
        name: "retire",
        proxy: |rig| &rig.es_proxy,
        request: |rig| rig.head_bulks().body("\"_id\":\"doc-").body("\"gone\":true"),
    },
    Step {
        name: "delete",
        proxy: |rig| &rig.es_proxy,
        request: |rig| rig.article_bulks().body("{\"delete\":"),
    },
    Step {
        name: "evidence",
        proxy: |rig| &rig.s3_proxy,
        request: |rig| Match::any().method("DELETE").path(format!("/{}/", rig.errors_bucket())),
    },
    Step {
        name: "record",
        proxy: |rig| &rig.es_proxy,
        request: |rig| rig.ledger_bulks().body("\"ObjectRemoved\""),
    },
    Step { name: "articles", proxy: |rig| &rig.es_proxy, request: Rig::article_bulks },
    Step {
        name: "acknowledge",
        proxy: |rig| &rig.sqs_proxy,
        request: |_| Match::any().target("DeleteMessageBatch"),
    },
];

/// Of puts, whose objects are removed after the kill.
const PUTTING: [Step; 4] = [
    Step { name: "snapshot", proxy: |rig| &rig.s3_proxy, request: Rig::snapshot_writes },
    Step { name: "claim", proxy: |rig| &rig.es_proxy, request: Rig::head_bulks },
    Step { name: "index", proxy: |rig| &rig.es_proxy, request: Rig::article_bulks },
    Step { name: "ledger", proxy: |rig| &rig.es_proxy, request: Rig::ledger_bulks },
];

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_worker_that_is_killed_around_any_step_of_a_removal_leaves_nothing_and_takes_nothing_else()
-> Result<()> {
    side_by_side(matrix(&REMOVING, Packing::PerUnit, killed_while_removing)).await?;
    side_by_side(matrix(&REMOVING, Packing::Packed, killed_while_removing)).await
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn nor_does_one_that_is_killed_with_an_object_that_is_removed_then() -> Result<()> {
    side_by_side(matrix(&PUTTING, Packing::PerUnit, killed_before_the_removal)).await
}

fn matrix(
    steps: &'static [Step],
    packing: Packing,
    story: fn(String, Step, Moment, Packing) -> Case<'static>,
) -> Vec<Case<'static>> {
    let packed = if packing == Packing::Packed { "packed-" } else { "" };
    let named = |step: &Step, moment: Moment| format!("rm-{packed}{}-{}", step.name, moment.name());
    let cases = steps
        .iter()
        .flat_map(|step| Moment::ALL.map(|moment| story(named(step, moment), *step, moment, packing)));
    cases.collect()
}

/// All is in the index. Then a third of it is removed, another third is removed and put again, and all that is told in any
/// order to a worker that is killed.
fn killed_while_removing(name: String, step: Step, moment: Moment, packing: Packing) -> Case<'static> {
    case(name.clone(), async move {
        rig::run(&name, Form::Nitf, async |rig| {
            let spec = spec(rig, packing);
            let mut corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
            rig.land(&corpus).await?;
            rig.drain_for(&spec).await?;
            rig.send(remove_and_put_again(rig, &mut corpus).await?).await?;
            let held = kill_at(rig, step, moment, &spec).await?;
            finish(rig, &spec, moment, held).await?;
            rig.judge(&corpus).await
        })
        .await
    })
}

/// A worker is killed with objects that are removed then.
fn killed_before_the_removal(name: String, step: Step, moment: Moment, packing: Packing) -> Case<'static> {
    case(name.clone(), async move {
        rig::run(&name, Form::Nitf, async |rig| {
            let spec = spec(rig, packing);
            let mut corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
            rig.land(&corpus).await?;
            let held = kill_at(rig, step, moment, &spec).await?;
            rig.send(remove_and_put_again(rig, &mut corpus).await?).await?;
            finish(rig, &spec, moment, held).await?;
            rig.judge(&corpus).await
        })
        .await
    })
}

fn spec(rig: &Rig, packing: Packing) -> Value {
    removing(if packing == Packing::Packed { rig.packed_spec() } else { rig.spec() })
}

/// Removes two of three objects, and puts every other one of these again with another text. Gives the messages about that.
async fn remove_and_put_again(rig: &Rig, corpus: &mut Corpus) -> Result<Vec<String>> {
    let keys: Vec<String> = corpus.objects.keys().cloned().collect();
    let mut messages = Vec::new();
    for (number, key) in keys.iter().enumerate().filter(|(number, _)| number % 3 > 0) {
        rig.take_away(&[key]).await?;
        messages.extend(rig.removals(&[key]));
        corpus.remove(key);
        if number % 3 == 2 {
            let article = Article { headline: "Again".into(), ..Article::generated(&rig.name, number) };
            corpus.add(key.clone(), &article, Form::Nitf);
            let object: Listed = rig.s3.put(&rig.raw_bucket(), key, corpus.objects[key].clone()).await?;
            messages.push(notices::message(&rig.raw_bucket(), &[object]));
        }
    }
    notices::shuffle(&mut messages, 7);
    Ok(messages)
}

/// Starts a worker, lets it get to the step, and kills it there.
async fn kill_at(rig: &Rig, step: Step, moment: Moment, spec: &Value) -> Result<Held> {
    let gate = (step.proxy)(rig).hold(1, (step.request)(rig), moment.point());
    let victim = rig.worker_for("victim", spec)?;
    let held =
        gate.next(REACHED).await.with_context(|| format!("the worker never came to: {}", step.name))?;
    victim.kill()?;
    Ok(held)
}

/// Another worker does what is left; what was held arrives after that, or never.
async fn finish(rig: &Rig, spec: &Value, moment: Moment, held: Held) -> Result<()> {
    let late = match moment {
        Moment::Late => Some(held),
        Moment::Before | Moment::After => {
            held.drop_it();
            None
        }
    };
    let heir = rig.worker_for("heir", spec)?;
    rig.settled(RECOVERED).await?;
    if let Some(late) = late {
        late.go();
    }
    heir.end(ENDED).await
}
