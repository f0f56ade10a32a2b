//! Converts an object as a worker does.

use std::io::{self, Cursor};
use std::ops::ControlFlow;

use docmill_convert::{Converter, FirstLook};
use docmill_crds::conversion::{Conversion, ModelError};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Why an object cannot be converted here. What is wrong with the object is no error.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The model cannot work.
    #[error("the model cannot be used: {0}")]
    Model(#[from] ModelError),
    /// The model takes no documents from what is in an object.
    #[error("objects of format Binary are described by workers alone")]
    Binary,
    /// The bytes could not be read.
    #[error("failed to read the object: {0}")]
    Read(#[from] io::Error),
}

/// What becomes of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalOutcome {
    /// The revision of the model.
    pub revision: String,
    /// The documents.
    pub documents: Vec<Value>,
    /// The refusals, as error records list them.
    pub refusals: Vec<Value>,
}

/// Converts an object with this key, which landed then.
pub fn convert(
    conversion: &Conversion,
    object: &[u8],
    key: &str,
    landed: Option<Timestamp>,
) -> Result<LocalOutcome, LocalError> {
    let model = conversion.resolve()?;
    if model.format.syntax().is_none() {
        return Err(LocalError::Binary);
    }
    let converter = Converter::new(&model)?;
    let look = if FirstLook::is_needed(&converter) {
        FirstLook::at(&converter, object)?
    } else {
        FirstLook::default()
    };
    let info = look.object_info(key.to_owned(), landed);
    let mut outcome = LocalOutcome { revision: model.revision(), ..LocalOutcome::default() };
    // It never breaks.
    let _ = converter.each_document(look.reading, &info, &mut Cursor::new(object), &mut |verdict| {
        match verdict {
            // A document is JSON; if it were not, its text would show that.
            Ok(document) => outcome
                .documents
                .push(serde_json::from_str(document.json()).unwrap_or_else(|_| document.json().into())),
            Err(refusal) => outcome.refusals.push(json!(refusal)),
        }
        ControlFlow::<()>::Continue(())
    })?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Conversion;
    use serde_json::json;

    use super::{LocalError, convert};

    fn conversion(text: &str) -> Conversion {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_object_has_the_documents_and_refusals_that_a_worker_makes() {
        let model = conversion(
            r#"{"record": "/feed/item", "fields": [{"name": "id", "path": ["@id"], "required": true}]}"#,
        );
        let outcome = convert(&model, b"<feed><item id='1'/><item/></feed>", "a.xml", None).unwrap();
        assert_eq!(outcome.documents, [json!({"id": "1"})]);
        assert_eq!(outcome.refusals[0]["reason"], "MissingField");
        assert_eq!(outcome.refusals[0]["document"], 1);
        assert_eq!(outcome.revision, model.revision().unwrap());
    }

    #[test]
    fn what_cannot_be_converted_here_is_told() {
        let binary = convert(&conversion(r#"{"format": "Binary"}"#), b"", "a.pdf", None);
        assert!(matches!(binary, Err(LocalError::Binary)), "{binary:?}");
    }
}
