//! Builds a request: headers, and a body with the inputs inserted.

use docmill_crds::api::enricher::{HttpCall, ITEMS, Input};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::model_server::protocol::messages::{Call, CallError};

/// The request for some documents; for a single one if the request has no `$items`.
pub fn call(call: &HttpCall, inputs: &[Input], documents: &[&[String]]) -> Result<Call, CallError> {
    let body = if call.takes_several() {
        let items: Value = documents.iter().map(|texts| item(call, inputs, texts)).collect();
        fill(&call.request, &|name| (name == ITEMS).then(|| items.clone()))
    } else {
        let [texts] = documents else {
            return Err(CallError::Unfit("a request without $items is for one document".to_owned()));
        };
        fill(&call.request, &|name| input(name, inputs, texts))
    };
    Ok(Call { headers: headers(call)?, ..Call::post(call.url.clone(), &body) })
}

/// The entry of one document in the list.
fn item(call: &HttpCall, inputs: &[Input], texts: &[String]) -> Value {
    if let Some(item) = &call.item {
        return fill(item, &|name| input(name, inputs, texts));
    }
    let named = |(input, text): (&Input, &String)| (input.name.clone(), Value::from(text.as_str()));
    Value::Object(inputs.iter().zip(texts).map(named).collect())
}

/// The text of the input that `$name` stands for.
fn input(name: &str, inputs: &[Input], texts: &[String]) -> Option<Value> {
    let name = name.strip_prefix('$')?;
    let position = inputs.iter().position(|input| input.name == name)?;
    texts.get(position).map(|text| Value::from(text.as_str()))
}

/// A copy of the mapping with every `$name` replaced; `$$` at the beginning of a text is a `$`.
fn fill(mapping: &Value, find: &impl Fn(&str) -> Option<Value>) -> Value {
    match mapping {
        Value::String(text) => match text.strip_prefix("$$") {
            Some(rest) => Value::from(format!("${rest}")),
            None => find(text).unwrap_or_else(|| mapping.clone()),
        },
        Value::Array(values) => values.iter().map(|value| fill(value, find)).collect(),
        Value::Object(object) => {
            let filled: Map<String, Value> =
                object.iter().map(|(name, value)| (name.clone(), fill(value, find))).collect();
            Value::Object(filled)
        }
        other => other.clone(),
    }
}

fn headers(call: &HttpCall) -> Result<HeaderMap, CallError> {
    let header = |(name, value): (&String, &String)| {
        let bad = || CallError::Unfit(format!("http.headers: {name:?} or its value cannot be in a header"));
        let value = HeaderValue::from_str(value).map_err(|_| bad())?;
        Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value))
    };
    call.headers.iter().map(header).collect()
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::Enricher;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Call, CallError, call};
    use crate::model_server::protocol::tests::any_json;

    fn enricher(http: &Value) -> Enricher {
        let mut whole = json!({"url": "http://ner:8080/v1/entities"});
        whole.as_object_mut().unwrap().extend(http.as_object().unwrap().clone());
        serde_json::from_value(json!({"name": "ner", "http": whole,
            "inputs": [{"name": "text", "template": "{body}"}, {"name": "lang", "template": "{language}"}],
            "outputs": [{"field": "people", "type": "Keyword"}]}))
        .unwrap()
    }

    fn sent(http: &Value, documents: &[[&str; 2]]) -> Result<Call, CallError> {
        let enricher = enricher(http);
        let texts: Vec<Vec<String>> =
            documents.iter().map(|texts| texts.map(str::to_owned).to_vec()).collect();
        let texts: Vec<&[String]> = texts.iter().map(Vec::as_slice).collect();
        call(enricher.http.as_ref().unwrap(), &enricher.inputs, &texts)
    }

    fn body(http: &Value, documents: &[[&str; 2]]) -> Value {
        serde_json::from_slice(&sent(http, documents).unwrap().body).unwrap()
    }

    #[test]
    fn inputs_take_their_places_in_a_request_for_one_document() {
        let request = json!({"request": {"q": {"text": "$text"}, "langs": ["$lang", "en"], "top": 3,
            "price": "$$text", "about": "costs $text"}});
        assert_eq!(
            body(&request, &[["$lang is no name here", "de"]]),
            json!({"q": {"text": "$lang is no name here"}, "langs": ["de", "en"], "top": 3, "price": "$text",
                "about": "costs $text"})
        );
        let request = json!({"request": {"text": "$text"}});
        assert!(matches!(sent(&request, &[["a", ""], ["b", ""]]), Err(CallError::Unfit(_))));
    }

    #[test]
    fn documents_take_their_places_in_a_request_for_several() {
        let documents = [["a", "de"], ["b", "en"]];
        let request = json!({"request": {"documents": "$items", "model": "m"}});
        assert_eq!(
            body(&request, &documents),
            json!({"documents": [{"text": "a", "lang": "de"}, {"text": "b", "lang": "en"}], "model": "m"})
        );
        let request = json!({"request": "$items", "item": "$text"});
        assert_eq!(body(&request, &documents), json!(["a", "b"]));
        let request = json!({"request": {"in": ["$items"]}, "item": {"t": ["$text"], "$text": "$$x"}});
        assert_eq!(body(&request, &documents[..1]), json!({"in": [[{"t": ["a"], "$text": "$x"}]]}));
    }

    #[test]
    fn headers_are_sent_and_bad_ones_are_told() {
        let with = |name: &str, value: &str| {
            sent(&json!({"request": "$text", "headers": {name: value}}), &[["a", ""]])
        };
        assert_eq!(with("X-Tenant", "news").unwrap().headers["x-tenant"], "news");
        assert!(with("X-Tenant", "a\nb").unwrap_err().to_string().contains("\"X-Tenant\""));
        assert!(with("X Tenant", "a").unwrap_err().to_string().contains("\"X Tenant\""));
    }

    proptest! {
        #[test]
        fn any_mapping_without_names_is_sent_as_it_is(mapping in any_json(), text in ".*") {
            let expected: Value = serde_json::from_str(&mapping.to_string()).unwrap();
            prop_assert_eq!(body(&json!({"request": mapping}), &[[text.as_str(), ""]]), expected);
        }

        #[test]
        fn any_text_reaches_the_server_unchanged(text in any::<String>(), other in any::<String>()) {
            let sent = body(&json!({"request": {"all": "$items"}}), &[[text.as_str(), other.as_str()]]);
            prop_assert_eq!(sent, json!({"all": [{"text": text, "lang": other}]}));
        }
    }
}
