//! A model's inputs from a document, and their digest. No I/O.

use docmill_convert::html_to_text;
use docmill_crds::api::enricher::{ObjectForm, ObjectInput};
use docmill_crds::digest::hex;
use docmill_crds::records::enrichments::key;
use docmill_crds::template::{RenderError, is_blank};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::enrich::slice_plan::{InputPart, PlannedEnricher};

/// One input of a model for one document.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelInput {
    /// A text.
    Text(String),
    /// An object that still has to be fetched.
    Object(ObjectInput),
}

/// Why a document has no inputs for a model.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A template cannot be rendered.
    #[error(transparent)]
    Template(#[from] RenderError),
    /// The document does not name its object.
    #[error("the document has no _docmill.rawDigest, so the object that it was made of is not known")]
    NoObject,
}

/// The inputs of a model, in their order. Fields that the document lacks are empty.
pub fn model_inputs(
    model: &PlannedEnricher,
    document: &Map<String, Value>,
) -> Result<Vec<ModelInput>, InputError> {
    let model_input = |part: &InputPart| match part {
        InputPart::Text { template, is_html, most } => {
            let text = template.render_lossy(document)?;
            let text = if *is_html { html_to_text(&text) } else { text };
            Ok(ModelInput::Text(head(&text, *most).to_owned()))
        }
        InputPart::Object(object) => Ok(ModelInput::Object(object.clone())),
    };
    model.inputs.iter().map(model_input).collect()
}

/// Whether the document has nothing for the model: no object, and nothing to read in any field that a text
/// names.
pub fn is_void(model: &PlannedEnricher, inputs: &[ModelInput], document: &Map<String, Value>) -> bool {
    let (mut named, mut void, mut blank) = (false, true, true);
    for (part, input) in model.inputs.iter().zip(inputs) {
        let (InputPart::Text { template, .. }, ModelInput::Text(text)) = (part, input) else { return false };
        if template.fields().next().is_some() {
            named = true;
            void &= template.is_void(document);
        }
        blank &= is_blank(text);
    }
    blank || (named && void)
}

/// The first characters of a text, at most `characters`.
pub fn head(text: &str, characters: usize) -> &str {
    // No text has more characters than bytes.
    if text.len() <= characters {
        return text;
    }
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// SHA-256 over the inputs, each preceded by its length, so that no two lists have the same digest; in hex.
/// An object is represented by its own digest, so that an unchanged one need not be fetched.
pub fn digest(inputs: &[ModelInput], document: &Map<String, Value>) -> Result<String, InputError> {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    for input in inputs {
        match input {
            ModelInput::Text(text) => add(text),
            ModelInput::Object(object) => {
                add(match object.form {
                    ObjectForm::Base64 => "object",
                    ObjectForm::PresignedUrl => "object by URL",
                });
                add(raw_digest(document).ok_or(InputError::NoObject)?);
            }
        }
    }
    Ok(hex(&hash.finalize()))
}

fn raw_digest(document: &Map<String, Value>) -> Option<&str> {
    document.get(key::DOCMILL)?.get(key::RAW_DIGEST)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::{InputError, ModelInput, digest, head, is_void, model_inputs};
    use crate::enrich::slice_plan::InputPart;
    use crate::enrich::slice_plan::tests::slice_plan;

    #[test]
    fn missing_fields_are_empty_and_lists_are_an_error() {
        let model = &slice_plan().models[0];
        let document = json!({"headline": "Vote"});
        let found = model_inputs(model, document.as_object().unwrap()).unwrap();
        assert_eq!(found, [ModelInput::Text("Vote. ".into())]);
        let document = json!({"headline": ["a", "b"]});
        assert!(model_inputs(model, document.as_object().unwrap()).is_err());
    }

    /// As feeds write it: nothing of tags, attributes and scripts is for a model.
    #[test]
    fn html_reaches_a_model_as_text() {
        let mut model = slice_plan().models.remove(0);
        for part in &mut model.inputs {
            if let InputPart::Text { is_html, .. } = part {
                *is_html = true;
            }
        }
        let body = "<p class=\"wp-block\"><a rel=noopener href=x>Harbour</a> stops.&nbsp;Fog</p><script>a()</script>";
        let document = json!({"headline": body});
        let found = model_inputs(&model, document.as_object().unwrap()).unwrap();
        let ModelInput::Text(text) = &found[0] else { panic!("a text is expected: {found:?}") };
        assert!(text.starts_with("Harbour stops.\u{a0}Fog"), "{text}");
        assert!(!["wp-block", "noopener", "a()", "<"].iter().any(|tag| text.contains(tag)), "{text}");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((head("Tür", 2), head("Tür", 3), head("Tür", 4), head("", 1)), ("Tü", "Tür", "Tür", ""));
    }

    #[test]
    fn a_document_without_anything_to_read_is_void_whatever_stands_around_its_fields() {
        let model = &slice_plan().models[0];
        for (document, void) in [
            (json!({}), true),
            (json!({"headline": " ", "body": "\n"}), true),
            (json!({"headline": "Vote"}), false),
        ] {
            let document = document.as_object().unwrap();
            assert_eq!(
                is_void(model, &model_inputs(model, document).unwrap(), document),
                void,
                "{document:?}"
            );
        }
    }

    #[test]
    fn the_digest_tells_apart_what_concatenation_would_not() {
        let of = |texts: &[&str]| {
            let inputs: Vec<ModelInput> =
                texts.iter().map(|text| ModelInput::Text((*text).to_owned())).collect();
            digest(&inputs, &Map::new()).unwrap()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
        assert_eq!(of(&["a"]).len(), 64);
    }

    #[test]
    fn an_object_is_named_by_its_own_digest() {
        let object = || ModelInput::Object(serde_json::from_value(json!({"as": "Base64"})).unwrap());
        let of = |document: serde_json::Value| digest(&[object()], document.as_object().unwrap());
        let first = of(json!({"_docmill": {"rawDigest": "a"}})).unwrap();
        assert_ne!(first, of(json!({"_docmill": {"rawDigest": "b"}})).unwrap());
        assert_eq!(of(json!({})), Err(InputError::NoObject));
    }
}
