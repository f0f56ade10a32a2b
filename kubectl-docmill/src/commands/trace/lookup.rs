//! Asks the records API for all that an argument can mean.

use docmill_crds::IngestSource;
use docmill_crds::records_api::document::Document;
use docmill_crds::records_api::error::UnitError;
use docmill_crds::records_api::query::UnitQuery;
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::Unit;
use serde::Serialize;

use crate::arguments::target::Target;
use crate::cluster::{Cluster, RecordError};
use crate::failure::Failure;

/// What is said to whoever may not read content.
pub const NO_CONTENT: &str = "values and excerpts are for the role docmill-content-view";
/// Versions of one key that are shown.
const VERSIONS: u32 = 10;

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
}

impl Trace {
    /// Whether something was found, and the newest of it was not refused.
    pub fn is_well(&self) -> bool {
        let documents = self.documents.iter().map(|document| document.state);
        let newest = self.units.first().map(|unit| unit.state);
        let mut states = documents.chain(newest).peekable();
        states.peek().is_some() && states.all(|state| !matches!(state, State::Failed | State::Missing))
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

/// Finds a document or the versions of an object.
pub async fn find(cluster: &Cluster, text: &str, source: Option<&str>) -> Result<Trace, Failure> {
    let target = Target::parse(text);
    let mut trace =
        Trace { target: text.to_owned(), namespace: cluster.namespace().to_owned(), ..Trace::default() };
    if let Some(id) = &target.id {
        trace.documents = cluster.documents(id, source).await?;
    }
    if trace.documents.is_empty() {
        trace.sources = match source {
            Some(source) => vec![source.to_owned()],
            None => cluster.names::<IngestSource>().await?,
        };
        let (units, notes) = units(cluster, &target, &trace.sources).await?;
        (trace.units, trace.notes) = (units, notes);
    }
    add_errors(cluster, &mut trace).await?;
    Ok(trace)
}

/// The units that an argument can mean, and what could not be asked: of several sources, one whose stores do not answer does
/// not hide what the others know.
async fn units(
    cluster: &Cluster,
    target: &Target,
    sources: &[String],
) -> Result<(Vec<Unit>, Vec<String>), Failure> {
    let mut notes = Vec::new();
    if let Some(digest) = &target.digest {
        let mut found = Vec::new();
        for source in sources {
            let unit = cluster.unit(digest, Some(source)).await.map(|unit| vec![unit]);
            found.extend(known(unit, sources, &mut notes)?);
        }
        if !found.is_empty() {
            return Ok((found, notes));
        }
    }
    for key in &target.keys {
        let mut found = Vec::new();
        for source in sources {
            let (source, key) = (Some(source.clone()), Some(key.clone()));
            let query = UnitQuery { source, key, limit: Some(VERSIONS), ..UnitQuery::default() };
            let listed = cluster.units(&query).await.map(|list| list.items);
            found.extend(known(listed, sources, &mut notes)?);
        }
        if !found.is_empty() {
            return Ok((found, notes));
        }
    }
    notes.sort();
    notes.dedup();
    Ok((Vec::new(), notes))
}

/// The units of an answer: none if the source does not know them, or, if others are asked as well, cannot say.
fn known(
    answer: Result<Vec<Unit>, RecordError>,
    sources: &[String],
    notes: &mut Vec<String>,
) -> Result<Vec<Unit>, Failure> {
    match answer {
        Ok(units) => Ok(units),
        Err(RecordError::NotFound(_)) => Ok(Vec::new()),
        Err(RecordError::Other(failure)) if sources.len() > 1 => {
            notes.push(failure.to_string());
            Ok(Vec::new())
        }
        Err(other) => Err(other.into()),
    }
}

/// Reads why the newest unit was refused. Whoever may not see content learns the places of the faults all the same.
async fn add_errors(cluster: &Cluster, trace: &mut Trace) -> Result<(), Failure> {
    let named = |unit: &Unit| Some((unit.metadata.name.clone()?, unit.source.clone()));
    let failed = trace.all_units().find(|unit| unit.state == State::Failed).and_then(named);
    let Some((digest, source)) = failed else { return Ok(()) };
    // A list does not say what was refused.
    match cluster.unit(&digest, Some(&source)).await {
        Ok(unit) => trace.replace(&unit),
        Err(RecordError::NotFound(_)) => {}
        Err(other) => return Err(other.into()),
    }
    match cluster.unit_error(&digest, Some(&source)).await {
        Ok(error) => trace.errors.push(error),
        Err(RecordError::Forbidden(_)) => {
            trace.notes.push(NO_CONTENT.to_owned());
        }
        Err(RecordError::NotFound(_)) => {
            trace.notes.push("the errors bucket has no evidence of this refusal any more".to_owned());
        }
        Err(other) => return Err(other.into()),
    }
    Ok(())
}
