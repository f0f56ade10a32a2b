//! The verdict on an enrichment, from what is stored and what the model says. Pure.

use std::collections::BTreeMap;

use docmill_crds::digest::hex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::articles::Enrichable;
use super::model::Answer;
use super::{MODEL, RUN, VERSION};
use crate::elastic::Stored;

/// What was found in the stores.
pub(super) struct Evidence {
    /// What the names of all indices with copies begin with.
    pub(super) copies_prefix: String,
    /// Everything in them.
    pub(super) copies: Vec<Stored>,
    /// The records of failures.
    pub(super) failures: Vec<Stored>,
    /// The record of the slice.
    pub(super) slice: Value,
}

/// Everything that is not as it has to be; `answers` are the model's, in the order of the articles.
pub(super) fn faults(articles: &[Enrichable], answers: &[Answer], evidence: &Evidence) -> Vec<String> {
    let mut faults = Vec::new();
    let mut copies: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
    for copy in &evidence.copies {
        copies.entry(copy.id.as_str()).or_default().push(copy);
    }
    for (article, answer) in articles.iter().zip(answers) {
        let found = copies.remove(article.id.as_str()).unwrap_or_default();
        let fault = match (found.as_slice(), article.is_refused) {
            ([], true) => None,
            ([copy], false) => is_wrong(article, answer, copy, &evidence.copies_prefix),
            (found, _) => {
                let places: Vec<&str> = found.iter().map(|copy| copy.index.as_str()).collect();
                Some(format!("{} copies: {}", found.len(), places.join(", ")))
            }
        };
        faults.extend(fault.map(|fault| format!("{}: {fault}", article.id)));
    }
    faults.extend(copies.keys().map(|id| format!("{id}: a copy of no article")));
    faults.extend(failure_faults(articles, &evidence.failures));
    faults.extend(slice_faults(articles, &evidence.slice));
    faults
}

/// What is wrong with the only copy of an article.
fn is_wrong(article: &Enrichable, answer: &Answer, copy: &Stored, prefix: &str) -> Option<String> {
    let index = format!("{prefix}{}", article.month());
    if copy.index != index {
        return Some(format!("it is in {} and not in {index}", copy.index));
    }
    let mut found = copy.source.clone();
    let provenance = found.pointer_mut("/_docmill/enrichment/sentiment").and_then(Value::as_object_mut);
    let told = provenance.map(|told| [told.remove("modelDigest"), told.remove("enrichedTime")]);
    if !told.iter().flatten().all(|told| told.as_ref().is_some_and(|told| told.as_str() > Some(""))) {
        return Some(format!("it does not tell by what and when it was enriched: {}", copy.source));
    }
    let expected = enriched(article, answer);
    (found != expected).then(|| format!("{found}\n    is not\n    {expected}"))
}

/// The copy of an article, but for the digest of the model's settings and the time.
fn enriched(article: &Enrichable, answer: &Answer) -> Value {
    let mut copy = article.source.clone();
    copy["sentiment"] = answer.sentiment.clone();
    copy["detectedLanguage"] = answer.language.clone();
    copy["_docmill"]["enrichmentRun"] = RUN.into();
    copy["_docmill"]["enrichment"] = json!({"sentiment": {
        "model": MODEL, "version": VERSION, "run": RUN, "inputDigest": input_digest(&article.text()),
    }});
    copy
}

/// SHA-256 of a text with its length as eight bytes before it, in hex.
fn input_digest(text: &str) -> String {
    let length = (text.len() as u64).to_be_bytes();
    hex(&Sha256::new().chain_update(length).chain_update(text).finalize())
}

/// Each refused article has one record, by one run, and no other article has any.
fn failure_faults(articles: &[Enrichable], failures: &[Stored]) -> Vec<String> {
    let mut expected: Vec<&str> =
        articles.iter().filter(|article| article.is_refused).map(|article| article.id.as_str()).collect();
    let mut faults = Vec::new();
    for Stored { source, .. } in failures {
        let found = expected.iter().position(|id| source["document"] == *id);
        let sound = source["reason"] == "IndexRefused" && source["run"] == RUN && source["attempts"] == 1;
        match found {
            Some(at) if sound => drop(expected.swap_remove(at)),
            _ => faults.push(format!("a record of a failure that is not one: {source}")),
        }
    }
    faults.extend(expected.iter().map(|id| format!("{id}: neither a copy nor a record of its failure")));
    faults
}

/// The counts of the slice are those of the whole run, whoever was killed in it.
fn slice_faults(articles: &[Enrichable], slice: &Value) -> Vec<String> {
    let refused = articles.iter().filter(|article| article.is_refused).count();
    let expected = [
        ("finished", json!(true)),
        ("documents", json!(articles.len())),
        ("selected", json!(articles.len())),
        ("done", json!(articles.len() - refused)),
        ("failed", json!(refused)),
        ("cached", json!(0)),
        ("passedOver", json!(0)),
    ];
    let wrong = expected.into_iter().filter(|(key, value)| slice[key] != *value);
    wrong.map(|(key, value)| format!("the slice says {key} {}, not {value}", slice[key])).collect()
}

#[cfg(test)]
mod tests;
