//! What pages show beyond what was observed, read when they are asked for.

use docmill_crds::records_api::query::UnitQuery;
use docmill_crds::records_api::search::{SearchQuery, is_searchable};
use docmill_crds::{EnrichmentRun, IngestRun};

use crate::cluster::{Cluster, RecordError};
use crate::commands::console::pages::failures::Explained;
use crate::commands::console::pages::trace::Traced;
use crate::commands::failures::{self, FailuresQuery};
use crate::commands::trace::lookup::{self, NO_CONTENT};
use crate::failure::Failure;
use crate::runs::run_state::{Run as _, RunState};

/// Examples of each reason.
const EXAMPLES: usize = 5;
/// Reasons whose first example is explained: each takes a request that reads an object.
const EXPLAINED: usize = 8;
/// Units of each source that are shown where nothing has the very key.
const SIMILAR: u32 = 20;
/// Sources whose keys are searched for one page: as many as the API searches for words.
const SEARCHED: usize = 16;
/// What is said where there are more.
const TOO_MANY: &str = "there are too many sources to search all of them for keys that start with it";
/// What is said to whoever may not search.
const NO_SEARCH: &str = "words of documents are searched for those who have the role docmill-content-view";

/// A document or an object with all its stages and versions.
pub async fn trace(cluster: &Cluster, target: &str, source: Option<&str>) -> Result<Traced, Failure> {
    let trace = lookup::find(cluster, target, source).await?;
    let mut found = Traced { trace, ..Traced::default() };
    let document = found.trace.documents.first().map(|it| (it.id.clone(), it.source.clone()));
    if let Some((id, source)) = document {
        match cluster.history(&id, Some(&source)).await {
            Ok(history) => found.history = Some(history),
            Err(error) => found.trace.notes.push(Failure::from(error).to_string()),
        }
    } else if found.trace.units.is_empty() {
        add_similar(cluster, &mut found).await;
        if found.similar.is_empty() && is_searchable(target) {
            add_with_words(cluster, source, &mut found).await;
        }
    }
    Ok(found)
}

/// Looks for keys that start with what was looked for. What cannot be asked is noted.
async fn add_similar(cluster: &Cluster, found: &mut Traced) {
    if found.trace.sources.len() > SEARCHED {
        found.trace.notes.push(TOO_MANY.to_owned());
        return;
    }
    for source in found.trace.sources.clone() {
        let query = UnitQuery {
            source: Some(source),
            prefix: Some(found.trace.target.clone()),
            limit: Some(SIMILAR),
            ..UnitQuery::default()
        };
        match cluster.units(&query).await {
            Ok(list) => found.similar.extend(list.items),
            Err(error) => found.trace.notes.push(Failure::from(error).to_string()),
        }
    }
}

/// Looks for documents that have what was looked for in their content. What cannot be asked is noted.
async fn add_with_words(cluster: &Cluster, source: Option<&str>, found: &mut Traced) {
    let query = SearchQuery {
        source: source.map(str::to_owned),
        text: found.trace.target.clone(),
        ..SearchQuery::default()
    };
    match cluster.search(&query).await {
        Ok(list) => {
            found.with_words = list.items;
            found.trace.notes.extend(list.warnings);
        }
        Err(RecordError::Forbidden(_)) => found.trace.notes.push(NO_SEARCH.to_owned()),
        Err(error) => found.trace.notes.push(Failure::from(error).to_string()),
    }
}

/// What was refused of a source, with an explained example of each frequent reason.
pub async fn failures(cluster: &Cluster, source: &str, reason: Option<&str>) -> Result<Explained, Failure> {
    let query = FailuresQuery {
        source: source.to_owned(),
        reason: reason.map(str::to_owned),
        since: None,
        examples: EXAMPLES,
    };
    let summary = failures::read(cluster, &query).await?;
    let first = summary.groups.iter().take(EXPLAINED).filter_map(|group| group.examples.first());
    let units: Vec<String> = first.map(|example| example.unit.clone()).collect();
    let mut found = Explained { summary, ..Explained::default() };
    for unit in units {
        match cluster.unit_error(&unit, Some(source)).await {
            Ok(error) => found.errors.push(error),
            Err(RecordError::Forbidden(_)) => {
                found.notes.push(NO_CONTENT.to_owned());
                break;
            }
            // The evidence is gone with its retention; the record stays.
            Err(RecordError::NotFound(_)) => {}
            Err(other) => found.notes.push(Failure::from(other).to_string()),
        }
    }
    Ok(found)
}

/// A run of either kind; `None` if there is no such kind.
pub async fn run(cluster: &Cluster, kind: &str, name: &str) -> Result<Option<RunState>, Failure> {
    if kind == IngestRun::RESOURCE {
        return Ok(Some(cluster.get::<IngestRun>(name).await?.state()));
    }
    if kind == EnrichmentRun::RESOURCE {
        return Ok(Some(cluster.get::<EnrichmentRun>(name).await?.state()));
    }
    Ok(None)
}
