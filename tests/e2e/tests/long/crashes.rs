//! A document that kills every worker that reads it, and a worker that cannot finish what it holds.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cases::{case, side_by_side};
use e2e::corpus::{Corpus, Outcome};
use e2e::faults::{Match, Point};
use e2e::rig::{self, ENDED, REACHED, RECOVERED, Rig};

/// After so many crashes a unit has to be set apart.
const CRASHES: usize = 6;
/// How long a worker has at most from SIGTERM to its end: the grace period of its pod.
const GRACE: Duration = Duration::from_mins(1);
/// The next delivery of a killed worker's message comes within this.
const NEXT_DELIVERY: Duration = Duration::from_secs(50);

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_poisonous_document_is_set_apart_and_a_stuck_worker_lets_go() -> Result<()> {
    side_by_side(vec![
        case("poison", rig::run("poison", Form::Nitf, a_document_that_kills_its_worker)),
        case("stuck", rig::run("stuck", Form::Nitf, asked_to_end_while_the_index_does_not_answer)),
    ])
    .await
}

async fn a_document_that_kills_its_worker(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 24, 0);
    let key = "wire/poison.xml";
    corpus.add(key, &Article::generated(&rig.name, 1000), Form::Nitf);
    corpus.outcomes.insert(key.into(), Outcome::Failed("Poison"));
    rig.land(&corpus).await?;
    let reading = Match::any().method("GET").path(format!("/{}/{key}", rig.raw_bucket()));
    let gate = rig.s3_proxy.hold(usize::MAX, reading, Point::After);
    let mut crashes = 0;
    let last = loop {
        let worker = rig.worker(&format!("worker-{crashes}"))?;
        match gate.next(NEXT_DELIVERY).await {
            Ok(_) if crashes < CRASHES => worker.kill()?,
            Ok(_) => anyhow::bail!("it is read once more after {crashes} crashes"),
            Err(_) => break worker,
        }
        crashes += 1;
    };
    println!("set apart after {crashes} crashes");
    rig.settled(RECOVERED).await?;
    last.end(ENDED).await?;
    rig.judge(&corpus).await
}

/// It lets go of what it holds before its grace period is over, and another one does all of it.
async fn asked_to_end_while_the_index_does_not_answer(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 24, 6);
    rig.land(&corpus).await?;
    let gate = rig.es_proxy.hold(usize::MAX, rig.article_bulks(), Point::Before);
    let mut stuck = rig.worker("stuck")?;
    let waiting = gate.next(REACHED).await?;
    stuck.ask_to_end().await?;
    let status = stuck.ended(GRACE).await?;
    ensure!(status.success(), "the stuck worker ended with {status}");
    waiting.drop_it();
    gate.rule.remove();
    rig.drain().await?;
    rig.judge(&corpus).await
}
