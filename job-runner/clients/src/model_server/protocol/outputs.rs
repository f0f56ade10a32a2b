//! Checks the values that a model returns against the fields of its enricher. Nothing is guessed, rounded or
//! truncated. No I/O.

use docmill_crds::api::enricher::{OutputField, OutputType};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Maximum characters of a value that are shown.
const SHOWN_CHARS: usize = 60;

/// The fields of a document, built from the values that `find` returns for each output; or the first fault.
pub fn fields<'v>(
    outputs: &[OutputField],
    find: impl Fn(&OutputField) -> Option<&'v Value>,
) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    for output in outputs {
        if let Some(value) = field(output, find(output))? {
            fields.insert(output.field.clone(), value);
        }
    }
    Ok(fields)
}

/// The value of one field; `None` if the model may omit it, and does.
pub fn field(output: &OutputField, found: Option<&Value>) -> Result<Option<Value>, String> {
    let field_fault = |problem: String| format!("the field {:?}: {problem}", output.field);
    match found {
        None | Some(Value::Null) if output.optional => Ok(None),
        None => Err(field_fault("the model gives nothing for it".to_owned())),
        Some(Value::Array(values)) if output.repeated => {
            let values: Result<Vec<Value>, String> =
                values.iter().map(|value| single(output, value)).collect();
            values.map(|values| Some(Value::Array(values))).map_err(field_fault)
        }
        Some(value) if output.repeated => Err(field_fault(expected("a list", value))),
        Some(value) => single(output, value).map(Some).map_err(field_fault),
    }
}

fn single(output: &OutputField, value: &Value) -> Result<Value, String> {
    let wanted = match output.type_ {
        OutputType::String | OutputType::Keyword => return text(output, value),
        OutputType::Vector => return vector(output, value),
        OutputType::Integer => integer(value).ok_or("an integer of at most 64 bits"),
        // JSON has no NaN and no infinity; servers write null or a text instead.
        OutputType::Number => Some(value.clone()).filter(Value::is_number).ok_or("a number"),
        OutputType::Boolean => Some(value.clone()).filter(Value::is_boolean).ok_or("true or false"),
        OutputType::DateTime => date_time(value).ok_or("a time as RFC 3339 writes it"),
        OutputType::Object => Some(value.clone()).filter(Value::is_object).ok_or("an object"),
    };
    wanted.map_err(|wanted| expected(wanted, value))
}

fn text(output: &OutputField, value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) if output.values.is_empty() || output.values.contains(text) => Ok(value.clone()),
        Value::String(_) => Err(expected(&format!("one of {}", output.values.join(", ")), value)),
        _ => Err(expected("a text", value)),
    }
}

/// A number without a fraction is an integer, however it is written: some servers have only one kind of
/// number.
fn integer(value: &Value) -> Option<Value> {
    if value.is_i64() || value.is_u64() {
        return Some(value.clone());
    }
    let number =
        value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0)?;
    #[allow(clippy::cast_possible_truncation, reason = "without fraction, and below 2^53")]
    Some(Value::from(number as i64))
}

/// In UTC, so that texts sort by time.
fn date_time(value: &Value) -> Option<Value> {
    let time: Timestamp = value.as_str()?.parse().ok()?;
    Some(Value::String(time.to_string()))
}

fn vector(output: &OutputField, value: &Value) -> Result<Value, String> {
    let numbers =
        value.as_array().filter(|numbers| !numbers.is_empty() && numbers.iter().all(Value::is_number));
    let numbers = numbers.ok_or_else(|| expected("a list of numbers", value))?;
    match output.dimensions.and_then(|dimensions| usize::try_from(dimensions).ok()) {
        Some(dimensions) if dimensions != numbers.len() => {
            Err(format!("expected {dimensions} numbers, found {}", numbers.len()))
        }
        _ => Ok(value.clone()),
    }
}

fn expected(wanted: &str, found: &Value) -> String {
    format!("expected {wanted}, found {}", shown(&found.to_string()))
}

/// The beginning of a text that a model returned, for people.
pub fn shown(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown}{cut}")
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::OutputField;
    use serde_json::{Value, json};

    use super::field;

    fn read(output: &Value, found: Option<&Value>) -> Result<Option<Value>, String> {
        let mut whole = json!({"field": "f"});
        whole.as_object_mut().unwrap().extend(output.as_object().unwrap().clone());
        let output: OutputField = serde_json::from_value(whole).unwrap();
        field(&output, found)
    }

    #[test]
    fn values_of_their_type_are_taken() {
        for (kind, value) in [
            ("String", json!("a")),
            ("Keyword", json!("")),
            ("Integer", json!(-3)),
            ("Integer", json!(u64::MAX)),
            ("Number", json!(0.5)),
            ("Boolean", json!(false)),
            ("Vector", json!([1, 2.5])),
            ("Object", json!({"a": null})),
        ] {
            assert_eq!(read(&json!({"type": kind}), Some(&value)), Ok(Some(value.clone())), "{kind}");
        }
        let time = read(&json!({"type": "DateTime"}), Some(&json!("2026-01-02T01:00:00+01:00")));
        assert_eq!(time, Ok(Some(json!("2026-01-02T00:00:00Z"))));
        assert_eq!(read(&json!({"type": "Integer"}), Some(&json!(4.0))), Ok(Some(json!(4))));
    }

    #[test]
    fn values_of_another_type_are_told() {
        for (kind, value) in [
            ("String", json!(1)),
            ("Integer", json!(1.5)),
            ("Integer", json!(1e300)),
            ("Integer", json!("1")),
            ("Number", json!("NaN")),
            ("Number", json!(null)),
            ("Boolean", json!("true")),
            ("DateTime", json!("yesterday")),
            ("Vector", json!([])),
            ("Vector", json!([1, null])),
            ("Vector", json!(1)),
            ("Object", json!([])),
        ] {
            let fault = read(&json!({"type": kind}), Some(&value)).unwrap_err();
            assert!(fault.starts_with("the field \"f\": expected"), "{fault}");
        }
    }

    #[test]
    fn what_is_optional_may_be_missing_and_nothing_else() {
        let optional = json!({"type": "String", "optional": true});
        assert_eq!((read(&optional, None), read(&optional, Some(&Value::Null))), (Ok(None), Ok(None)));
        assert!(read(&json!({"type": "String"}), None).unwrap_err().contains("gives nothing"));
    }

    #[test]
    fn lists_and_allowed_values_and_dimensions_are_checked() {
        let list = json!({"type": "Keyword", "repeated": true, "values": ["a", "b"]});
        assert_eq!(read(&list, Some(&json!(["a", "b", "a"]))), Ok(Some(json!(["a", "b", "a"]))));
        assert!(read(&list, Some(&json!(["c"]))).unwrap_err().contains("one of a, b"));
        assert!(read(&list, Some(&json!("a"))).unwrap_err().contains("expected a list"));
        let vector = json!({"type": "Vector", "dimensions": 3});
        assert!(read(&vector, Some(&json!([1, 2]))).unwrap_err().contains("expected 3 numbers, found 2"));
        let long = read(&json!({"type": "Number"}), Some(&json!("ü".repeat(100)))).unwrap_err();
        assert!(long.ends_with('…') && long.chars().count() < 120, "{long}");
    }
}
