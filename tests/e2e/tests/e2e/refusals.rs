//! What cannot be processed is kept unchanged, with the reason beside it, and holds up nothing else.

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Fault, Form};
use e2e::corpus::Corpus;
use e2e::evidence::error_record;
use e2e::world::{self, World};
use serde_json::Value;

#[tokio::test]
async fn refused_objects_lie_unchanged_beside_a_record_that_names_the_fault() -> Result<()> {
    world::run("refusals", async |world| {
        let mut corpus = Corpus::generated(&world.name, Form::Nitf, 20, 0);
        for (number, fault) in Fault::ALL.into_iter().enumerate() {
            let article = Article::generated(&world.name, 1000 + number);
            corpus.add_broken(key(fault), &article, Form::Nitf, fault);
        }
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        world.put(&corpus).await?;
        let source = world.counted(20, Fault::ALL.len()).await?;
        world.no_workers().await?;
        // Compares the copies with the raw objects byte by byte, among other things.
        world.audit_all(&corpus).await?;
        for fault in Fault::ALL {
            record_names(world, fault).await?;
            status_counts(&source, fault)?;
        }
        Ok(())
    })
    .await
}

fn key(fault: Fault) -> String {
    format!("wire/bad {fault:?}.xml")
}

async fn record_names(world: &World, fault: Fault) -> Result<()> {
    let (_, record) = error_record(&world.s3, &world.errors_bucket(), &key(fault)).await?;
    ensure!(record["reason"] == fault.reason(), "{fault:?}: {record}");
    for told in ["stage", "message", "attempts", "revision"] {
        ensure!(!record[told].is_null(), "{fault:?} says nothing of {told}: {record}");
    }
    let place = record.pointer("/refusals/0/faults/0").with_context(|| format!("no fault in {record}"))?;
    ensure!(place["line"].as_u64().is_some_and(|line| line > 1), "{fault:?} names no line: {record}");
    ensure!(
        record.to_string().contains(fault.names()),
        "{fault:?} does not say {:?}: {record}",
        fault.names()
    );
    Ok(())
}

fn status_counts(source: &Value, fault: Fault) -> Result<()> {
    let failures = source["status"]["topFailures"].as_array().context("no topFailures")?;
    let counted = failures.iter().any(|one| one["reason"] == fault.reason() && one["count"] == 1);
    ensure!(counted, "topFailures does not count one {}: {failures:?}", fault.reason());
    Ok(())
}
