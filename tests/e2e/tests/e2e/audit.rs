//! One thing of each kind is broken by hand in the stores: an audit finds each once, mends it, and then finds nothing.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use docmill_crds::audit::DifferenceKind;
use docmill_crds::records::units::UnitId;
use e2e::articles::Form;
use e2e::auditor::without_handling;
use e2e::corpus::{Corpus, Outcome};
use e2e::elastic::Stored;
use e2e::evidence::error_record;
use e2e::ingest_runs::{self, Ended};
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn each_kind_of_difference_is_found_once_and_mended() -> Result<()> {
    world::run("audit", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["raw"]["onDelete"] = json!("Delete");
        world.apply(&source).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, 40, 10);
        world.put(&corpus).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        world.no_workers().await?;
        finds_nothing(&ingest_runs::complete(world, "sound", json!({"mode": "Audit"})).await?, &corpus)?;

        Breaker::new(world, &corpus).await?.break_everything().await?;
        let kinds = DifferenceKind::ALL.len();
        let found = ingest_runs::complete(world, "find", json!({"mode": "Audit"})).await?;
        each_kind_once(&found, 0)?;
        ensure!(found.status["differences"] == kinds && found.status["repaired"] == 0, "{}", found.status);
        let mended = ingest_runs::complete(world, "mend", json!({"mode": "Audit", "repair": true})).await?;
        each_kind_once(&mended, 1)?;
        ensure!(mended.status["repaired"] == kinds, "{}", mended.status);
        finds_nothing(&ingest_runs::complete(world, "mended", json!({"mode": "Audit"})).await?, &corpus)?;

        world.articles.delete(&ledger(world), &ghost(world).digest()).await?;
        world.audit_all(&corpus).await
    })
    .await
}

/// An index is lost with all that is in it. What the snapshots hold comes back as it was.
#[tokio::test]
async fn an_index_that_was_deleted_is_rebuilt_from_snapshots() -> Result<()> {
    world::run("index-lost", async |world| {
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, 120, 20);
        world.put(&corpus).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        world.no_workers().await?;
        let before = content(world).await?;
        let mapping = format!("{}/_mapping", world.articles_pattern());
        let mapped = world.articles.expect(Method::GET, &mapping, None).await?;
        world.articles.remove(&world.articles_pattern()).await?;
        let found = ingest_runs::complete(world, "find", json!({"mode": "Audit"})).await?;
        ensure!(found.status["differences"] == corpus.sound(), "{:#}", found.details);
        let mended = ingest_runs::complete(world, "mend", json!({"mode": "Audit", "repair": true})).await?;
        ensure!(mended.status["repaired"] == corpus.sound(), "{:#}", mended.details);
        ensure!(content(world).await? == before, "what came back is not what was there");
        ensure!(
            world.articles.expect(Method::GET, &mapping, None).await? == mapped,
            "it is mapped otherwise"
        );
        finds_nothing(&ingest_runs::complete(world, "mended", json!({"mode": "Audit"})).await?, &corpus)?;
        world.audit_all(&corpus).await
    })
    .await
}

