//! Looks at a run: what it refers to, the clusters, its Job, the records of its slices.

use std::time::Duration;

use docmill_crds::contract::label;
use docmill_crds::enrichment_ledger::{BoundRecord, SliceRecord, enrichment_key, enrichments_index};
use docmill_crds::template::Template;
use docmill_crds::{EnrichmentRun, IngestSource};
use job_runner::elastic::{Elastic, ElasticError};
use k8s_openapi::jiff::Timestamp;
use kube::{Api, ResourceExt as _};

use super::observation::{Observation, Origin, Selection, Work, work};
use super::{records, slices};
use crate::context::Context;
use crate::not_ready::NotReady;
use crate::stores::{connect_elastic, elastic_fault, with_causes};

/// How long one look may take in all.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Looks at a run.
pub async fn observe(run: &EnrichmentRun, context: &Context) -> Observation {
    let (jobs, pods) = context.workers_of(run, label::RUN);
    let now = Timestamp::now();
    let work = jobs.first().map(|job| work(job, &pods, now));
    let mut seen = Observation { now, ready: Ok(()), work, selection: None, records: None };
    let looked = tokio::time::timeout(TIMEOUT, look(run, context, &mut seen)).await;
    seen.ready = looked.unwrap_or_else(|_| {
        let seconds = TIMEOUT.as_secs();
        Err(NotReady::transient("TimedOut", format!("the clusters did not answer within {seconds} s")))
    });
    seen
}

async fn look(run: &EnrichmentRun, context: &Context, seen: &mut Observation) -> Result<(), NotReady> {
    let target = connect_target(run, context).await?;
    if let Some(work) = &seen.work {
        seen.records = Some(read_records(run, &target, work).await?);
        return Ok(());
    }
    let origin = origin(run, context).await?;
    let namespace = run.namespace().unwrap_or_default();
    let source = connect_elastic(&context.client, &namespace, &origin.cluster).await?;
    let created = run.creation_timestamp().map_or(seen.now, |time| time.0);
    if seen.now.duration_since(slices::until(created)) >= to_signed(slices::SAFETY) {
        seen.selection = Some(select(run, created, origin, &source, &target).await?);
    }
    Ok(())
}

/// A client of the cluster that the run writes to.
pub async fn connect_target(run: &EnrichmentRun, context: &Context) -> Result<Elastic, NotReady> {
    Template::parse(&run.spec.to.name)
        .map_err(|error| NotReady::user("InvalidTemplate", format!("spec.to.name: {error}")))?;
    for enricher in &run.spec.enrichers {
        for input in &enricher.inputs {
            Template::parse(&input.template).map_err(|error| {
                let place = format!("spec.enrichers {:?}, input {:?}", enricher.name, input.name);
                NotReady::user("InvalidTemplate", format!("{place}: {error}"))
            })?;
        }
    }
    let namespace = run.namespace().unwrap_or_default();
    connect_elastic(&context.client, &namespace, &run.spec.to.elasticsearch).await
}

/// Where the documents come from.
async fn origin(run: &EnrichmentRun, context: &Context) -> Result<Origin, NotReady> {
    let from = &run.spec.from;
    if let (Some(cluster), Some(index)) = (&from.elasticsearch, &from.index) {
        return Ok(Origin { cluster: cluster.clone(), index: index.clone() });
    }
    let Some(named) = &from.source_ref else {
        return Err(NotReady::user("InvalidSpec", "spec.from: set sourceRef, or elasticsearch and index"));
    };
    let namespace = run.namespace().unwrap_or_default();
    let sources = Api::<IngestSource>::namespaced(context.client.clone(), &namespace);
    let found = sources.get_opt(&named.name).await.map_err(|error| {
        let text = format!("failed to read the IngestSource {:?}: {}", named.name, with_causes(&error));
        NotReady::transient("SourceUnreadable", text)
    })?;
    let source = found.ok_or_else(|| {
        let text = format!("spec.from.sourceRef: there is no IngestSource {:?} in {namespace:?}", named.name);
        NotReady::user("SourceNotFound", text)
    })?;
    Origin::of_source(&source)
}

/// What the run is to go through. All documents that were indexed before the run was created are made visible first.
async fn select(
    run: &EnrichmentRun,
    created: Timestamp,
    origin: Origin,
    source: &Elastic,
    target: &Elastic,
) -> Result<Selection, NotReady> {
    let read_fault = |error: ElasticError| elastic_fault(&origin.cluster, &error);
    let completed = completed_until(run, &origin.index, target).await?;
    let bounds = slices::bounds(run.spec.select, created, completed);
    source.refresh(&origin.index).await.map_err(read_fault)?;
    let documents = source.count(&origin.index, &slices::within(&bounds)).await.map_err(read_fault)?;
    let cuts = match slices::slice_count(documents, run.spec.parallelism) {
        1 => Vec::new(),
        count => {
            let query = slices::cuts_query(&bounds, count);
            slices::read_cuts(&source.search(&origin.index, &query).await.map_err(read_fault)?)
        }
    };
    let slices = if documents == 0 { Vec::new() } else { slices::cut(&bounds, &cuts) };
    Ok(Selection { origin, bounds, documents, slices })
}

/// Until when everything was enriched in this way before.
async fn completed_until(
    run: &EnrichmentRun,
    from_index: &str,
    target: &Elastic,
) -> Result<Option<Timestamp>, NotReady> {
    let index = enrichments_index(&run.namespace().unwrap_or_default());
    let id = BoundRecord::id(&enrichment_key(from_index, &run.spec));
    let stored = target.get(&index, &id).await;
    let stored = stored.map_err(|error| elastic_fault(&run.spec.to.elasticsearch, &error))?;
    let until = stored.as_ref().and_then(|stored| stored.source.get("completedUntil")?.as_str());
    Ok(until.and_then(|text| text.parse().ok()))
}

async fn read_records(
    run: &EnrichmentRun,
    target: &Elastic,
    work: &Work,
) -> Result<Vec<SliceRecord>, NotReady> {
    let index = enrichments_index(&run.namespace().unwrap_or_default());
    let fault = |error: ElasticError| elastic_fault(&run.spec.to.elasticsearch, &error);
    if work.end.is_some() {
        // The last records were written a moment ago, and decide how the run ends.
        target.refresh(&index).await.map_err(fault)?;
    }
    let query = records::query(&run.uid().unwrap_or_default(), work.slices.len());
    Ok(records::read(&target.search(&index, &query).await.map_err(fault)?, work.slices.len()))
}

fn to_signed(duration: Duration) -> k8s_openapi::jiff::SignedDuration {
    k8s_openapi::jiff::SignedDuration::try_from(duration).unwrap_or(k8s_openapi::jiff::SignedDuration::MAX)
}
