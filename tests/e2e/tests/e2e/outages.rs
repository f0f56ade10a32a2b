//! What a source says of itself while something that it needs is broken: by whom, what of it, and since when. Nothing
//! fails meanwhile and nothing is lost, and it goes on by itself when the fault is over.
//!
//! Only things of the test's own are broken, so that all of it runs side by side. Buckets are denied and the queue made
//! unreachable by proxies between the pods and the stores.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::{Article, Fault, Form};
use e2e::cases::{Case, case, side_by_side};
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::elastic::Stored;
use e2e::faults::{Action, Answer, Match, Proxy};
use e2e::resources::{self, SECRET, SOURCE};
use e2e::wait::throughout;
use e2e::world::{self, World, find_condition};
use reqwest::Method;
use serde_json::{Value, json};

const OBJECTS: usize = 24;
const FAULTY_EVERY: usize = 6;
/// Within how long a fault is told of: a pod starts, meets it, and the operator asks it.
const TOLD: Duration = Duration::from_secs(45);
/// For how long it is told of without a break.
const LASTS: Duration = Duration::from_secs(20);
/// Within how long it is over: pauses grow to half a minute, and a kubelet tries a mount again after up to two minutes.
const OVER: Duration = Duration::from_mins(3);

/// A condition: type, status and reason.
type Said<'a> = (&'a str, &'a str, &'a str);

#[tokio::test]
async fn a_store_that_takes_nothing_is_named_while_nothing_fails() -> Result<()> {
    side_by_side(vec![
        outage("o-read-only", the_index_is_read_only),
        outage("o-snapshots", the_snapshot_bucket_is_denied),
        outage("o-errors", the_errors_bucket_is_denied),
        outage("o-bucket", the_snapshot_bucket_is_deleted),
    ])
    .await
}

#[tokio::test]
async fn a_queue_or_a_secret_that_is_gone_and_a_feed_that_is_broken_are_named() -> Result<()> {
    side_by_side(vec![
        outage("o-no-queue", the_queue_is_deleted),
        outage("o-queue-away", the_queue_is_unreachable),
        outage("o-secret", the_secret_is_deleted),
        outage("o-invalid", everything_is_invalid),
    ])
    .await
}

fn outage(name: &'static str, test: impl AsyncFn(&World) -> Result<()> + 'static) -> Case<'static> {
    case(name, async move { world::run(name, async |world| test(world).await).await })
}

/// Waits until the world's source says something, with a name in it.
async fn told(world: &World, (kind, status, reason): Said<'_>, name: &str) -> Result<()> {
    let source = (Kind::IngestSource, SOURCE);
    let condition = world.condition(source, kind, (status, reason), TOLD).await?;
    let message = condition["message"].as_str().unwrap_or_default();
    ensure!(message.contains(name), "{kind} {reason} does not name {name:?}: {message}");
    Ok(())
}

/// What was told is told for as long as the fault lasts, and no unit has failed for it.
async fn lasts(world: &World, (kind, status, reason): Said<'_>, faulty: usize) -> Result<()> {
    let said = world
        .condition_meanwhile(throughout(LASTS, async || {
            let source = world.cluster.get(Kind::IngestSource, &world.name, SOURCE).await?;
            let now = find_condition(&source, kind);
            ensure!(now["status"] == status && now["reason"] == reason, "{kind} says {now} by now");
            Ok(())
        }))
        .await?;
    said.failed_at_most(faulty)
}

async fn over(world: &World, (kind, status, reason): Said<'_>) -> Result<()> {
    world.condition((Kind::IngestSource, SOURCE), kind, (status, reason), OVER).await.map(drop)
}

async fn ready(world: &World, source: &Value) -> Result<()> {
    world.apply(source).await?;
    over(world, ("Ready", "True", "Reachable")).await
}

async fn settled(world: &World, corpus: &Corpus) -> Result<()> {
    world.counted(corpus.sound(), corpus.faulty()).await?;
    world.no_workers().await?;
    world.audit_all(corpus).await
}

fn corpus(world: &World) -> Corpus {
    Corpus::generated(&world.name, Form::Nitf, OBJECTS, FAULTY_EVERY)
}

