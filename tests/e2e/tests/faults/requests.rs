//! How many requests articles take, of each kind that has a price: no more than the page about costs says.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use docmill_crds::api::storage::Packing;
use e2e::articles::Form;
use e2e::cases::{case, side_by_side};
use e2e::corpus::Corpus;
use e2e::cost::{CostPage, Load, Request};
use e2e::faults::{Match, Rule};
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use e2e::s3::Listed;

/// Requests beside those of the articles: receives of an empty queue, last batches that are not full, and the first
/// extensions of a full worker.
const BESIDE: f64 = 30.0;
/// How often an article is told of where there are 50 a second.
const TOLD_EVERY: Duration = Duration::from_millis(20);

#[tokio::test]
async fn articles_take_no_more_requests_than_the_page_about_costs_says() -> Result<()> {
    let page = CostPage::read()?;
    side_by_side(vec![
        case("fifty", counted("fifty", &page, Load::Fifty, Packing::Packed, 400)),
        case("many", counted("many", &page, Load::FiveThousand, Packing::PerUnit, 1000)),
        case("packed", counted("packed", &page, Load::FiveThousand, Packing::Packed, 1000)),
    ])
    .await
}

/// Lets a worker ingest so many articles, which arrive one by one or are all there, and compares its requests with the page.
async fn counted(name: &str, page: &CostPage, load: Load, packing: Packing, articles: u16) -> Result<()> {
    rig::run(name, Form::Nitf, async |rig| {
        let requests = [
            (Request::Get, rig.s3_proxy.count(rig.reads())),
            (Request::Put(packing), rig.s3_proxy.count(rig.snapshot_writes())),
            (Request::Receive, rig.sqs_proxy.count(Match::any().target("ReceiveMessage"))),
            (Request::Delete, rig.sqs_proxy.count(Match::any().target("DeleteMessageBatch"))),
            (Request::Extend, rig.sqs_proxy.count(Match::any().target("ChangeMessageVisibilityBatch"))),
        ];
        let objects = rig.put(&Corpus::generated(&rig.name, Form::Nitf, articles.into(), 0)).await?;
        let spec = if packing == Packing::Packed { rig.packed_spec() } else { rig.spec() };
        let all_at_once = load != Load::Fifty;
        if all_at_once {
            rig.tell_one_by_one(&objects).await?;
        }
        let worker = rig.worker_for("worker", &spec)?;
        let times = if all_at_once { 1.0 } else { tell_slowly(rig, &objects).await? };
        rig.settled(RECOVERED).await?;
        for (request, rule) in &requests {
            let told = page.requests(*request, load)? * f64::from(articles) / 1e6;
            check(*request, rule, told, times)?;
        }
        worker.end(ENDED).await
    })
    .await
}

/// Tells of 50 objects a second. Gives how many times as long as planned it took, since fewer articles share a request
/// when they come more slowly.
async fn tell_slowly(rig: &Rig, objects: &[Listed]) -> Result<f64> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(TOLD_EVERY);
    for object in objects {
        ticks.tick().await;
        rig.tell_one_by_one(std::slice::from_ref(object)).await?;
    }
    let planned = TOLD_EVERY * u32::try_from(objects.len())?;
    Ok((began.elapsed().as_secs_f64() / planned.as_secs_f64()).max(1.0))
}

/// Compares the requests of a kind with what the page tells of so many articles: at most as many, and one for each
/// article where it tells that.
fn check(request: Request, rule: &Rule, told: f64, times: f64) -> Result<()> {
    let counted = f64::from(u32::try_from(rule.hits())?);
    println!("{request:?}: {counted}, and {told} by the page");
    ensure!(counted <= told * times + BESIDE, "{request:?}: {counted} instead of {told}");
    let is_each = matches!(request, Request::Get | Request::Put(Packing::PerUnit));
    ensure!(!is_each || counted >= told, "{request:?}: only {counted} instead of {told}");
    Ok(())
}