/// Of a ledger that was lost, and objects that have left the raw bucket, documents and snapshots are the last copies: a repair
/// leaves them, and says so, unless it is told that they are to go.
#[tokio::test]
async fn last_copies_stay_unless_the_run_says_that_they_are_to_go() -> Result<()> {
    world::run("audit-guard", async |world| {
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, 130, 10);
        world.put(&corpus).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        world.no_workers().await?;
        let (documents, snapshots) = (content(world).await?, snapshots(world).await?);
        ensure!(!snapshots.is_empty(), "no snapshots");
        for object in world.s3.list(&world.raw_bucket()).await? {
            world.s3.remove(&world.raw_bucket(), &object.key).await?;
        }
        world.no_workers().await?;
        world.articles.remove(&ledger(world)).await?;

        let kept = ingest_runs::complete(world, "keep", json!({"mode": "Audit", "repair": true})).await?;
        let orphaned = &kept.details["kinds"]["DocumentOrphaned"];
        ensure!(orphaned == &json!({"found": corpus.sound(), "repaired": 0}), "{:#}", kept.details);
        ensure!(kept.status["repaired"] == 0, "{}", kept.status);
        let conditions = kept.status["conditions"].as_array().context("no conditions")?;
        let complete = conditions.iter().find(|it| it["type"] == "Complete").context("it is not complete")?;
        ensure!(complete["reason"] == "DeletionsWithheld", "{complete}");
        let message = complete["message"].as_str().unwrap_or_default();
        ensure!(message.contains("spec.maxDeletedUnits"), "{message}");
        ensure!(content(world).await? == documents, "documents are gone");
        ensure!(self::snapshots(world).await? == snapshots, "snapshots are gone");

        let spec = json!({"mode": "Audit", "repair": true, "maxDeletedUnits": 1000});
        let cleared = ingest_runs::complete(world, "clear", spec).await?;
        ensure!(cleared.status["repaired"] == cleared.status["differences"], "{:#}", cleared.details);
        ensure!(content(world).await?.is_empty(), "documents are left");
        ensure!(self::snapshots(world).await?.is_empty(), "snapshots are left");
        let after = ingest_runs::complete(world, "after", json!({"mode": "Audit"})).await?;
        ensure!(after.status["differences"] == 0, "{:#}", after.details);
        Ok(())
    })
    .await
}

/// The keys of all snapshots and packs, without the files of runs.
async fn snapshots(world: &World) -> Result<BTreeSet<String>> {
    let listed = world.s3.list(&world.snapshots_bucket()).await?;
    Ok(listed.into_iter().map(|object| object.key).filter(|key| !key.contains("/runs/")).collect())
}

/// Every document by index and id, without the times of its handling.
async fn content(world: &World) -> Result<BTreeMap<(String, String), Value>> {
    let documents = world.articles.all(&world.articles_pattern()).await?;
    Ok(documents.into_iter().map(|one| ((one.index, one.id), without_handling(&one.source))).collect())
}

fn finds_nothing(run: &Ended, corpus: &Corpus) -> Result<()> {
    let (sums, details) = (&run.details["sums"], &run.details);
    ensure!(details["kinds"] == json!({}) && run.status["differences"] == 0, "{details:#}");
    let (sound, faulty) = (corpus.sound(), corpus.faulty());
    ensure!(sums["raw"] == sound + faulty && sums["indexed"] == sound && sums["failed"] == faulty, "{sums}");
    ensure!(sums["pending"] == 0 && sums["skipped"] == 0, "{sums}");
    Ok(())
}

fn each_kind_once(run: &Ended, repaired: i64) -> Result<()> {
    for kind in DifferenceKind::ALL {
        let count = &run.details["kinds"][kind.as_str()];
        ensure!(count == &json!({"found": 1, "repaired": repaired}), "{kind}: {count} of {:#}", run.details);
    }
    Ok(())
}

fn ledger(world: &World) -> String {
    format!("docmill-units-{}.{SOURCE}", world.name)
}

/// A unit that never was.
fn ghost(world: &World) -> UnitId {
    UnitId { bucket: world.raw_bucket(), key: "wire/ghost.xml".into(), version: "1".into() }
}

/// Breaks things of different units, so that each is found for its own sake.
struct Breaker<'a> {
    world: &'a World,
    ledger: String,
    /// Records of indexed units, by key.
    indexed: Vec<Stored>,
    /// Key of a failed unit.
    failed: String,
}

impl<'a> Breaker<'a> {
    async fn new(world: &'a World, corpus: &Corpus) -> Result<Self> {
        let ledger = ledger(world);
        let mut indexed = world.articles.all(&ledger).await?;
        indexed.retain(|record| record.source["state"] == "Indexed");
        indexed.sort_by_key(|record| record.source["unit"]["key"].to_string());
        let failed = corpus.outcomes.iter().find(|(_, outcome)| matches!(outcome, Outcome::Failed(_)));
        let failed = failed.context("no faulty article")?.0.clone();
        Ok(Self { world, ledger, indexed, failed })
    }

