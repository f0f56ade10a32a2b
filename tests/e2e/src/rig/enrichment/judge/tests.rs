//! A judge that finds nothing proves nothing.

use serde_json::{Value, json};

use super::{Evidence, enriched, faults};
use crate::elastic::Stored;
use crate::rig::enrichment::articles::{Enrichable, generated};
use crate::rig::enrichment::model::Answer;

/// Six articles, two of which are refused.
fn articles() -> Vec<Enrichable> {
    generated(6, 3)
}

fn answers() -> Vec<Answer> {
    (0..6).map(|number| Answer { sentiment: json!(number), language: json!("en") }).collect()
}

fn sound() -> Evidence {
    let copy = |(article, answer): (&Enrichable, &Answer)| {
        let mut source = enriched(article, answer);
        let told = &mut source["_docmill"]["enrichment"]["sentiment"];
        told["modelDigest"] = "m".into();
        told["enrichedTime"] = "2026-01-01T00:00:00Z".into();
        Stored { index: format!("enriched-{}", article.month()), id: article.id.clone(), source }
    };
    let (articles, answers) = (articles(), answers());
    let failure = |article: &Enrichable| Stored {
        index: "records".into(),
        id: format!("failure-{}", article.id),
        source: json!({"document": article.id, "reason": "IndexRefused", "run": "run-1", "attempts": 1}),
    };
    Evidence {
        copies_prefix: "enriched-".into(),
        copies: articles.iter().zip(&answers).filter(|(article, _)| !article.is_refused).map(copy).collect(),
        failures: articles.iter().filter(|article| article.is_refused).map(failure).collect(),
        slice: json!({"finished": true, "documents": 6, "selected": 6, "done": 4, "failed": 2, "cached": 0,
            "passedOver": 0}),
    }
}

/// What the judge says after a change.
fn after(change: impl FnOnce(&mut Evidence)) -> String {
    let mut evidence = sound();
    change(&mut evidence);
    faults(&articles(), &answers(), &evidence).join("; ")
}

#[test]
fn what_is_as_it_has_to_be_has_no_fault() {
    assert_eq!(after(|_| {}), "");
}

#[test]
fn a_copy_that_is_lost_doubled_misplaced_or_unknown_is_found() {
    assert!(after(|found| drop(found.copies.remove(1))).starts_with("article-00001: 0 copies"));
    let doubled = after(|found| {
        found.copies.push(Stored { index: "enriched-2025.01".into(), ..found.copies[0].clone() });
    });
    assert!(doubled.starts_with("article-00000: 2 copies"), "{doubled}");
    assert!(after(|found| found.copies[0].index = "enriched-2025.01".into()).contains("it is in"));
    let unknown = after(|found| found.copies.push(Stored { id: "x".into(), ..found.copies[0].clone() }));
    assert_eq!(unknown, "x: a copy of no article");
}

#[test]
fn a_result_provenance_or_article_that_is_not_its_own_is_found() {
    let changes: [(&str, Value); 6] = [
        ("/sentiment", json!(1)),
        ("/detectedLanguage", json!("de")),
        ("/headline", json!("another")),
        ("/_docmill/revision", json!("r5")),
        ("/_docmill/enrichment/sentiment/inputDigest", json!("other")),
        ("/_docmill/enrichment/sentiment/modelDigest", json!("")),
    ];
    for (pointer, value) in changes {
        let said = after(|found| *found.copies[0].source.pointer_mut(pointer).expect(pointer) = value);
        assert!(said.starts_with("article-00000: "), "{pointer}: {said}");
    }
}

#[test]
fn records_that_are_missing_or_too_many_are_found() {
    assert!(after(|found| drop(found.failures.remove(0))).contains("neither a copy nor a record"));
    assert!(after(|found| found.failures.push(found.failures[0].clone())).contains("that is not one"));
    assert!(after(|found| found.failures[0].source["attempts"] = json!(2)).contains("that is not one"));
    assert_eq!(after(|found| found.slice["done"] = json!(5)), "the slice says done 5, not 4");
}
