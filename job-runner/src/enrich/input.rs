//! What a model is given of a document, and the digest of it. No I/O.

use docmill_crds::ledger::hex;
use docmill_crds::template::RenderError;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::recipe::Model;

/// The texts for the inputs of a model, in their order. Fields that the document lacks are empty.
pub fn texts(model: &Model, document: &Map<String, Value>) -> Result<Vec<String>, RenderError> {
    model.inputs.iter().map(|template| template.render_lossy(document)).collect()
}

/// SHA-256 over the texts, each with its length before it, so that no two lists of texts have the same digest; in hex.
#[must_use]
pub fn digest(texts: &[String]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{digest, texts};
    use crate::enrich::recipe::tests::recipe;

    #[test]
    fn missing_fields_are_empty_and_lists_are_an_error() {
        let model = &recipe().models[0];
        let document = json!({"headline": "Vote"});
        assert_eq!(texts(model, document.as_object().unwrap()).unwrap(), ["Vote. "]);
        let document = json!({"headline": ["a", "b"]});
        assert!(texts(model, document.as_object().unwrap()).is_err());
    }

    #[test]
    fn the_digest_tells_apart_what_concatenation_would_not() {
        let of = |texts: &[&str]| digest(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
        assert_eq!(of(&["a"]).len(), 64);
    }
}
