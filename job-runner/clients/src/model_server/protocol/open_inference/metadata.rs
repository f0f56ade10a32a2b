//! A server's metadata of a model, read before anything is sent to the model.

use docmill_crds::api::enricher::OpenInference;
use serde_json::Value;

use super::request::model_url;
use crate::model_server::protocol::messages::AnswerError;

/// The URL of a model's metadata.
pub fn metadata_url(server: &OpenInference) -> String {
    model_url(server)
}

/// The version of the model that would respond now. `versions` is optional in the protocol; if there are
/// several, nothing tells which one a server chooses, unless the user asks for one.
pub fn read_metadata(server: &OpenInference, body: &[u8]) -> Result<Option<String>, AnswerError> {
    let metadata: Value =
        serde_json::from_slice(body).map_err(|error| AnswerError::Broken(error.to_string()))?;
    match metadata.get("name").and_then(Value::as_str) {
        Some(name) if name == server.model => {}
        Some(name) => return Err(AnswerError::Unfit(format!("the server tells of model {name:?}"))),
        None => return Err(AnswerError::Broken("its metadata names no model".to_owned())),
    }
    let versions = metadata.get("versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ok(match (&server.version, versions) {
        (Some(wanted), _) => Some(wanted.clone()),
        (None, [only]) => only.as_str().map(str::to_owned),
        (None, _) => None,
    })
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::OpenInference;

    use super::{metadata_url, read_metadata};

    fn server(version: Option<&str>) -> OpenInference {
        OpenInference {
            url: "http://m:8080/".into(),
            model: "mini lm".into(),
            version: version.map(str::to_owned),
        }
    }

    #[test]
    fn a_version_is_known_where_there_is_one_or_one_is_asked_for() {
        let read = |version, body: &str| read_metadata(&server(version), body.as_bytes());
        assert_eq!(
            read(None, r#"{"name":"mini lm","versions":["v1"],"platform":""}"#),
            Ok(Some("v1".into()))
        );
        assert_eq!(read(None, r#"{"name":"mini lm","versions":["v1","v2"]}"#), Ok(None));
        assert_eq!(read(None, r#"{"name":"mini lm","platform":""}"#), Ok(None));
        assert_eq!(read(Some("v2"), r#"{"name":"mini lm","versions":["v1","v2"]}"#), Ok(Some("v2".into())));
        assert!(read(None, r#"{"name":"other"}"#).is_err());
        assert!(read(None, "{}").is_err());
        assert!(read(None, "no json").is_err());
    }

    #[test]
    fn it_is_asked_for_by_model_and_version() {
        assert_eq!(metadata_url(&server(None)), "http://m:8080/v2/models/mini%20lm");
        assert_eq!(metadata_url(&server(Some("v/2"))), "http://m:8080/v2/models/mini%20lm/versions/v%2F2");
    }
}
