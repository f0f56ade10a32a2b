//! What the console has seen of sources and runs while it runs. Pure.

use std::collections::BTreeMap;

use docmill_crds::{EnrichmentRun, IngestSource};
use jiff::Timestamp;

use super::samples::{Sample, Samples};
use crate::commands::top::rates::Rates;
use crate::commands::top::render::SourceRow;
use crate::failure::Failure;
use crate::runs::meter::Meter;
use crate::runs::run_state::{Run as _, RunState};

/// A source.
#[derive(Clone, Debug)]
pub struct ObservedSource {
    /// As it was seen last.
    pub resource: IngestSource,
    /// Its line of `top`.
    pub row: SourceRow,
    /// The last hour.
    pub samples: Samples,
}

/// A run.
#[derive(Clone, Debug, Default)]
pub struct ObservedRun {
    /// As it was seen last.
    pub state: RunState,
    /// How fast it is.
    pub meter: Meter,
}

/// Sources and runs of the namespace.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// The sources by name.
    pub sources: BTreeMap<String, ObservedSource>,
    /// Why the last look failed, if it did: what is shown is older.
    pub problem: Option<String>,
    runs: BTreeMap<String, ObservedRun>,
    rates: Rates,
}

impl Observations {
    /// Takes what a look at the cluster has found, or why it found nothing.
    pub fn take(&mut self, found: Result<(Vec<IngestSource>, Vec<RunState>), Failure>, now: Timestamp) {
        match found {
            Ok((sources, runs)) => {
                self.take_sources(sources, now);
                self.take_runs(runs, now);
                self.problem = None;
            }
            Err(failure) => self.problem = Some(failure.to_string()),
        }
    }

    fn take_sources(&mut self, sources: Vec<IngestSource>, now: Timestamp) {
        let mut before = std::mem::take(&mut self.sources);
        for resource in sources {
            let row = SourceRow::new(&resource, &mut self.rates, now);
            let known = before.remove(&row.name);
            // At the first look the row has what a worker can do at most, which is no rate.
            let rate = row.units_per_ten_seconds.filter(|_| known.is_some());
            let mut samples = known.map(|source| source.samples).unwrap_or_default();
            samples.add(Sample { time: now, rate, lag: row.lag_seconds });
            self.sources.insert(row.name.clone(), ObservedSource { resource, row, samples });
        }
    }

    fn take_runs(&mut self, runs: Vec<RunState>, now: Timestamp) {
        let mut before = std::mem::take(&mut self.runs);
        for state in runs {
            let mut meter = before.remove(&state.name).unwrap_or_default().meter;
            meter.look(now.as_millisecond(), state.processed);
            self.runs.insert(state.name.clone(), ObservedRun { state, meter });
        }
    }

    /// A run by a name such as `ingestrun.docmill.io/backfill`.
    pub fn run(&self, name: &str) -> Option<&ObservedRun> {
        self.runs.get(name)
    }

    /// The runs of a source or all: those at work first, then the latest.
    pub fn runs_of(&self, source: Option<&str>) -> Vec<&ObservedRun> {
        let wanted = |run: &&ObservedRun| source.is_none() || run.state.source.as_deref() == source;
        let mut runs: Vec<&ObservedRun> = self.runs.values().filter(wanted).collect();
        let start = |run: &ObservedRun| run.state.start_time.as_ref().map(|time| time.0);
        runs.sort_by(|one, other| {
            let ended = one.state.outcome.is_some().cmp(&other.state.outcome.is_some());
            ended.then_with(|| start(other).cmp(&start(one)))
        });
        runs
    }

    /// Results of the enrichment runs of a source, and how many such runs there are.
    pub fn enriched(&self, source: &str) -> (i64, usize) {
        let runs = self.runs_of(Some(source)).into_iter();
        let runs: Vec<_> = runs.filter(|run| run.state.name.starts_with(EnrichmentRun::RESOURCE)).collect();
        let done = |run: &&ObservedRun| {
            let done = run.state.numbers.iter().find(|(word, _)| *word == "done");
            done.map_or(0, |(_, number)| *number)
        };
        (runs.iter().map(done).sum(), runs.len())
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::IngestSource;
    use jiff::Timestamp;

    use super::Observations;
    use crate::commands::console::tests::recorded;
    use crate::failure::Failure;
    use crate::runs::run_state::{Outcome, RunState};

    fn source(indexed: i64) -> IngestSource {
        let mut source = recorded::source();
        source["status"]["units"]["indexed"] = indexed.into();
        serde_json::from_value(source).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_last_hour_of_a_source_outlives_each_look() {
        let mut observations = Observations::default();
        observations.take(Ok((vec![source(100)], vec![])), at(0));
        observations.take(Ok((vec![source(150)], vec![])), at(5));
        observations.take(Err(Failure::new("no answer")), at(10));
        assert_eq!(observations.problem.as_deref(), Some("no answer"));
        let samples = &observations.sources["wire"].samples;
        assert_eq!(samples.points(|sample| sample.rate), [(5, 100)]);
        assert_eq!(samples.points(|sample| sample.lag), [(0, 42), (5, 42)]);
        observations.take(Ok((vec![], vec![])), at(15));
        assert!(observations.sources.is_empty() && observations.problem.is_none());
    }

    #[test]
    fn runs_at_work_come_first_and_enrichments_are_counted() {
        let run = |name: &str, outcome: Option<Outcome>, done: i64| RunState {
            name: name.to_owned(),
            source: Some("wire".to_owned()),
            outcome,
            numbers: vec![("done", done)],
            ..RunState::default()
        };
        let ended = run("enrichmentrun.docmill.io/a", Some(Outcome::Complete), 5);
        let at_work = run("enrichmentrun.docmill.io/b", None, 2);
        let other = run("ingestrun.docmill.io/c", Some(Outcome::Failed), 9);
        let mut observations = Observations::default();
        observations.take(Ok((vec![], vec![ended, at_work, other])), at(0));
        let first = observations.runs_of(Some("wire"))[0].state.name.clone();
        assert_eq!(first, "enrichmentrun.docmill.io/b");
        assert_eq!((observations.enriched("wire"), observations.enriched("other")), ((7, 2), (0, 0)));
        assert!(observations.runs_of(Some("other")).is_empty());
    }
}
