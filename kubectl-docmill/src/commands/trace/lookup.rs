//! Asks the records API for all that an argument can mean.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use docmill_crds::IngestSource;
use docmill_crds::records_api::document::Document;
use docmill_crds::records_api::error::UnitError;
use docmill_crds::records_api::query::UnitQuery;
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::Unit;
use futures::future::join_all;
use serde::Serialize;

use crate::arguments::target::Target;
use crate::cluster::{Cluster, RecordError};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::untrusted::one_line;

/// What is said to whoever may not read content.
pub const NO_CONTENT: &str = "values and excerpts are for the role docmill-content-view";
/// Versions of one key that are shown.
const VERSIONS: u32 = 10;
/// Sources that are asked at the same time: half as many as the API answers of one namespace.
const AT_A_TIME: usize = 4;
/// Sources that do not answer before the others are not asked any more: each keeps the user waiting, and most often all have
/// the same trouble.
const MOST_FAILURES: usize = 8;
/// Sources that are named where nothing is known.
const MOST_NAMED: usize = 8;
/// Status of the API for a list of documents of more sources than it asks by itself.
const BAD_REQUEST: u16 = 400;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// What was looked for.
    pub target: String,
    /// The namespace.
    pub namespace: String,
    /// The sources that were asked; empty if the API asked all of them.
    pub sources: Vec<String>,
    /// The documents with this id.
    pub documents: Vec<Document>,
    /// The units with this key or digest.
    pub units: Vec<Unit>,
    /// Why the refused ones of them were refused, with excerpts.
    pub errors: Vec<UnitError>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
    /// Whether sources could not be asked, which may know what the others do not. The notes say why.
    pub is_partial: bool,
}

impl Trace {
    /// Whether something was found, and the newest of it was not refused in any source.
    pub fn is_well(&self) -> bool {
        let documents = self.documents.iter().map(|document| document.state);
        // Several sources may have an object with this key, and each has a newest version of it.
        let mut known = BTreeSet::new();
        let newest =
            self.units.iter().filter(|unit| known.insert(unit.source.as_str())).map(|unit| unit.state);
        let mut states = documents.chain(newest).peekable();
        states.peek().is_some() && states.all(|state| !matches!(state, State::Failed | State::Missing))
    }

    /// What the exit status tells of it.
    pub fn exit_status(&self) -> ExitStatus {
        match (self.is_well(), self.is_unknown() && self.is_partial) {
            (true, _) => ExitStatus::Success,
            (false, true) => ExitStatus::Failed,
            (false, false) => ExitStatus::Findings,
        }
    }

    /// Whether nothing was found.
    pub const fn is_unknown(&self) -> bool {
        self.documents.is_empty() && self.units.is_empty()
    }

    /// That nothing was found, and where.
    pub fn unknown(&self) -> String {
        let (target, namespace) = (one_line(&self.target), &self.namespace);
        if self.is_partial {
            return format!(
                "{target} was not found, but not all sources of namespace {namespace} could be asked."
            );
        }
        let asked = match self.sources.len() {
            0 => format!("namespace {namespace}"),
            1..=MOST_NAMED => format!("{} of namespace {namespace}", self.sources.join(", ")),
            many => format!("the {many} sources of namespace {namespace}"),
        };
        format!("Nothing is known of {target} in {asked}.")
    }

    /// Notes that a source could not be asked.
    fn miss(&mut self, why: String) {
        self.is_partial = true;
        self.note(why);
    }

    /// Notes something once: sources that share a store tell the same of it.
    fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// All units that were found, also those of documents.
    pub fn all_units(&self) -> impl Iterator<Item = &Unit> {
        self.documents.iter().filter_map(|document| document.unit.as_ref()).chain(&self.units)
    }

    /// Puts a unit in the place of what is known of it.
    fn replace(&mut self, unit: &Unit) {
        let of_documents = self.documents.iter_mut().filter_map(|document| document.unit.as_mut());
        for known in of_documents.chain(&mut self.units) {
            if known.metadata.name == unit.metadata.name && known.source == unit.source {
                known.clone_from(unit);
            }
        }
    }
}

/// Finds a document or the versions of an object. Of several sources, one whose stores do not answer does not hide what the
/// others know.
pub async fn find(cluster: &Cluster, text: &str, source: Option<&str>) -> Result<Trace, Failure> {
    let target = Target::parse(text);
    let mut trace =
        Trace { target: text.to_owned(), namespace: cluster.namespace().to_owned(), ..Trace::default() };
    if let Some(id) = &target.id {
        add_documents(cluster, id, source, &mut trace).await?;
    }
    if trace.documents.is_empty() {
        add_sources(cluster, source, &mut trace).await?;
        add_units(cluster, &target, &mut trace).await?;
    }
    add_errors(cluster, &mut trace).await;
    Ok(trace)
}

