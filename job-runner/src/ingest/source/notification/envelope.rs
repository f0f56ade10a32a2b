//! The envelopes of records. Each envelope is recognized by its own fields; unknown fields are skipped.

use serde_json::Value;

/// The content of an envelope.
#[derive(Debug)]
pub(crate) enum Inner<'a> {
    /// JSON in a text.
    Text(&'a str),
    /// JSON.
    Value(&'a Value),
}

/// A part of a message, examined for envelopes.
#[derive(Debug)]
pub(crate) enum Unwrapped<'a> {
    /// A list, with the name of its field if it is in one.
    List(Option<&'static str>, &'a [Value]),
    /// An envelope: the name of the field, and its content.
    Envelope(&'static str, Inner<'a>),
    /// An SNS topic asks to confirm its subscription.
    Confirmation,
    /// Nothing; this is a record, or should be one.
    Record,
}

/// Determines what a part of a message is wrapped in: lists (`Records` of S3, of SNS and SQS as Lambda
/// functions receive them, or bare), SNS envelopes, SQS messages in a `body`, EventBridge events about
/// something with its own envelope.
pub(crate) fn open(value: &Value) -> Unwrapped<'_> {
    if let Value::Array(items) = value {
        return Unwrapped::List(None, items);
    }
    if let Value::String(text) = value {
        return Unwrapped::Envelope("*", Inner::Text(text));
    }
    if let Some(Value::Array(records)) = value.get("Records") {
        return Unwrapped::List(Some("Records"), records);
    }
    let kind = value.get("Type").and_then(Value::as_str).unwrap_or_default();
    if matches!(kind, "SubscriptionConfirmation" | "UnsubscribeConfirmation") {
        return Unwrapped::Confirmation;
    }
    let is_record = value.get("s3").is_some();
    let by_sns = kind == "Notification" || value.get("TopicArn").is_some();
    let fields = [
        ("Message", by_sns),
        ("Sns", true),
        ("body", !is_record && value.get("detail").is_none()),
        ("detail", value.get("detail").is_some_and(is_envelope)),
    ];
    let opened = fields.into_iter().filter(|(_, opens)| *opens).find_map(|(field, _)| {
        let inner = match value.get(field)? {
            Value::String(text) => Inner::Text(text),
            inner @ (Value::Object(_) | Value::Array(_)) => Inner::Value(inner),
            _ => return None,
        };
        Some(Unwrapped::Envelope(field, inner))
    });
    opened.unwrap_or(Unwrapped::Record)
}

/// Whether the detail of an EventBridge event is not S3's own, but what an input transformer or a pipe put
/// there.
fn is_envelope(detail: &Value) -> bool {
    let inside = ["Records", "Message", "Sns", "s3", "detail"];
    !detail.is_object() || inside.iter().any(|field| detail.get(field).is_some())
}
