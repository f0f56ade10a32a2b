//! The differences between two JSON documents, field by field. Pure.
//!
//! Objects are compared by their keys, whatever their order. Lists of objects that have the same length are
//! compared entry by entry; any other list is one value, since an additional entry at its start would make
//! every other one look different.

use serde_json::{Map, Value};

/// One step from a value to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffStep {
    /// Into the value of this key.
    Key(String),
    /// Into this entry of a list, from 0.
    Entry(usize),
}

/// A part of a document that has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Where it is.
    pub steps: Vec<DiffStep>,
    /// The old value; `None` if it is new.
    pub before: Option<Value>,
    /// The new value; `None` if it is gone.
    pub after: Option<Value>,
}

impl Edit {
    /// The path of the field, the same for all entries of a list: `subjects[].code`.
    pub fn field(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                DiffStep::Key(key) if path.is_empty() => path.push_str(key),
                DiffStep::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                DiffStep::Entry(_) => path.push_str("[]"),
            }
        }
        path
    }
}

/// The edits that turn the first document into the second.
pub fn diff(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Edit> {
    let mut edits = Vec::new();
    of_objects(before, after, &mut Vec::new(), &mut edits);
    edits
}

fn of_objects(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    steps: &mut Vec<DiffStep>,
    edits: &mut Vec<Edit>,
) {
    for (key, old) in before {
        steps.push(DiffStep::Key(key.clone()));
        match after.get(key) {
            Some(new) => of_values(old, new, steps, edits),
            None => edits.push(Edit { steps: steps.clone(), before: Some(old.clone()), after: None }),
        }
        steps.pop();
    }
    for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        steps.push(DiffStep::Key(key.clone()));
        edits.push(Edit { steps: steps.clone(), before: None, after: Some(new.clone()) });
        steps.pop();
    }
}

fn of_values(before: &Value, after: &Value, steps: &mut Vec<DiffStep>, edits: &mut Vec<Edit>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => of_objects(before, after, steps, edits),
        (Value::Array(before), Value::Array(after)) if comparable(before, after) => {
            for (index, (old, new)) in before.iter().zip(after).enumerate() {
                steps.push(DiffStep::Entry(index));
                of_values(old, new, steps, edits);
                steps.pop();
            }
        }
        _ if before == after => {}
        _ => edits.push(Edit {
            steps: steps.clone(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

fn comparable(before: &[Value], after: &[Value]) -> bool {
    before.len() == after.len() && before.iter().chain(after).all(Value::is_object)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{DiffStep, Edit, diff};

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("an object") };
        object
    }

    fn fields(before: Value, after: Value) -> Vec<String> {
        diff(&object(before), &object(after)).iter().map(Edit::field).collect()
    }

    /// Does to a document what an edit says.
    fn apply(document: &mut Value, edit: &Edit) {
        let (last, path) = edit.steps.split_last().expect("an edit is of a part");
        let mut at = document;
        for step in path {
            at = match step {
                DiffStep::Key(key) => &mut at[key.as_str()],
                DiffStep::Entry(index) => &mut at[*index],
            };
        }
        match (last, &edit.after) {
            (DiffStep::Key(key), Some(after)) => at[key.as_str()] = after.clone(),
            (DiffStep::Key(key), None) => drop(at.as_object_mut().expect("an object").remove(key)),
            (DiffStep::Entry(index), after) => at[*index] = after.clone().expect("entries are replaced"),
        }
    }

    #[test]
    fn nested_fields_and_entries_of_lists_have_one_path() {
        let before = json!({"title": "a", "subjects": [{"code": 1}, {"code": 2}], "old": true});
        let after = json!({"title": "b", "subjects": [{"code": 1}, {"code": 3, "n": 0}], "new": {"x": 1}});
        assert_eq!(fields(before, after), ["title", "subjects[].code", "subjects[].n", "old", "new"]);
    }

    #[test]
    fn a_list_with_an_entry_more_is_one_change() {
        assert_eq!(fields(json!({"tags": ["a", "b"]}), json!({"tags": ["x", "a", "b"]})), ["tags"]);
    }

    #[test]
    fn the_order_of_keys_is_no_difference() {
        assert!(
            fields(json!({"a": 1, "b": {"c": 2, "d": 3}}), json!({"b": {"d": 3, "c": 2}, "a": 1})).is_empty()
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..4_i64).prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn any_document() -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map("[abcd]", any_value(), 0..5)
            .prop_map(|entries| entries.into_iter().collect())
    }

    proptest! {
        #[test]
        fn equal_documents_do_not_differ(document in any_document()) {
            prop_assert!(diff(&document, &document).is_empty());
        }

        #[test]
        fn the_edits_make_one_document_of_the_other(before in any_document(), after in any_document()) {
            let edits = diff(&before, &after);
            let mut made = Value::Object(before.clone());
            for edit in &edits {
                apply(&mut made, edit);
            }
            prop_assert_eq!(&made, &Value::Object(after.clone()));
            prop_assert_eq!(edits.is_empty(), before == after);
        }
    }
}
