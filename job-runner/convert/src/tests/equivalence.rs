//! One pass finds what a look at the whole tree finds: random models and random objects, converted by the engine and by
//! [`naive`](super::naive).

mod models;
mod trees;

use std::collections::BTreeMap;

use docmill_crds::reason::Reason;
use models::model;
use proptest::prelude::*;
use serde_json::{Value, json};
use trees::{TREE_NAMES, tree};

use super::naive::{self, Field, Kind};
use super::{converter, verdicts};

/// The same document with its markup in the form in which it is compared.
fn comparable(fields: &[Field], document: &Value) -> Value {
    let each = |value: &Value, change: &dyn Fn(&Value) -> Value| match value {
        Value::Array(values) => values.iter().map(change).collect(),
        value => change(value),
    };
    let mut document = document.clone();
    for field in fields {
        let Some(value) = document.get_mut(&field.name) else { continue };
        *value = match &field.kind {
            Kind::String | Kind::Text => continue,
            Kind::Markup => each(value, &|markup| canonical(markup.as_str().unwrap()).into()),
            Kind::Object(fields) => each(value, &|object| comparable(fields, object)),
        };
    }
    document
}

/// Markup is well-formed by itself.
fn canonical(markup: &str) -> String {
    let wrapped = format!("<wrapped>{markup}</wrapped>");
    let tree = roxmltree::Document::parse(&wrapped).unwrap_or_else(|error| panic!("{markup}: {error}"));
    naive::canonical(tree.root_element(), &|_| false)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_pass_finds_what_a_naive_walk_over_the_tree_finds((record, fields) in model(), xml in tree()) {
        let tree = roxmltree::Document::parse(&xml).unwrap();
        let expected = naive::documents(&tree, &record, &fields);
        let mut model = json!({
            "record": record.to_string(),
            "namespaces": BTreeMap::from(TREE_NAMES),
            "fields": fields.iter().map(Field::to_json).collect::<Vec<_>>(),
        });
        model.as_object_mut().unwrap().extend(naive::text_elements().as_object().unwrap().clone());
        let verdicts = verdicts(&converter(model.clone()), xml.as_bytes());
        if expected.is_empty() {
            prop_assert_eq!(verdicts.len(), 1);
            prop_assert_eq!(verdicts[0].as_ref().unwrap_err().reason, Reason::NoRecord);
            return Ok(());
        }
        let found: Vec<_> =
            verdicts.into_iter().map(|verdict| comparable(&fields, &super::json(&verdict.unwrap()))).collect();
        prop_assert_eq!(found, expected, "{} by {}", xml, model);
    }
}