/// The world's source, with a proxy in front of its object store.
async fn behind_a_proxy(world: &World) -> Result<(Value, Proxy)> {
    let proxy = Proxy::start(&world.env.host_address, &world.env.s3.outside).await?;
    let mut source = world.ingest_source(Form::Nitf);
    source["spec"]["storage"]["endpoint"] = proxy.url().into();
    Ok((source, proxy))
}

async fn backlog(world: &World) -> Result<u64> {
    let backlog = world.sqs.backlog(&world.queue_url).await?;
    Ok(backlog.waiting + backlog.in_flight)
}

/// As an operator of Elasticsearch does it before maintenance.
async fn the_index_is_read_only(world: &World) -> Result<()> {
    let index = format!("articles-{}-2026.01", world.name);
    let block = async |on: bool| {
        let settings = json!({"index.blocks.write": on});
        world.articles.expect(Method::PUT, &format!("{index}/_settings"), Some(settings)).await
    };
    world.articles.expect(Method::PUT, &index, None).await?;
    block(true).await?;
    ready(world, &world.ingest_source(Form::Nitf)).await?;
    let corpus = corpus(world);
    world.put(&corpus).await?;
    let blocked = ("Degraded", "True", "IndexBlocked");
    told(world, blocked, "open it to writes").await?;
    lasts(world, blocked, corpus.faulty()).await?;
    // It is the trouble of one index, which keeps nothing else.
    over(world, ("Throttled", "False", "NotHindered")).await?;
    let records = world.articles.all(&format!("docmill-units-{}.{SOURCE}", world.name)).await?;
    let by_the_block = |record: &Stored| record.source["reason"] == "IndexRejected";
    ensure!(!records.iter().any(by_the_block), "a block of the index became a fault of units: {records:?}");
    block(false).await?;
    over(world, ("Degraded", "False", "AsExpected")).await?;
    settled(world, &corpus).await
}

/// Lands a corpus while no write into a bucket is allowed, looks at the stores as soon as that is told of and lasts, and
/// sees everything done once it is allowed.
async fn denied(
    world: &World,
    bucket: &str,
    corpus: &Corpus,
    meanwhile: impl AsyncFnOnce() -> Result<()>,
) -> Result<()> {
    let (source, proxy) = behind_a_proxy(world).await?;
    let writes = Match::any().method("PUT").path(format!("/{bucket}/"));
    let denied = proxy.rule(writes, Action::Answer(Answer::s3(403, "AccessDenied")));
    ready(world, &source).await?;
    world.put(corpus).await?;
    let degraded = ("Degraded", "True", "ObjectStoreAccessDenied");
    told(world, degraded, bucket).await?;
    lasts(world, degraded, 0).await?;
    meanwhile().await?;
    denied.remove();
    over(world, ("Degraded", "False", "AsExpected")).await?;
    settled(world, corpus).await
}

async fn the_snapshot_bucket_is_denied(world: &World) -> Result<()> {
    // Refused articles have no snapshot to wait for.
    let corpus = Corpus::generated(&world.name, Form::Nitf, OBJECTS, 0);
    denied(world, &world.snapshots_bucket(), &corpus, async || {
        let (indexed, waiting) =
            (world.articles.count(&world.articles_pattern()).await?, backlog(world).await?);
        ensure!(indexed == 0, "{indexed} documents are in the index and not in the snapshots");
        ensure!(waiting == OBJECTS as u64, "{waiting} of {OBJECTS} messages are left");
        Ok(())
    })
    .await
}

async fn the_errors_bucket_is_denied(world: &World) -> Result<()> {
    let corpus = corpus(world);
    denied(world, &world.errors_bucket(), &corpus, async || {
        let indexed = world.articles.count(&world.articles_pattern()).await?;
        ensure!(indexed == corpus.sound() as u64, "{indexed} of {} sound units went on", corpus.sound());
        ensure!(backlog(world).await? == corpus.faulty() as u64, "refused units are not pending");
        Ok(())
    })
    .await
}

