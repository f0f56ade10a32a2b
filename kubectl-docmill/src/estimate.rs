//! What a source or a run takes: requests, workers, calls of models, bytes and money. Pure. The counts and prices are those
//! of docs/operations/cost.md, which the tests hold against this arithmetic.
//!
//! - [`prices`]: the price table; [`requests`]: requests per million objects, by load;
//! - [`amount`]: how many objects and bytes, given or listed; [`listing`]: reads a listing;
//! - [`arithmetic`]: from counts to a bill; [`bill`]: what is shown.

pub mod amount;
pub mod arithmetic;
pub mod bill;
pub mod listing;
pub mod prices;
pub mod requests;

pub use amount::Amount;
pub use bill::{Bill, Item};
pub use prices::Prices;

use docmill_crds::{EnrichmentRun, IngestRun, IngestSource};
use serde_json::Value;

/// What is estimated.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// A source, month by month.
    Source(Box<IngestSource>),
    /// One run over the objects of a source.
    Ingest(Box<IngestRun>),
    /// One enrichment of documents.
    Enrich(Box<EnrichmentRun>),
}

impl Plan {
    /// Reads a resource from YAML.
    pub fn read(text: &str) -> Result<Self, String> {
        let resource: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let kind = resource.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let wrong = |error: serde_json::Error| format!("{kind}: {error}");
        match kind.as_str() {
            "IngestSource" => serde_json::from_value(resource).map(Self::Source).map_err(wrong),
            "IngestRun" => serde_json::from_value(resource).map(Self::Ingest).map_err(wrong),
            "EnrichmentRun" => serde_json::from_value(resource).map(Self::Enrich).map_err(wrong),
            _ => Err(format!(
                "expected an IngestSource, an IngestRun or an EnrichmentRun, found kind {kind:?}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn a_file_says_by_its_kind_what_is_estimated() {
        let run = "kind: IngestRun\nmetadata: {name: r}\nspec: {sourceRef: {name: wire}, mode: Reconvert}";
        assert!(matches!(Plan::read(run), Ok(Plan::Ingest(_))));
        let error = Plan::read("kind: Pod").unwrap_err();
        assert!(error.contains("found kind \"Pod\""), "{error}");
        assert!(Plan::read("kind: IngestRun\nspec: 1").unwrap_err().starts_with("IngestRun: "));
    }
}
