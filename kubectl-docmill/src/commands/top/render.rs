//! The table of sources and runs. Pure.

use docmill_crds::IngestSource;
use jiff::Timestamp;
use serde::Serialize;

use super::rates::Rates;
use crate::output::amounts::{count, seconds};
use crate::output::{Cell, Show, Table, Tone, View};
use crate::runs::run_state::{Outcome, RunState};

/// Everything that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Top {
    /// The namespace.
    pub namespace: String,
    /// The sources.
    pub sources: Vec<SourceRow>,
    /// The runs.
    pub runs: Vec<RunRow>,
}

/// A source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceRow {
    /// Its name.
    pub name: String,
    /// How it is: `Ready`, `Suspended`, or the reason for which it is not ready, throttled or degraded.
    pub state: String,
    /// Whether nothing is wrong.
    pub is_well: bool,
    /// Recorded units in ten seconds, between two looks; or what a worker processes at full load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units_per_ten_seconds: Option<i64>,
    /// Units that wait.
    pub pending: i64,
    /// Seconds from the arrival of an object to its record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<i64>,
    /// Active and desired workers.
    pub workers: (i32, i32),
    /// Units whose documents are stored.
    pub stored: i64,
    /// Units that were refused.
    pub failed: i64,
    /// The most frequent reason of failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_failure: Option<String>,
}

impl SourceRow {
    /// A source as its status has it.
    pub fn new(source: &IngestSource, rates: &mut Rates, now: Timestamp) -> Self {
        let name = source.metadata.name.clone().unwrap_or_default();
        let status = source.status.clone().unwrap_or_default();
        let units = status.units.unwrap_or_default();
        let workers = status.workers.unwrap_or_default();
        // A number that a source tells of itself may be any.
        let stored = units.indexed.saturating_add(units.converted);
        let recorded = stored.saturating_add(units.failed).saturating_add(units.skipped);
        let measured = rates.look(&name, recorded, now);
        let (state, is_well) = state(source);
        Self {
            name,
            state,
            is_well,
            units_per_ten_seconds: measured.or(workers.units_per_second.map(|rate| i64::from(rate) * 10)),
            pending: units.pending,
            lag_seconds: status.lag_seconds,
            workers: (workers.active, workers.desired),
            stored,
            failed: units.failed,
            top_failure: status.top_failures.first().map(|failure| failure.reason.clone()),
        }
    }
}

fn state(source: &IngestSource) -> (String, bool) {
    let conditions = source.status.iter().flat_map(|status| &status.conditions);
    let find = |of: &str, status: &str| {
        conditions.clone().find(|condition| condition.type_ == of && condition.status == status)
    };
    if let Some(not_ready) = find("Ready", "False") {
        return (not_ready.reason.clone(), false);
    }
    if source.spec.suspend {
        return ("Suspended".to_owned(), true);
    }
    // What a person has to fix comes before what passes by itself.
    for of in ["Degraded", "Throttled"] {
        if let Some(condition) = find(of, "True") {
            return (format!("{of}: {}", condition.reason), false);
        }
    }
    let word = if find("Ready", "True").is_some() { "Ready" } else { "Unknown" };
    (word.to_owned(), true)
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRow {
    /// For example `ingestrun.docmill.io/backfill`.
    pub name: String,
    /// Name of its source, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where it is.
    pub phase: String,
    /// Whether it has ended.
    pub has_ended: bool,
    /// The processed part in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<i64>,
    /// How much is processed.
    pub processed: i64,
    /// How much is selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<i64>,
    /// How much was refused.
    pub findings: i64,
    /// When it began, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// Why it waits or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
}

impl RunRow {
    /// A run as it says of itself.
    pub fn new(state: &RunState) -> Self {
        Self {
            name: state.name.clone(),
            source: state.source.clone(),
            phase: state.phase.clone(),
            has_ended: state.outcome.is_some(),
            percent: if state.outcome == Some(Outcome::Complete) { Some(100) } else { state.percent },
            processed: state.processed,
            selected: state.selected,
            findings: state.findings,
            start_time: state.start_time.as_ref().map(|time| time.0.to_string()),
            waits: state.waits.clone(),
        }
    }
}

impl Show for Top {
    fn human(&self, view: View) -> String {
        if self.sources.is_empty() && self.runs.is_empty() {
            return format!("No sources and no runs in namespace {}.\n", self.namespace);
        }
        let tables = [sources(&self.sources, view), runs(&self.runs, view)];
        tables.into_iter().filter(|table| !table.is_empty()).collect::<Vec<_>>().join("\n")
    }

    fn names(&self) -> Vec<String> {
        let sources = self.sources.iter().map(|source| format!("ingestsource.docmill.io/{}", source.name));
        sources.chain(self.runs.iter().map(|run| run.name.clone())).collect()
    }
}

fn sources(rows: &[SourceRow], view: View) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let headings = ["SOURCE", "STATE", "RATE", "PENDING", "LAG", "WORKERS", "STORED", "FAILED", "REASON"];
    let mut table = Table::new(&headings);
    for row in rows {
        let rate = row.units_per_ten_seconds.map(|rate| format!("{}.{}/s", rate / 10, rate % 10));
        let (active, desired) = row.workers;
        table.row([
            Cell::from(&row.name),
            Cell::new(if row.is_well { Tone::Good } else { Tone::Warn }, &row.state),
            Cell::from(rate.unwrap_or_default()),
            Cell::from(count(row.pending)),
            Cell::from(row.lag_seconds.map(seconds).unwrap_or_default()),
            Cell::from(format!("{active}/{desired}")),
            Cell::from(count(row.stored)),
            Cell::new(if row.failed > 0 { Tone::Bad } else { Tone::Plain }, count(row.failed)),
            Cell::new(Tone::Bad, row.top_failure.as_deref().unwrap_or_default()),
        ]);
    }
    table.render(view.palette)
}