/// It is there when the source is looked at, and gone when a worker needs it.
async fn the_snapshot_bucket_is_deleted(world: &World) -> Result<()> {
    ready(world, &world.ingest_source(Form::Nitf)).await?;
    let bucket = world.snapshots_bucket();
    world.s3.remove_bucket(&bucket).await?;
    let corpus = Corpus::generated(&world.name, Form::Nitf, OBJECTS, 0);
    world.put(&corpus).await?;
    told(world, ("Degraded", "True", "ObjectStoreNotFound"), &bucket).await?;
    let unready = ("Ready", "False", "BucketNotFound");
    told(world, unready, &bucket).await?;
    lasts(world, unready, 0).await?;
    world.s3.create_bucket(&bucket).await?;
    over(world, ("Ready", "True", "Reachable")).await?;
    over(world, ("Degraded", "False", "AsExpected")).await?;
    settled(world, &corpus).await
}

async fn the_queue_is_deleted(world: &World) -> Result<()> {
    ready(world, &world.ingest_source(Form::Nitf)).await?;
    world.sqs.remove(&world.queue_url).await?;
    let unready = ("Ready", "False", "QueueNotFound");
    told(world, unready, &world.queue_url).await?;
    lasts(world, unready, 0).await?;
    let again = world.sqs.create(&world.name, 30).await?;
    ensure!(again == world.queue_url, "the queue came back as {again}");
    over(world, ("Ready", "True", "Reachable")).await?;
    let corpus = corpus(world);
    world.put(&corpus).await?;
    settled(world, &corpus).await
}

async fn the_queue_is_unreachable(world: &World) -> Result<()> {
    let proxy = Proxy::start(&world.env.host_address, &world.env.sqs.outside).await?;
    let queue = world.queue_url.splitn(4, '/').nth(3).unwrap_or_default();
    let url = format!("{}/{queue}", proxy.url());
    let mut source = world.ingest_source(Form::Nitf);
    source["spec"]["trigger"]["sqs"]["queueURL"] = url.clone().into();
    ready(world, &source).await?;
    proxy.shut();
    let corpus = corpus(world);
    world.put(&corpus).await?;
    let unready = ("Ready", "False", "QueueUnreachable");
    told(world, unready, &url).await?;
    told(world, ("Progressing", "False", "QueueUnknown"), "").await?;
    lasts(world, unready, 0).await?;
    proxy.open();
    over(world, ("Ready", "True", "Reachable")).await?;
    settled(world, &corpus).await
}

/// It is there when the source is looked at, and gone when a pod needs it.
async fn the_secret_is_deleted(world: &World) -> Result<()> {
    ready(world, &world.ingest_source(Form::Nitf)).await?;
    world.cluster.kubectl(&["delete", "secret", SECRET, "-n", &world.name]).await?;
    let corpus = corpus(world);
    world.put(&corpus).await?;
    let unready = ("Ready", "False", "SecretNotFound");
    told(world, unready, &format!("{SECRET:?}")).await?;
    lasts(world, unready, 0).await?;
    world.apply(&resources::secret(&world.env)).await?;
    over(world, ("Ready", "True", "Reachable")).await?;
    settled(world, &corpus).await
}

/// A feed that sends nothing but rubbish is told of as such, and each object of it is read once.
async fn everything_is_invalid(world: &World) -> Result<()> {
    let (source, proxy) = behind_a_proxy(world).await?;
    let path = format!("/{}/", world.raw_bucket());
    let reads = proxy.count(Match::any().method("GET").path(path));
    let kept = proxy.count(Match::any().method("PUT").path(format!("/{}/", world.errors_bucket())));
    ready(world, &source).await?;
    let mut corpus = Corpus::default();
    for number in 0..OBJECTS {
        let article = Article::generated(&world.name, number);
        corpus.add_broken(format!("wire/{number}.xml"), &article, Form::Nitf, Fault::NoHeadline);
    }
    for part in corpus.objects.clone().into_iter().collect::<Vec<_>>().chunks(OBJECTS / 6) {
        world.s3.put_all(&world.raw_bucket(), part.to_vec()).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    let degraded = ("Degraded", "True", "MostUnitsFail");
    told(world, degraded, "MissingField").await?;
    lasts(world, degraded, OBJECTS).await?;
    settled(world, &corpus).await?;
    let hits = [reads.hits(), kept.hits()];
    ensure!(hits == [OBJECTS, 2 * OBJECTS], "each is read once and kept with its reason: {hits:?}");
    let sound = Corpus::generated(&format!("{}-mended", world.name), Form::Nitf, 2 * OBJECTS, 0);
    world.put(&sound).await?;
    over(world, ("Degraded", "False", "AsExpected")).await
}
