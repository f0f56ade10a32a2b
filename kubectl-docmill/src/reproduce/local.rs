//! Converts an object as a worker does: also which objects are refused unread, and which documents have no address.

use std::io::{self, Cursor};
use std::ops::ControlFlow;

use docmill_convert::{
    Addressing, Converter, Document, FirstLook, InvalidTemplate, Verdict, refused_document, refused_object,
    too_large,
};
use docmill_crds::api::ingest_source::Index;
use docmill_crds::conversion::{Conversion, Model, ModelError};
use docmill_crds::reason::Reason;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Why an object cannot be converted here. What is wrong with the object is no error.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The model cannot work.
    #[error("the model cannot be used: {0}")]
    Model(#[from] ModelError),
    /// The index of the source cannot work.
    #[error(transparent)]
    Template(#[from] InvalidTemplate),
    /// The model takes no documents from what is in an object.
    #[error("objects of format Binary are described by workers alone")]
    Binary,
    /// The bytes are needed, and are not at hand.
    #[error("the records API does not answer {0} bytes")]
    NoContent(u64),
    /// The bytes could not be read.
    #[error("failed to read the object: {0}")]
    Read(#[from] io::Error),
}

/// What of a source decides what becomes of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalSettings {
    /// The model.
    pub conversion: Conversion,
    /// Where documents belong; `None` if they belong nowhere, or nobody knows of which source they are.
    pub index: Option<Index>,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalObject {
    /// Its key, or the name of its file.
    pub key: String,
    /// Its bytes; `None` if they are too many to be fetched.
    pub content: Option<Vec<u8>>,
    /// How many bytes it has.
    pub size: u64,
    /// When it landed.
    pub landed: Option<Timestamp>,
    /// When its documents are new, for the window of dates that may name an index.
    pub converted: Timestamp,
}

/// What becomes of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalOutcome {
    /// The revision of the model.
    pub revision: String,
    /// The documents that the model makes.
    pub documents: Vec<Value>,
    /// How many of them a worker does not store.
    pub unstored: usize,
    /// What the model refuses, as error records list it.
    pub model_refusals: Vec<Value>,
    /// What a worker refuses, as error records list it: the same, and documents without an address; or the object unread.
    pub refusals: Vec<Value>,
}

/// Converts an object.
pub fn convert(settings: &LocalSettings, object: &LocalObject) -> Result<LocalOutcome, LocalError> {
    let model = settings.conversion.resolve()?;
    if model.format.syntax().is_none() {
        return Err(LocalError::Binary);
    }
    let addressing = Addressing::of_index(settings.index.as_ref())?;
    let (size, most) = (object.size, model.limits.max_object_bytes);
    let mut outcome = match object.content.as_deref() {
        Some(content) => convert_content(&model, &addressing, (object, content))?,
        None if size > most => LocalOutcome { revision: model.revision(), ..LocalOutcome::default() },
        None => return Err(LocalError::NoContent(size)),
    };
    if size > most {
        outcome.unstored = outcome.documents.len();
        outcome.refusals = vec![refused_object(Reason::LimitExceeded, &too_large(size, most))];
    }
    Ok(outcome)
}

fn convert_content(
    model: &Model,
    addressing: &Addressing,
    (object, content): (&LocalObject, &[u8]),
) -> Result<LocalOutcome, LocalError> {
    let converter = Converter::new(model)?;
    let look = if FirstLook::is_needed(&converter) {
        FirstLook::at(&converter, &mut Cursor::new(content))?
    } else {
        FirstLook::default()
    };
    let info = look.object_info(object.key.clone(), object.landed);
    let mut outcome = LocalOutcome { revision: model.revision(), ..LocalOutcome::default() };
    // It never breaks.
    let _ = converter.each_document(look.reading, &info, &mut Cursor::new(content), &mut |verdict| {
        outcome.add(verdict, addressing, object.converted);
        ControlFlow::<()>::Continue(())
    })?;
    Ok(outcome)
}

impl LocalOutcome {
    fn add(&mut self, verdict: Verdict, addressing: &Addressing, converted: Timestamp) {
        match verdict {
            Ok(document) => {
                if let Some(refusal) = unaddressed(&document, addressing, converted) {
                    self.unstored += 1;
                    self.refusals.push(refusal);
                }
                // A document is JSON; if it were not, its text would show that.
                let json = serde_json::from_str(document.json()).unwrap_or_else(|_| document.json().into());
                self.documents.push(json);
            }
            Err(refusal) => {
                self.model_refusals.push(json!(refusal));
                self.refusals.push(json!(refusal));
            }
        }
    }
}

/// The refusal of a document that has no address.
fn unaddressed(document: &Document, addressing: &Addressing, converted: Timestamp) -> Option<Value> {
    let error = addressing.of_new(document, converted.as_millisecond()).err()?;
    let (member, number) = (document.member.as_ref(), document.index_in_object);
    Some(refused_document(member, number, error.reason(), &error.to_string()))
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Conversion;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{LocalError, LocalObject, LocalSettings, convert};

    fn settings(conversion: Value) -> LocalSettings {
        let conversion: Conversion = serde_json::from_value(conversion).unwrap();
        LocalSettings { conversion, index: None }
    }

    fn items() -> LocalSettings {
        settings(json!({
            "record": "/feed/item",
            "limits": {"maxObjectBytes": 200},
            "fields": [{"name": "id", "path": ["@id"], "required": true}, {"name": "day", "path": ["@day"]}],
        }))
    }

    fn object(content: &[u8]) -> LocalObject {
        LocalObject {
            key: "a.xml".to_owned(),
            content: Some(content.to_vec()),
            size: content.len() as u64,
            landed: None,
            converted: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_object_has_the_documents_and_refusals_that_a_worker_makes() {
        let outcome = convert(&items(), &object(b"<feed><item id='1'/><item/></feed>")).unwrap();
        assert_eq!(outcome.documents, [json!({"id": "1"})]);
        assert_eq!(outcome.refusals[0]["reason"], "MissingField");
        assert_eq!(outcome.refusals[0]["document"], 1);
        assert_eq!(outcome.refusals, outcome.model_refusals);
        assert_eq!(outcome.revision, items().conversion.revision().unwrap());
    }

    #[test]
    fn a_document_without_an_address_is_refused_in_its_place() {
        let index = json!({"elasticsearch": {"urls": ["https://es"]}, "name": "a-{day:%Y}", "id": "{id}"});
        let settings = LocalSettings { index: Some(serde_json::from_value(index).unwrap()), ..items() };
        let content = b"<feed><item id='1' day='1970-02-01'/><item/><item id='3' day='1970-01-02'/></feed>";
        let outcome = convert(&settings, &object(content)).unwrap();
        let reasons: Vec<_> = outcome.refusals.iter().map(|refusal| refusal["reason"].clone()).collect();
        assert_eq!(reasons, ["DateOutOfWindow", "MissingField"]);
        assert!(outcome.refusals[0]["message"].to_string().contains("from 1900-01-01 to 1970-01-08"));
        assert_eq!((outcome.documents.len(), outcome.unstored, outcome.model_refusals.len()), (2, 1, 1));
    }

    #[test]
    fn an_object_that_is_too_large_is_refused_without_its_content() {
        let large = LocalObject { content: None, size: 201, ..object(b"") };
        let outcome = convert(&items(), &large).unwrap();
        let message =
            "the object has 201 bytes, and at most 200 are read (spec.conversion.limits.maxObjectBytes)";
        assert_eq!(outcome.refusals, [json!({"reason": "LimitExceeded", "message": message})]);
        let unknown = convert(&items(), &LocalObject { size: 200, ..large });
        assert!(matches!(unknown, Err(LocalError::NoContent(200))), "{unknown:?}");
    }

    #[test]
    fn what_cannot_be_converted_here_is_told() {
        let binary = convert(&settings(json!({"format": "Binary"})), &object(b""));
        assert!(matches!(binary, Err(LocalError::Binary)), "{binary:?}");
    }
}
