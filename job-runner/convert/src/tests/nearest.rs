//! What a path from the root finds outside of documents is that of the nearest element.

use serde_json::{Value, json};

use super::{Converter, converter, verdicts};

fn found(converter: &Converter, xml: &str) -> Vec<Value> {
    verdicts(converter, xml.as_bytes()).iter().map(|verdict| super::json(verdict.as_ref().unwrap())).collect()
}

/// The values of a field `x` with this path, in each of the documents `//d`.
fn of_each(path: &str, repeated: bool, xml: &str) -> Vec<Value> {
    let model = json!({"record": "//d", "fields": [{"name": "x", "path": [path], "repeated": repeated}]});
    let documents = found(&converter(model), xml).into_iter();
    documents.map(|document| document.get("x").cloned().unwrap_or_default()).collect()
}

#[test]
fn each_container_has_its_own() {
    let batch = "<b><j i='1'><t>A</t><d/><d/></j><j><t>B</t><d/></j><j i='3'><d/></j></b>";
    assert_eq!(of_each("/b/j/t", false, batch), [json!("A"), json!("A"), json!("B"), Value::Null]);
    assert_eq!(of_each("/b/j/t", true, batch), [json!(["A"]), json!(["A"]), json!(["B"]), Value::Null]);
    assert_eq!(of_each("/b/j/@i", false, batch), [json!("1"), json!("1"), Value::Null, json!("3")]);
    assert_eq!(of_each("/b//t", false, "<b><t>A</t><d/><j><t>B</t></j><d/></b>"), [json!("A"), json!("A")]);
}

#[test]
fn what_is_deeper_goes_with_its_container() {
    let batch = "<b><j><m><t>A</t></m><d/></j><j><d/><m><t>B</t></m><d/></j></b>";
    assert_eq!(of_each("/b/j/m/t", false, batch), [json!("A"), Value::Null, json!("B")]);
}

#[test]
fn what_has_ended_before_a_record_is_near_until_the_next_one() {
    let feed = "<f><c><t>A</t></c><d/><s><d/></s><c><t>B</t><t>C</t></c><d/><c/><d/></f>";
    assert_eq!(of_each("/f/c/t", false, feed), [json!("A"), json!("A"), json!("B"), Value::Null]);
    assert_eq!(of_each("/f/c/t", true, feed)[2], json!(["B", "C"]));
}

#[test]
fn a_container_in_a_container_hides_the_values_around_it() {
    let folders = "<k><f><n>A</n><d/><f><n>B</n><d/><f><d/></f><d/></f><d/></f><d/></k>";
    let expected = [json!("A"), json!("B"), Value::Null, json!("B"), json!("A"), json!("A")];
    assert_eq!(of_each("/k//f/n", false, folders), expected);
}

#[test]
fn a_path_that_lost_for_one_container_may_win_for_the_next() {
    let model = json!({"record": "//d", "fields": [{"name": "x", "path": ["/b/j/t", "/b/n"]}]});
    let xml = "<b><j><t>A</t><d/></j><n>N</n><j><d/></j></b>";
    assert_eq!(found(&converter(model), xml), [json!({"x": "A"}), json!({"x": "N"})]);
}

#[test]
fn objects_are_taken_anew_too() {
    let model = json!({"record": "//d", "fields": [
        {"name": "o", "path": ["/b/j/m"], "type": "object", "fields": [{"name": "n", "path": ["n"], "repeated": true}]},
        {"name": "id", "path": ["/b/id"]},
    ]});
    let journal = |n: u32| format!("<j><m><n>{n}</n><n>{n}{n}</n></m><d/></j>");
    let xml = format!("<b><id>1</id>{}</b>", (0..500).map(journal).collect::<String>());
    let documents = found(&converter(model), &xml);
    assert_eq!(documents.len(), 500);
    for (n, document) in documents.into_iter().enumerate() {
        assert_eq!(document, json!({"o": {"n": [n.to_string(), format!("{n}{n}")]}, "id": "1"}));
    }
}

/// What is gone takes no memory of the values that are there.
#[test]
fn a_batch_may_be_longer_than_the_values_of_one_document() {
    let model = json!({
        "record": "//d", "fields": [{"name": "x", "path": ["/b//j/t"]}], "limits": {"maxValueBytes": 65_536},
    });
    let journal = |n: u32| format!("<j><t>{n} {}</t><d/></j>", "x".repeat(20_000));
    let journals: String = (0..20).map(journal).collect();
    for xml in [format!("<b>{journals}</b>"), format!("<b><j><t>A</t>{journals}</j></b>")] {
        let documents = found(&converter(model.clone()), &xml);
        assert_eq!(documents.len(), 20);
        assert!(documents.iter().enumerate().all(|(n, document)| {
            document["x"].as_str().is_some_and(|x| x.starts_with(&format!("{n} ")))
        }));
    }
}
