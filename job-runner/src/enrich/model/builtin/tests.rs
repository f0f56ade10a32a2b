use std::time::{Duration, Instant};

use docmill_crds::api::enricher::{Builtin, OutputField};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::beginning::beginning;
use super::{answer, results};

const ALL: [Builtin; 4] = [Builtin::Language, Builtin::Keywords, Builtin::Simhash, Builtin::ReadingLength];

fn outputs(outputs: Value) -> Vec<OutputField> {
    serde_json::from_value(outputs).unwrap()
}

#[test]
fn results_become_fields_and_the_first_is_taken_where_none_is_named() {
    let fields = outputs(json!([
        {"field": "lang", "type": "Keyword", "optional": true},
        {"field": "sure", "type": "Number", "from": "confidence", "optional": true},
    ]));
    let found =
        answer(Builtin::Language, "The parliament voted on Tuesday to raise the tax.", &fields).unwrap();
    assert_eq!((&found.fields["lang"], &found.fields["sure"]), (&json!("en"), &json!(1.0)));
    assert_eq!(answer(Builtin::Language, "?", &fields).unwrap().fields.len(), 0);
    let required = outputs(json!([{"field": "lang", "type": "Keyword"}]));
    assert!(answer(Builtin::Language, "?", &required).unwrap_err().contains("gives nothing"));
}

#[test]
fn every_result_that_is_promised_is_given_and_is_of_its_type() {
    let text = "The parliament in Oslo voted on Tuesday to raise the tax on fuel. The tax is new.";
    for builtin in ALL {
        let fields: Vec<Value> = builtin
            .results()
            .iter()
            .map(|result| {
                json!({"field": result.name, "from": result.name, "type": result.types[0], "repeated": result.repeated})
            })
            .collect();
        let found = answer(builtin, text, &outputs(json!(fields))).unwrap();
        assert_eq!(found.fields.len(), builtin.results().len(), "{builtin:?}");
    }
}

#[test]
fn a_text_of_megabytes_takes_no_longer_than_is_bearable() {
    let mut random = fastrand::Rng::with_seed(7);
    let varied: Vec<String> = (0..700_000).map(|_| format!("w{}", random.u32(..))).collect();
    let varied = varied.join(" ");
    let long_word = "ä".repeat(4_000_000);
    for (builtin, text) in ALL.into_iter().flat_map(|builtin| [(builtin, &varied), (builtin, &long_word)]) {
        let started = Instant::now();
        results(builtin, text);
        assert!(started.elapsed() < Duration::from_secs(10), "{builtin:?}: {:?}", started.elapsed());
    }
}

#[test]
fn a_beginning_ends_between_characters() {
    assert_eq!((beginning("aäb", 2), beginning("aäb", 3), beginning("aä", 100)), ("a", "aä", "aä"));
}

proptest! {
    #[test]
    fn any_text_has_its_results_and_always_the_same(text in any::<String>(), latin in "[a-zäöß'’\\-. A-Z0-9]{0,300}") {
        for builtin in ALL {
            for text in [&text, &latin, &format!("{text} {latin}")] {
                prop_assert_eq!(results(builtin, text), results(builtin, text));
            }
        }
    }
}