fn runs(rows: &[RunRow], view: View) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["RUN", "SOURCE", "PHASE", "PROGRESS", "PROCESSED", "FAILED", "WAITS"]);
    for row in rows {
        let selected = row.selected.map_or_else(|| "?".to_owned(), count);
        table.row([
            Cell::from(&row.name),
            Cell::from(row.source.as_deref().unwrap_or_default()),
            Cell::new(if row.phase == "Failed" { Tone::Bad } else { Tone::Plain }, &row.phase),
            Cell::from(row.percent.map(|percent| format!("{percent}%")).unwrap_or_default()),
            Cell::from(format!("{}/{selected}", count(row.processed))),
            Cell::new(if row.findings > 0 { Tone::Bad } else { Tone::Plain }, count(row.findings)),
            Cell::new(Tone::Warn, row.waits.as_deref().unwrap_or_default()),
        ]);
    }
    table.render(view.palette)
}

#[cfg(test)]
mod tests {
    use docmill_crds::IngestSource;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{Rates, RunRow, SourceRow, Top};
    use crate::output::{Palette, Show as _, View};

    fn shown(top: &Top) -> String {
        let now = "2026-01-03T00:00:00Z".parse().unwrap();
        top.human(View { palette: Palette::default(), is_wide: false, now })
    }

    #[test]
    fn sources_and_runs_have_a_table_each() {
        let wire = SourceRow {
            name: "wire".into(),
            state: "Throttled: IndexRefuses".into(),
            units_per_ten_seconds: Some(123),
            pending: 1200,
            lag_seconds: Some(42),
            workers: (3, 4),
            stored: 20_000,
            failed: 7,
            top_failure: Some("MissingField".into()),
            ..SourceRow::default()
        };
        let run = RunRow {
            name: "ingestrun.docmill.io/backfill".into(),
            source: Some("wire".into()),
            phase: "Running".into(),
            percent: Some(45),
            processed: 1215,
            selected: Some(2700),
            findings: 3,
            ..RunRow::default()
        };
        let top = Top { namespace: "news".into(), sources: vec![wire], runs: vec![run] };
        let expected = "\
SOURCE   STATE                     RATE     PENDING   LAG   WORKERS   STORED   FAILED   REASON
wire     Throttled: IndexRefuses   12.3/s   1,200     42s   3/4       20,000   7        MissingField

RUN                             SOURCE   PHASE     PROGRESS   PROCESSED     FAILED   WAITS
ingestrun.docmill.io/backfill   wire     Running   45%        1,215/2,700   3
";
        assert_eq!(shown(&top), expected);
    }

    fn source(status: &Value) -> IngestSource {
        serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "IngestSource", "metadata": {"name": "wire"},
            "spec": {
                "storage": {"region": "eu-west-1", "credentialsSecretRef": {"name": "s3"}},
                "raw": {"bucket": "raw"}, "snapshots": {"bucket": "json"}, "errors": {"bucket": "errors"},
                "trigger": {"sqs": {"queueURL": "http://sqs:9324/000000000000/wire"}},
                "conversion": {"preset": "nitf"},
                "index": {"elasticsearch": {"urls": ["http://es:9200"]}, "name": "a", "id": "{guid}"}},
            "status": status}))
        .unwrap()
    }

    #[test]
    fn what_a_person_has_to_fix_comes_first() {
        let condition = |of: &str, reason: &str| {
            json!({"type": of, "status": "True", "reason": reason, "message": "",
                   "lastTransitionTime": "2026-01-03T00:00:00Z"})
        };
        let throttled = condition("Throttled", "Elasticsearch");
        let degraded = condition("Degraded", "ObjectStoreAccessDenied");
        for (conditions, state) in [
            (json!([throttled]), "Throttled: Elasticsearch"),
            (json!([throttled, degraded]), "Degraded: ObjectStoreAccessDenied"),
        ] {
            let source = source(&json!({"conditions": conditions}));
            let row = SourceRow::new(&source, &mut Rates::default(), Timestamp::UNIX_EPOCH);
            assert_eq!((row.state.as_str(), row.is_well), (state, false));
        }
    }

    #[test]
    fn numbers_of_any_size_are_shown() {
        let mut rates = Rates::default();
        for (second, number) in [(0, i64::MAX), (5, i64::MIN), (10, i64::MAX)] {
            let units = json!({"pending": 0, "indexed": number, "failed": number, "skipped": number});
            let source = source(&json!({"units": units}));
            let row = SourceRow::new(&source, &mut rates, Timestamp::from_second(second).unwrap());
            assert_eq!((row.stored, row.failed), (number, number));
        }
    }

    #[test]
    fn an_empty_namespace_is_said_to_be_empty() {
        let top = Top { namespace: "news".into(), ..Top::default() };
        assert_eq!(shown(&top), "No sources and no runs in namespace news.\n");
    }
}
