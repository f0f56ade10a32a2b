//! A tensor of an answer, cut into rows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docmill_crds::enrichment_run::OutputType;
use serde_json::Value;

use super::AnswerError;

/// The rows of a tensor, as many as there are documents, each a value of the wanted type. `data` is row-major, flat
/// or nested as the shape says.
pub(super) fn rows(tensor: &Value, wanted: OutputType, documents: usize) -> Result<Vec<Value>, AnswerError> {
    let name = tensor.get("name").and_then(Value::as_str).unwrap_or_default();
    let broken = |text: String| AnswerError::Broken(format!("tensor {name:?}: {text}"));
    let unfit = |text: String| AnswerError::Unfit(format!("tensor {name:?}: {text}"));

    let datatype = tensor.get("datatype").and_then(Value::as_str).unwrap_or_default();
    if !fits(datatype, wanted) {
        return Err(unfit(format!("its datatype is {datatype:?}, and the field is a {wanted:?}")));
    }
    let (count, width) = shape(tensor).ok_or_else(|| broken("its shape cannot be read".to_owned()))?;
    if count != documents {
        return Err(broken(format!("it has {count} rows for {documents} documents")));
    }
    if width == 0 || (width != 1 && wanted != OutputType::Vector) {
        return Err(unfit(format!("it has {width} values a document, and the field is a {wanted:?}")));
    }
    let mut values = Vec::new();
    flatten(tensor.get("data").unwrap_or(&Value::Null), &mut values);
    if Some(values.len()) != count.checked_mul(width) {
        return Err(broken(format!("it has {} values for {count} rows of {width}", values.len())));
    }
    let is_base64 = tensor.pointer("/parameters/content_type").and_then(Value::as_str) == Some("base64");
    let row = |row: &[&Value]| row_value(row, wanted, is_base64);
    let rows: Option<Vec<Value>> = values.chunks(width).map(row).collect();
    rows.ok_or_else(|| broken(format!("it has values that are no {datatype}")))
}

fn fits(datatype: &str, wanted: OutputType) -> bool {
    match wanted {
        OutputType::String => datatype == "BYTES",
        OutputType::Number | OutputType::Vector => {
            ["FP", "INT", "UINT", "BF"].iter().any(|prefix| datatype.starts_with(prefix))
        }
    }
}

/// Rows, and values a row: the first dimension and the product of the others.
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

fn row_value(row: &[&Value], wanted: OutputType, is_base64: bool) -> Option<Value> {
    match wanted {
        OutputType::String => text(row.first()?, is_base64).map(Value::String),
        OutputType::Number => number(row.first()?),
        OutputType::Vector => row.iter().map(|value| number(value)).collect(),
    }
}

/// JSON has no NaN and no infinity; servers write `null` or a text instead.
fn number(value: &Value) -> Option<Value> {
    value.as_f64().filter(|number| number.is_finite()).map(|_| value.clone())
}

fn text(value: &Value, is_base64: bool) -> Option<String> {
    let text = value.as_str()?;
    if is_base64 { String::from_utf8(STANDARD.decode(text).ok()?).ok() } else { Some(text.to_owned()) }
}
