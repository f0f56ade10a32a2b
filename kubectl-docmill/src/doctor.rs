//! What is wrong with an installation and its sources, and what mends it. Pure: facts in, a diagnosis out.
//!
//! - [`facts`]: what was read from the cluster; [`diagnosis`]: what is concluded, and how it is shown;
//! - [`installation`]: the resource definitions and the operator; [`source`]: the conditions of a source and of its
//!   enrichments; [`probe`]: what a pod with a worker's identity found; [`start`]: why that pod does not start;
//! - [`remedies`]: the policy statement or the command that mends a fault; [`arns`]: the names in it; [`authority`]: where the
//!   certificate of an authority belongs.

pub mod arns;
pub mod authority;
pub mod diagnosis;
pub mod facts;
pub mod installation;
pub mod probe;
pub mod remedies;
pub mod source;
pub mod start;

pub use diagnosis::{Check, Diagnosis, Verdict};
pub use facts::{Facts, Leader, Operator, ProbeFacts, SourceFacts};

use jiff::Timestamp;

/// Judges the facts, in the order in which a beginner meets what is asked for.
pub fn diagnose(facts: &Facts, plugin_version: &str, now: Timestamp) -> Diagnosis {
    let mut checks = installation::check(facts, plugin_version, now);
    // What the installation lacks is told, above all where that keeps the sources from being read.
    if let Err(error) = &facts.sources {
        checks.push(Check::new("sources", "Status", Verdict::Unknown, error));
    }
    for seen in facts.sources.iter().flatten() {
        checks.extend(source::check(seen));
        checks.extend(seen.probe.iter().flat_map(|probe| probe::check(probe, &seen.source)));
    }
    Diagnosis { checks }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Facts, Verdict, diagnose};

    #[test]
    fn sources_that_cannot_be_read_do_not_hide_what_the_installation_lacks() {
        let facts = Facts {
            resources: Ok(vec!["ingestsources".to_owned()]),
            operators: Ok(Vec::new()),
            sources: Err("failed to list EnrichmentRuns".to_owned()),
        };
        let diagnosis = diagnose(&facts, "0.1.0", Timestamp::UNIX_EPOCH);
        assert_eq!(diagnosis.failed().count(), 2, "definitions and operator: {diagnosis:?}");
        let last = diagnosis.checks.last().unwrap();
        assert_eq!((last.subject.as_str(), last.verdict), ("sources", Verdict::Unknown));
    }
}
