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
    for seen in &facts.sources {
        checks.extend(source::check(seen));
        checks.extend(seen.probe.iter().flat_map(|probe| probe::check(probe, &seen.source)));
    }
    Diagnosis { checks }
}
