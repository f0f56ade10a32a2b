//! The selection against a clock of its own: whatever documents come when, and whichever runs fail, none is missed and none
//! is taken twice.

use std::collections::BTreeSet;

use docmill_crds::EnrichmentRunSpec;
use k8s_openapi::jiff::Timestamp;
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

use super::run;
use crate::controllers::enrichment_run::slices::{OVERLAP, SAFETY, bounds, cut, until};

/// A document: the time that it was given, and when it can be found, both in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Document {
    given: i64,
    visible: i64,
}

/// A run: when it was created, whether it came to its end, and where its bounds are cut.
#[derive(Clone, Debug)]
struct Run {
    created: i64,
    completes: bool,
    cuts: Vec<i64>,
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

/// Documents up to ten minutes late; many have the same time.
fn document() -> impl Strategy<Value = Document> {
    let latest = i64::try_from(OVERLAP.as_millis()).unwrap();
    (0_i64..40, 0_i64..1000, prop::option::of(0..latest)).prop_map(|(minute, millis, late)| {
        let given = minute * 60_000 + millis / 250 * 250;
        Document { given, visible: given + late.unwrap_or(0) }
    })
}

fn run_of() -> impl Strategy<Value = Run> {
    (0_i64..3_600_000, any::<bool>(), prop::collection::vec(0_i64..3_600_000, 0..4)).prop_map(
        // The API server knows whole seconds only.
        |(created, completes, cuts)| Run { created: created / 1000 * 1000, completes, cuts },
    )
}

proptest! {
    #[test]
    fn no_document_is_missed_and_none_is_taken_twice(
        documents in prop::collection::vec(document(), 0..60),
        mut runs in prop::collection::vec(run_of(), 0..12),
    ) {
        let spec: EnrichmentRunSpec = run().spec;
        // The last run comes when all can be found, and comes to its end.
        runs.push(Run { created: 4_000_000, completes: true, cuts: Vec::new() });
        runs.sort_by_key(|run| run.created);
        let (mut completed, mut enriched) = (None, BTreeSet::new());
        let mut calls = vec![0; documents.len()];
        for run in runs {
            let created = at(run.created);
            let starts = until(created).as_millisecond() + i64::try_from(SAFETY.as_millis()).unwrap();
            let whole = bounds(&spec, created, completed);
            let cuts: Vec<Timestamp> = run.cuts.iter().map(|cut| at(*cut)).collect();
            let slices = cut(&whole, &cuts);
            // One that breaks off has done some of its slices.
            let done = if run.completes { slices.len() } else { slices.len() / 2 };
            for slice in &slices[..done] {
                for (number, document) in documents.iter().enumerate() {
                    let inside = slice.after.as_ref().is_none_or(|after| at(document.given) > after.0)
                        && at(document.given) <= slice.until.0;
                    // What is enriched already is recognised by its copy.
                    if inside && document.visible <= starts && enriched.insert(number) {
                        calls[number] += 1;
                    }
                }
            }
            if run.completes {
                completed = Some(whole.until.0);
            }
        }
        prop_assert_eq!(calls, vec![1; documents.len()]);
    }
}
