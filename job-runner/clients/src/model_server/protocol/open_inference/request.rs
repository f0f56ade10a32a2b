//! Builds a request: its URL and its body.

use docmill_crds::api::enricher::{Input, ObjectForm, OpenInference};
use percent_encoding::utf8_percent_encode;
use serde::Serialize;

use crate::escaping::UNRESERVED;

#[derive(Serialize)]
struct Request<'a> {
    id: &'a str,
    inputs: Vec<Tensor<'a>>,
}

#[derive(Serialize)]
struct Tensor<'a> {
    name: &'a str,
    shape: [usize; 2],
    datatype: &'static str,
    parameters: Parameters,
    data: Vec<&'a str>,
}

#[derive(Serialize)]
struct Parameters {
    /// Tells MLServer what the bytes are; others ignore it.
    content_type: &'static str,
}

/// The URL of a model, or of one version of it if one is asked for.
pub(super) fn model_url(server: &OpenInference) -> String {
    let base = server.url.trim_end_matches('/');
    let model = utf8_percent_encode(&server.model, UNRESERVED);
    match &server.version {
        Some(version) => {
            format!("{base}/v2/models/{model}/versions/{}", utf8_percent_encode(version, UNRESERVED))
        }
        None => format!("{base}/v2/models/{model}"),
    }
}

/// The URL of a model's `infer`.
pub fn infer_url(server: &OpenInference) -> String {
    model_url(server) + "/infer"
}

/// The body for some documents: `documents[i]` holds the inputs of document `i`, in their order. `id` is
/// returned in the response; KServe's own server requires one.
pub fn write(id: &str, inputs: &[Input], documents: &[&[String]]) -> Vec<u8> {
    let inputs = inputs.iter().enumerate().map(|(position, input)| Tensor {
        name: &input.name,
        shape: [documents.len(), 1],
        datatype: "BYTES",
        parameters: Parameters { content_type: content_type(input) },
        data: documents.iter().map(|texts| texts.get(position).map_or("", String::as_str)).collect(),
    });
    let request = Request { id, inputs: inputs.collect() };
    // Strings and numbers into a Vec: serde_json cannot fail here.
    serde_json::to_vec(&request).unwrap_or_default()
}

/// JSON has no bytes; this tells MLServer that they are in base64.
fn content_type(input: &Input) -> &'static str {
    match input.object.as_ref().map(|object| object.form) {
        Some(ObjectForm::Base64) => "base64",
        Some(ObjectForm::PresignedUrl) | None => "str",
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::{Input, OpenInference};
    use serde_json::{Value, json};

    use super::{infer_url, write};

    #[test]
    fn a_request_has_a_row_for_each_document_in_each_tensor() {
        let input = |name: &str| -> Input {
            serde_json::from_value(json!({"name": name, "template": "{x}"})).unwrap()
        };
        let texts = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let (first, second) = (texts("a", "b"), texts("c", "d\n\"ü"));
        let body = write("r1", &[input("title"), input("body")], &[&first, &second]);
        let tensor = |name: &str, data: Value| {
            json!({"name": name, "shape": [2, 1], "datatype": "BYTES",
                "parameters": {"content_type": "str"}, "data": data})
        };
        assert_eq!(
            serde_json::from_slice::<Value>(&body).unwrap(),
            json!({"id": "r1", "inputs": [tensor("title", json!(["a", "c"])), tensor("body", json!(["b", "d\n\"ü"]))]})
        );
    }

    #[test]
    fn bytes_are_told_to_be_in_base64() {
        let input: Input =
            serde_json::from_value(json!({"name": "content", "object": {"as": "Base64"}})).unwrap();
        let body = write("r1", &[input], &[&["AAE=".to_owned()]]);
        let tensor = &serde_json::from_slice::<Value>(&body).unwrap()["inputs"][0];
        assert_eq!(
            (&tensor["parameters"]["content_type"], &tensor["data"]),
            (&json!("base64"), &json!(["AAE="]))
        );
    }

    #[test]
    fn the_version_is_in_the_path_where_one_is_asked_for() {
        let mut server =
            OpenInference { url: "http://m:8080/".into(), model: "mini lm/2".into(), version: None };
        assert_eq!(infer_url(&server), "http://m:8080/v2/models/mini%20lm%2F2/infer");
        server.version = Some("1".into());
        assert_eq!(infer_url(&server), "http://m:8080/v2/models/mini%20lm%2F2/versions/1/infer");
    }
}