/// The documents with an id. The API itself asks all sources of a namespace if they are few; of many, each is asked here.
async fn add_documents(
    cluster: &Cluster,
    id: &str,
    source: Option<&str>,
    trace: &mut Trace,
) -> Result<(), Failure> {
    match cluster.documents(id, source).await {
        Ok(list) => {
            trace.documents = list.items;
            for warning in list.warnings {
                trace.miss(warning);
            }
        }
        Err(RecordError::Other(failure)) if source.is_none() && failure.code() == Some(BAD_REQUEST) => {
            add_sources(cluster, None, trace).await?;
            // With one source, or none, something else is wrong.
            if trace.sources.len() < 2 {
                return Err(failure);
            }
            let ask = |source: String| async move {
                cluster.documents(id, Some(&source)).await.map(|list| (list.items, list.warnings))
            };
            trace.documents = each(trace, ask).await?;
        }
        // The objects may be known all the same: each source is asked for them by itself.
        Err(RecordError::Other(failure)) if source.is_none() && failure.code().is_some() => {
            trace.miss(failure.to_string());
        }
        Err(other) => return Err(other.into()),
    }
    Ok(())
}

/// The sources to ask, if they are not known yet.
async fn add_sources(cluster: &Cluster, source: Option<&str>, trace: &mut Trace) -> Result<(), Failure> {
    if trace.sources.is_empty() {
        trace.sources = match source {
            Some(source) => vec![source.to_owned()],
            None => cluster.names::<IngestSource>().await?,
        };
    }
    Ok(())
}

/// The units that an argument can mean.
async fn add_units(cluster: &Cluster, target: &Target, trace: &mut Trace) -> Result<(), Failure> {
    if let Some(digest) = target.digest.as_deref() {
        let ask = |source: String| async move {
            match cluster.unit(digest, Some(&source)).await {
                Ok(unit) => Ok((vec![unit], Vec::new())),
                Err(RecordError::NotFound(_)) => Ok((Vec::new(), Vec::new())),
                Err(other) => Err(other),
            }
        };
        trace.units = each(trace, ask).await?;
    }
    for key in target.keys.iter().map(String::as_str) {
        if !trace.units.is_empty() {
            break;
        }
        let ask = |source: String| async move {
            let (source, key) = (Some(source), Some(key.to_owned()));
            let query = UnitQuery { source, key, limit: Some(VERSIONS), ..UnitQuery::default() };
            cluster.units(&query).await.map(|list| (list.items, list.warnings))
        };
        let found = each(trace, ask).await?;
        trace.units = in_bucket(found, target.bucket.as_deref(), &mut trace.notes);
    }
    Ok(())
}

/// Those units whose objects are in a bucket, if one is named; it is noted if all are in another one.
fn in_bucket(found: Vec<Unit>, bucket: Option<&str>, notes: &mut Vec<String>) -> Vec<Unit> {
    let Some(bucket) = bucket else { return found };
    let (meant, others): (Vec<Unit>, Vec<Unit>) =
        found.into_iter().partition(|unit| unit.raw.bucket == bucket);
    if let Some(other) = others.first().filter(|_| meant.is_empty()) {
        let (source, bucket) = (&other.source, &other.raw.bucket);
        notes.push(format!(
            "the source {source} knows this key in another bucket, {bucket}: look up the key alone"
        ));
    }
    meant
}

/// What the sources answer, in their order; what an answer says that it lacks is noted. Of several, those that cannot say are
/// noted too.
async fn each<T, F>(trace: &mut Trace, ask: impl Fn(String) -> F) -> Result<Vec<T>, Failure>
where
    F: Future<Output = Result<(Vec<T>, Vec<String>), RecordError>>,
{
    let sources = trace.sources.clone();
    let (mut found, mut failures) = (Vec::new(), 0);
    for some in sources.chunks(AT_A_TIME) {
        if failures >= MOST_FAILURES {
            trace.miss(format!("{failures} sources did not answer, so that others were not asked"));
            break;
        }
        for answer in join_all(some.iter().cloned().map(&ask)).await {
            match answer {
                Ok((items, warnings)) => {
                    found.extend(items);
                    for warning in warnings {
                        trace.note(warning);
                    }
                }
                // A source that was deleted meanwhile. The only one that is asked has to exist.
                Err(RecordError::NotFound(_)) if sources.len() > 1 => {}
                Err(RecordError::Other(failure)) if sources.len() > 1 && failure.code().is_some() => {
                    trace.miss(failure.to_string());
                    failures += 1;
                }
                Err(other) => return Err(other.into()),
            }
        }
    }
    Ok(found)
}

/// Reads why the newest unit was refused. Whoever may not see content learns the places of the faults all the same. What was
/// found is shown even if no more can be read of it.
async fn add_errors(cluster: &Cluster, trace: &mut Trace) {
    let named = |unit: &Unit| Some((unit.metadata.name.clone()?, unit.source.clone()));
    let failed = trace.all_units().find(|unit| unit.state == State::Failed).and_then(named);
    let Some((digest, source)) = failed else { return };
    // A list does not say what was refused.
    match cluster.unit(&digest, Some(&source)).await {
        Ok(unit) => trace.replace(&unit),
        Err(RecordError::NotFound(_)) => {}
        Err(other) => trace.notes.push(Failure::from(other).to_string()),
    }
    match cluster.unit_error(&digest, Some(&source)).await {
        Ok(error) => trace.errors.push(error),
        Err(RecordError::Forbidden(_)) => {
            trace.notes.push(NO_CONTENT.to_owned());
        }
        Err(RecordError::NotFound(_)) => {
            trace.notes.push("the errors bucket has no evidence of this refusal any more".to_owned());
        }
        Err(other) => trace.notes.push(Failure::from(other).to_string()),
    }
}
