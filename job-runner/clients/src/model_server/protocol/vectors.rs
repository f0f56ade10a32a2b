//! The responses of servers that return one vector per document and nothing else.

use docmill_crds::api::enricher::OutputField;
use serde_json::Value;

use super::messages::{Answer, AnswerError, Reply};
use super::outputs;

/// One reply per document, each with its own vector.
///
/// If all vectors have the same length and it is not the field's, the model is at fault, and no document
/// would fare better. A single odd one is its document's fault.
pub fn replies(
    fields: &[OutputField],
    vectors: &[&Value],
    version: Option<&str>,
) -> Result<Vec<Reply>, AnswerError> {
    check_length(fields, vectors)?;
    let reply = |vector: &&Value| {
        let fields = outputs::fields(fields, |_| Some(*vector))?;
        Ok(Answer { fields, version: version.map(str::to_owned) })
    };
    Ok(vectors.iter().map(reply).collect())
}

fn check_length(fields: &[OutputField], vectors: &[&Value]) -> Result<(), AnswerError> {
    let mut lengths = vectors.iter().map(|vector| vector.as_array().map(Vec::len));
    let Some(Some(first)) = lengths.next() else { return Ok(()) };
    if !lengths.all(|length| length == Some(first)) {
        return Ok(());
    }
    let wanted = |field: &OutputField| usize::try_from(field.dimensions?).ok();
    match fields.iter().find(|field| wanted(field).is_some_and(|wanted| wanted != first)) {
        None => Ok(()),
        Some(field) => Err(AnswerError::Unfit(format!(
            "its vectors have {first} numbers, and the field {:?} has dimensions: {}",
            field.field,
            field.dimensions.unwrap_or_default()
        ))),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use docmill_crds::api::enricher::OutputField;
    use serde_json::{Value, json};

    use super::super::{AnswerError, Reply};
    use super::replies;

    /// A field for vectors, of this length if one is given.
    pub(crate) fn field(dimensions: Option<i32>) -> Vec<OutputField> {
        let mut field = json!({"field": "embedding", "type": "Vector"});
        if let Some(dimensions) = dimensions {
            field["dimensions"] = json!(dimensions);
        }
        vec![serde_json::from_value(field).expect("a field")]
    }

    /// The vectors of replies that all succeeded.
    pub(crate) fn vectors(replies: &[Reply]) -> Vec<Value> {
        replies.iter().map(|reply| reply.as_ref().expect("an answer").fields["embedding"].clone()).collect()
    }

    #[test]
    fn a_model_of_another_length_is_told_at_once() {
        let (a, b) = (json!([1, 2, 3]), json!([4, 5, 6]));
        let Err(AnswerError::Unfit(fault)) = replies(&field(Some(2)), &[&a, &b], None) else {
            panic!("taken")
        };
        assert_eq!(fault, "its vectors have 3 numbers, and the field \"embedding\" has dimensions: 2");
        assert_eq!(vectors(&replies(&field(Some(3)), &[&a, &b], None).unwrap()), [a.clone(), b.clone()]);
        assert_eq!(vectors(&replies(&field(None), &[&a], None).unwrap()), [a]);
    }

    #[test]
    fn one_odd_vector_is_the_fault_of_its_own_document() {
        let (a, odd) = (json!([1, 2]), json!([1]));
        for odd in [odd, json!(null), json!("AAAA"), json!([1, null]), json!([])] {
            let found = replies(&field(Some(2)), &[&odd, &a], Some("v1")).unwrap();
            assert!(found[0].is_err(), "{odd}");
            assert_eq!(found[1].as_ref().unwrap().version.as_deref(), Some("v1"));
        }
    }
}
