//! Docmill's own functions, which need no server. No I/O.
//!
//! Each returns the same result for the same text on every machine and in every run, whatever the text is; a
//! change of the results raises [`Builtin::version`]. Functions whose work grows with the text examine only
//! its beginning, so that a text of megabytes takes no longer than a long article.

mod beginning;
mod keywords;
mod language;
mod reading_length;
mod simhash;
mod words;

use docmill_clients::model_server::protocol::{Answer, Reply, outputs};
use docmill_crds::api::enricher::{Builtin, OutputField};
use serde_json::{Map, Value};

/// The result of a function for a text.
pub fn answer(builtin: Builtin, text: &str, fields: &[OutputField]) -> Reply {
    let results = results(builtin, text);
    let first = builtin.results().first().map(|result| result.name).unwrap_or_default();
    let fields = outputs::fields(fields, |output| results.get(output.from.as_deref().unwrap_or(first)))?;
    Ok(Answer { fields, version: None })
}

/// By the names of [`Builtin::results`]; a result that does not exist for this text is left out.
fn results(builtin: Builtin, text: &str) -> Map<String, Value> {
    match builtin {
        Builtin::Language => language::results(text),
        Builtin::Keywords => keywords::results(text),
        Builtin::Simhash => simhash::results(text),
        Builtin::ReadingLength => reading_length::results(text),
    }
}

#[cfg(test)]
mod tests;