    async fn break_everything(&self) -> Result<()> {
        self.unaccounted(&self.indexed[0]).await?;
        self.record_twice(&self.indexed[1]).await?;
        self.record_without_object(&self.indexed[2]).await?;
        self.snapshot_missing(&self.indexed[3]).await?;
        self.snapshot_orphaned(&self.indexed[4]).await?;
        self.document_missing(&self.indexed[5]).await?;
        self.document_of_older_unit(&self.indexed[6]).await?;
        self.document_orphaned(&self.indexed[7]).await?;
        self.evidence_missing().await?;
        self.evidence_left(&self.indexed[8]).await
    }

    async fn unaccounted(&self, record: &Stored) -> Result<()> {
        self.world.articles.delete(&self.ledger, &record.id).await
    }

    async fn record_twice(&self, record: &Stored) -> Result<()> {
        self.world.articles.put(&self.ledger, "another-id", 1, record.source.clone()).await
    }

    async fn record_without_object(&self, record: &Stored) -> Result<()> {
        let (ghost, mut source) = (ghost(self.world), record.source.clone());
        source["unit"]["key"] = json!(ghost.key);
        source["unit"]["version"] = json!(ghost.version);
        for of_another in ["documents", "documentCount", "documentsDigest", "snapshot"] {
            source.as_object_mut().context("a record")?.remove(of_another);
        }
        self.world.articles.put(&self.ledger, &ghost.digest(), 1, source).await
    }

    async fn snapshot_missing(&self, record: &Stored) -> Result<()> {
        let key = record.source["snapshot"].as_str().context("no snapshot")?;
        self.world.s3.remove(&self.world.snapshots_bucket(), key).await
    }

    async fn snapshot_orphaned(&self, record: &Stored) -> Result<()> {
        let from = record.source["snapshot"].as_str().context("no snapshot")?;
        let revision = from.rsplit('/').next().context("no revision")?;
        let digest = "0123456789abcdef".repeat(2);
        let to = format!("json/{}/{SOURCE}/wire/nobody.xml/{digest}/{revision}", self.world.name);
        self.world.s3.copy(&self.world.snapshots_bucket(), from, &to).await
    }

    async fn document_missing(&self, record: &Stored) -> Result<()> {
        let (index, id) = address(record)?;
        self.world.articles.delete(&index, &id).await
    }

    async fn document_of_older_unit(&self, record: &Stored) -> Result<()> {
        let ((index, id), (version, mut source)) = (address(record)?, self.document(record).await?);
        source["_docmill"]["unit"]["version"] = json!("older");
        source["_docmill"]["unit"]["lastModified"] = json!("2001-01-01T00:00:00.000Z");
        self.world.articles.put(&index, &id, version, source).await
    }

    async fn document_orphaned(&self, record: &Stored) -> Result<()> {
        let ((index, _), (_, source)) = (address(record)?, self.document(record).await?);
        self.world.articles.put(&index, "nobodys", 1, source).await
    }

    async fn evidence_missing(&self) -> Result<()> {
        let bucket = self.world.errors_bucket();
        let (key, _) = error_record(&self.world.s3, &bucket, &self.failed).await?;
        self.world.s3.remove(&bucket, &key).await
    }

    async fn evidence_left(&self, record: &Stored) -> Result<()> {
        let key = record.source["unit"]["key"].as_str().context("no key")?;
        let error = json!({"source": format!("{}/{SOURCE}", self.world.name)}).to_string();
        let key = format!("errors/{}/{SOURCE}/objects/{key}/{}.error.json", self.world.name, record.id);
        self.world.s3.put(&self.world.errors_bucket(), &key, error.into_bytes()).await.map(drop)
    }

    /// Version and source of the document of a record.
    async fn document(&self, record: &Stored) -> Result<(u64, Value)> {
        let (index, id) = address(record)?;
        let body = json!({"query": {"ids": {"values": [id]}}, "version": true});
        let mut hits = self.world.articles.search(&index, body).await?;
        let hit = hits.first_mut().context("no document")?;
        Ok((hit["_version"].as_u64().context("no version")?, hit["_source"].take()))
    }
}

/// Index and id of the only document of a record.
fn address(record: &Stored) -> Result<(String, String)> {
    let text = |name: &str| record.source.pointer(&format!("/documents/0/{name}")).and_then(Value::as_str);
    Ok((text("index").context("no index")?.to_owned(), text("id").context("no id")?.to_owned()))
}
