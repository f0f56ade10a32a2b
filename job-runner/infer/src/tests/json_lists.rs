use super::{fields, proposal, read, record, refusals, samples};

#[test]
fn a_list_with_one_item_is_a_list() {
    let objects = [
        r#"{"id": "urn:a:1", "titles": ["Rates rise"], "links": [{"href": "urn:x:1"}], "none": [],
            "by": [{"name": "Ada", "orgs": [{"name": "Press", "land": "NO"}]}]}"#,
        r#"{"id": "urn:a:2", "titles": ["Oil"], "by": [], "links": [], "none": {"k": "v"}}"#,
    ];
    assert_eq!(
        fields(&objects),
        [
            "id id string!",
            "titles titles string*",
            "href links.href uri*",
            "by by object* {name name string, orgs orgs object* {name name string, land land string}}",
            "k none.k string",
        ]
    );
}

#[test]
fn the_only_item_of_a_list_is_a_record() {
    let page = r#"{"status": "ok", "items": [{"id": "urn:a:1", "title": "Rates rise again"}]}"#;
    assert_eq!(record(&[page]), "$.items");
    assert_eq!(record(&[r#"[{"id": "urn:a:1", "by": [{"name": "Ada", "mail": "ada@example.org"}]}]"#]), "$");
}

#[test]
fn what_is_an_object_here_and_a_text_there_is_an_object_with_a_value() {
    let objects = [
        r#"{"id": "urn:a:1", "by": {"name": "Ada", "mail": "a@b"}, "in": [{"k": "x", "l": "y"}]}"#,
        r#"{"id": "urn:a:2", "by": "Bob", "in": ["z"]}"#,
    ];
    assert_eq!(
        fields(&objects),
        [
            "id id string!",
            "by by object {value . string, name name string, mail mail string}",
            "in in object* {value . string, k k string, l l string}",
        ]
    );
}

#[test]
fn an_object_that_names_a_member_twice_does_not_count() {
    let mut samples = samples(None, &[r#"{"id": "urn:a:1"}"#]);
    let twice = "{\"id\": \"urn:a:2\",\n\"a\": {\"b\": 1, \"b\": 2}}";
    let refusal = samples.add(twice.as_bytes()).unwrap().unwrap_err();
    let fault = &refusal.faults[0];
    assert_eq!((fault.line, fault.expected.as_str()), (2, "each member of an object once"));
    assert_eq!(samples.propose().unwrap().0.documents, 1);
    // The converter refuses it as well.
    let conversion = read(&proposal(&[r#"{"id": "urn:a:1", "c": {"b": 1}, "a": {"b": 1}}"#]));
    assert_eq!(refusals(&conversion, [twice.as_bytes()]).len(), 1);
}
