//! Splits a tensor of a response into rows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docmill_crds::api::enricher::{OutputField, OutputType};
use serde_json::Value;

use crate::model_server::protocol::messages::AnswerError;

/// The rows of a tensor, as many as there are documents, each as JSON: one value, or a list for a list field.
/// `data` is row-major, flat or nested as the shape says. Whether the values have the field's type is checked
/// later, row by row.
pub(super) fn rows(
    tensor: &Value,
    output: &OutputField,
    documents: usize,
) -> Result<Vec<Value>, AnswerError> {
    let name = tensor.get("name").and_then(Value::as_str).unwrap_or_default();
    let broken = |text: String| AnswerError::Broken(format!("tensor {name:?}: {text}"));
    let unfit = |text: String| AnswerError::Unfit(format!("tensor {name:?}: {text}"));

    let datatype = tensor.get("datatype").and_then(Value::as_str).unwrap_or_default();
    if !fits(datatype, output.type_) {
        return Err(unfit(format!("its datatype is {datatype:?}, and the field is a {:?}", output.type_)));
    }
    let (count, width) = shape(tensor).ok_or_else(|| broken("its shape cannot be read".to_owned()))?;
    if count != documents {
        return Err(broken(format!("it has {count} rows for {documents} documents")));
    }
    let is_list = output.repeated || output.type_ == OutputType::Vector;
    if width == 0 || (width != 1 && !is_list) {
        return Err(unfit(format!(
            "it has {width} values a document, and the field is a {:?}",
            output.type_
        )));
    }
    let mut values = Vec::new();
    flatten(tensor.get("data").unwrap_or(&Value::Null), &mut values);
    if Some(values.len()) != count.checked_mul(width) {
        return Err(broken(format!("it has {} values for {count} rows of {width}", values.len())));
    }
    let is_base64 = tensor.pointer("/parameters/content_type").and_then(Value::as_str) == Some("base64");
    let one = |value: &&Value| value_of(value, output.type_, is_base64);
    Ok(values
        .chunks(width)
        .map(|row| if is_list { row.iter().map(one).collect() } else { row.first().map_or(Value::Null, one) })
        .collect())
}

/// Whether a datatype of the protocol can hold values of a type. Texts hold times and JSON too.
fn fits(datatype: &str, wanted: OutputType) -> bool {
    let is_number = || ["FP", "INT", "UINT", "BF"].iter().any(|prefix| datatype.starts_with(prefix));
    match wanted {
        OutputType::String | OutputType::Keyword | OutputType::DateTime | OutputType::Object => {
            datatype == "BYTES"
        }
        OutputType::Boolean => datatype == "BOOL",
        OutputType::Integer | OutputType::Number | OutputType::Vector => is_number(),
    }
}

/// The number of rows, and of values per row: the first dimension and the product of the others.
fn shape(tensor: &Value) -> Option<(usize, usize)> {
    let dimensions: Option<Vec<usize>> = tensor
        .get("shape")?
        .as_array()?
        .iter()
        .map(|dimension| usize::try_from(dimension.as_u64()?).ok())
        .collect();
    let (count, others) =
        dimensions.as_deref()?.split_first().map(|(count, others)| (*count, others.to_vec()))?;
    let width = others.into_iter().try_fold(1_usize, usize::checked_mul)?;
    Some((count, width))
}

fn flatten<'a>(data: &'a Value, values: &mut Vec<&'a Value>) {
    match data {
        Value::Array(inner) => inner.iter().for_each(|value| flatten(value, values)),
        value => values.push(value),
    }
}

/// A value as JSON; what cannot be decoded stays unchanged, and then matches no type.
fn value_of(value: &Value, wanted: OutputType, is_base64: bool) -> Value {
    let decoded = || String::from_utf8(STANDARD.decode(value.as_str()?).ok()?).ok();
    let text = match (value, is_base64) {
        (Value::String(_), true) => decoded().map_or(Value::Null, Value::String),
        _ => value.clone(),
    };
    match (wanted, text.as_str()) {
        (OutputType::Object, Some(json)) => serde_json::from_str(json).unwrap_or(text),
        _ => text,
    }
}
