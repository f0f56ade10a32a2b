//! Builds a request: the messages and the schema of the answer.

use docmill_crds::api::enricher::{Enricher, Input, ObjectForm, OpenAIChat};
use serde_json::{Value, json};

use super::{image, schema};
use crate::model_server::protocol::address;
use crate::model_server::protocol::messages::{Call, CallError};

/// The request for one document. Never for several: a conversation is about one.
pub fn call(server: &OpenAIChat, enricher: &Enricher, documents: &[&[String]]) -> Result<Call, CallError> {
    let [texts] = documents else {
        return Err(CallError::Unfit("a chat is about one document".to_owned()));
    };
    let messages: Vec<Value> = enricher
        .inputs
        .iter()
        .zip(*texts)
        .map(|(input, text)| message(input, text))
        .collect::<Result<_, _>>()?;
    let mut body = json!({
        "model": server.model,
        "messages": messages,
        "response_format": {"type": "json_schema", "json_schema": {
            "name": enricher.name,
            "strict": true,
            "schema": schema::of(&enricher.outputs),
        }},
    });
    let settings = [
        ("max_tokens", server.max_tokens.map(Value::from)),
        ("max_completion_tokens", server.max_completion_tokens.map(Value::from)),
        ("temperature", server.temperature_milli.map(|milli| json!(f64::from(milli) / 1000.0))),
        ("seed", server.seed.map(Value::from)),
    ];
    for (name, value) in settings {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    Ok(Call::post(address::join(&server.url, "chat/completions"), &body))
}

/// A text unchanged, an object as an image: by its URL, or as a data URL.
fn message(input: &Input, text: &str) -> Result<Value, CallError> {
    let content = match input.object.as_ref().map(|object| object.form) {
        None => json!(text),
        Some(ObjectForm::PresignedUrl) => image_part(text),
        Some(ObjectForm::Base64) => image_part(&image::data_url(text)?),
    };
    Ok(json!({"role": input.name, "content": content}))
}

fn image_part(url: &str) -> Value {
    json!([{"type": "image_url", "image_url": {"url": url}}])
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::{Enricher, Protocol};
    use serde_json::{Value, json};

    use super::{CallError, call};

    fn enricher(settings: &Value, inputs: &Value) -> Enricher {
        let mut server = json!({"url": "http://m/v1", "model": "m"});
        server.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        serde_json::from_value(json!({"name": "topic", "openAIChat": server, "inputs": inputs,
            "outputs": [{"field": "topic", "type": "Keyword"}]}))
        .unwrap()
    }

    fn sent(enricher: &Enricher, texts: &[&str]) -> Result<Value, CallError> {
        let Some(Protocol::OpenAIChat(server)) = enricher.protocol() else { panic!("no chat") };
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let call = call(server, enricher, &[&texts])?;
        assert_eq!(call.url, "http://m/v1/chat/completions");
        Ok(serde_json::from_slice(&call.body).unwrap())
    }

    #[test]
    fn inputs_are_messages_in_their_order_and_settings_are_sent_where_they_are_set() {
        let inputs = json!([{"name": "system", "template": "s"}, {"name": "user", "template": "{body}"}]);
        let bare = sent(&enricher(&json!({}), &inputs), &["Be brief.", "A \"text\""]).unwrap();
        assert_eq!(
            bare["messages"],
            json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "A \"text\""}])
        );
        assert_eq!(bare["response_format"]["json_schema"]["name"], "topic");
        assert_eq!(bare["response_format"]["json_schema"]["strict"], true);
        let names: Vec<&String> = bare.as_object().unwrap().keys().collect();
        assert_eq!(names, ["model", "messages", "response_format"]);

        let set = json!({"maxTokens": 50, "temperatureMilli": 250, "seed": 7});
        let full = sent(&enricher(&set, &inputs), &["", ""]).unwrap();
        assert_eq!((&full["max_tokens"], &full["temperature"]), (&json!(50), &json!(0.25)));
        assert_eq!((&full["seed"], full.get("max_completion_tokens")), (&json!(7), None));
        let newer = sent(&enricher(&json!({"maxCompletionTokens": 60}), &inputs), &["", ""]).unwrap();
        assert_eq!((&newer["max_completion_tokens"], newer.get("max_tokens")), (&json!(60), None));
    }

    #[test]
    fn objects_are_images() {
        let by = |form: &str| {
            enricher(
                &json!({}),
                &json!([{"name": "system", "template": "s"}, {"name": "user", "object": {"as": form}}]),
            )
        };
        let url = "http://s3/x?sig=1";
        let linked = sent(&by("PresignedUrl"), &["s", url]).unwrap();
        let part = |url: &str| json!([{"type": "image_url", "image_url": {"url": url}}]);
        assert_eq!(linked["messages"][1], json!({"role": "user", "content": part(url)}));
        let embedded = sent(&by("Base64"), &["s", "iVBORw0KGgoAAAA="]).unwrap();
        assert_eq!(embedded["messages"][1]["content"], part("data:image/png;base64,iVBORw0KGgoAAAA="));
        let other = sent(&by("Base64"), &["s", "JVBERi0xLjcK"]).unwrap_err();
        assert!(matches!(&other, CallError::Document(text) if text.contains("no image")), "{other:?}");
    }

    #[test]
    fn several_documents_are_never_mixed() {
        let enricher = enricher(&json!({}), &json!([{"name": "user", "template": "t"}]));
        let text = ["a".to_owned()];
        let server = enricher.open_ai_chat.as_ref().unwrap();
        assert!(matches!(call(server, &enricher, &[&text, &text]), Err(CallError::Unfit(_))));
    }
}
