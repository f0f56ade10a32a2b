use serde_json::{Value, json};

use super::{converter, document, one, verdicts, x};

const XML: &str = "<r xmlns:p='urn:p' id='7' xml:lang='en'>
  <a>1</a>
  <b><a t='x'>2</a><a t='y' p:t='z'>3</a></b>
  <p:a>4</p:a>
  <b><c><a>5</a></c></b>
</r>";

#[test]
fn paths_lead_where_xpath_leads() {
    for (path, expected) in [
        ("@id", json!(["7"])),
        ("@xml:lang", json!(["en"])),
        ("a", json!(["1"])),
        ("/r/a", json!(["1"])),
        ("b/a", json!(["2", "3"])),
        ("//a", json!(["1", "2", "3", "5"])),
        (".//a", json!(["1", "2", "3", "5"])),
        ("b//a", json!(["2", "3", "5"])),
        ("//c//a", json!(["5"])),
        ("p:a", json!(["4"])),
        ("p:*", json!(["4"])),
        ("*:a", json!(["1", "4"])),
        ("*", json!(["1", "2 3", "4", "5"])),
        ("*/a", json!(["2", "3"])),
        ("*/*/a", json!(["5"])),
        ("b/a[@t='x']", json!(["2"])),
        ("b/a[@t!='x']", json!(["3"])),
        ("//a[@t]", json!(["2", "3"])),
        ("//a[not(@t)]", json!(["1", "5"])),
        ("//a[@t][@p:t='z']", json!(["3"])),
        ("//a[contains(@t,'y')]", json!(["3"])),
        ("//a/@t", json!(["x", "y"])),
        ("//a/@p:t", json!(["z"])),
        ("x", Value::Null),
        ("@p:id", Value::Null),
    ] {
        let model = json!({"record": "/r", "namespaces": {"p": "urn:p"}, "fields": [
            {"name": "x", "path": [path], "repeated": true},
        ]});
        let found = document(&converter(model), &XML.replace("</a><a", "</a> <a"));
        assert_eq!(found.get("x").unwrap_or(&Value::Null), &expected, "{path}");
    }
}

#[test]
fn namespaces_are_matched_by_uri_and_never_by_prefix() {
    let model = json!({"record": "q:r", "namespaces": {"q": "urn:p"}, "defaultNamespaces": ["", "urn:d"], "fields": [
        {"name": "x", "path": ["a"], "repeated": true}, {"name": "y", "path": ["q:a"]},
    ]});
    let xml =
        "<r xmlns='urn:p'><a xmlns=''>1</a><a xmlns='urn:d'>2</a><a>3</a><q:a xmlns:q='urn:z'>4</q:a></r>";
    assert_eq!(document(&converter(model), xml), json!({"x": ["1", "2"], "y": "3"}));
}

#[test]
fn the_first_path_with_a_value_wins_and_of_its_values_the_first() {
    let converter = one("string", &["a", "b/@c", "."]);
    for (xml, expected) in [
        ("<r>t<b c='2'/><a>1</a><a>3</a></r>", "1"),
        ("<r>t<b c='2'/><a> </a></r>", "2"),
        ("<r>t<b c=''/></r>", "t"),
        ("<r><a/><a>3</a></r>", "3"),
    ] {
        assert_eq!(document(&converter, xml), json!({"x": expected}), "{xml}");
    }
}

#[test]
fn whether_a_field_is_a_list_is_up_to_the_model() {
    let model = |repeated: bool| {
        json!({"record": "/r", "fields": [
            {"name": "x", "path": ["a", "b"], "repeated": repeated, "type": "integer"},
        ]})
    };
    assert_eq!(document(&converter(model(true)), "<r><b>3</b><a>1</a></r>"), json!({"x": [1]}));
    assert_eq!(document(&converter(model(true)), "<r><b>3</b><b>4</b></r>"), json!({"x": [3, 4]}));
    assert_eq!(document(&converter(model(true)), "<r/>"), json!({}));
    assert_eq!(document(&converter(model(false)), "<r><a>1</a><a>2</a></r>"), json!({"x": 1}));
}

#[test]
fn objects_have_fields_of_their_own() {
    let model = json!({"record": "/r", "fields": [
        {"name": "people", "path": ["person"], "type": "object", "repeated": true, "fields": [
            {"name": "name", "path": ["name"]},
            {"name": "mails", "path": ["@mail", ".//mail"], "repeated": true},
            {"name": "work", "path": ["work"], "type": "object", "fields": [{"name": "at", "path": ["."]}]},
        ]},
        {"name": "all", "path": ["."], "type": "object", "fields": [{"name": "id", "path": ["@id"]}]},
    ]});
    let xml = "<r id='1'><person mail='a@b'><name>A</name><work>W</work></person><person/>\
               <person><x><mail>c</mail><mail>d</mail></x><name>B</name></person></r>";
    assert_eq!(
        document(&converter(model), xml),
        json!({
            "people": [{"name": "A", "mails": ["a@b"], "work": {"at": "W"}}, {"name": "B", "mails": ["c", "d"]}],
            "all": {"id": "1"},
        })
    );
}

#[test]
fn objects_within_each_other_keep_the_order_of_the_document() {
    let model = json!({"record": "/r", "fields": [
        {"name": "s", "path": ["//s"], "type": "object", "repeated": true, "fields": [
            {"name": "t", "path": ["t"]}, {"name": "deep", "path": ["//t"], "repeated": true},
        ]},
    ]});
    let xml = "<r><s><t>1</t><s><t>2</t></s></s><s><t>3</t></s></r>";
    assert_eq!(
        document(&converter(model), xml),
        json!({"s": [{"t": "1", "deep": ["1", "2"]}, {"t": "2", "deep": ["2"]}, {"t": "3", "deep": ["3"]}]})
    );
}

#[test]
fn what_stands_before_the_documents_is_shared_by_all() {
    let model = json!({"record": "//item", "fields": [
        {"name": "channel", "path": ["/rss/channel/title"]},
        {"name": "title", "path": ["title"]},
        {"name": "own", "path": ["/rss/channel/item/@n"]},
        {"name": "by", "path": ["/rss/by"], "type": "object", "fields": [{"name": "n", "path": ["@n"]}]},
    ]});
    let xml = "<rss><by n='x'/><channel><title>C</title><item n='1'><title>A</title></item><item><title>B</title></item>\
               </channel></rss>";
    let documents: Vec<_> =
        verdicts(&converter(model), xml.as_bytes()).into_iter().map(|v| super::json(&v.unwrap())).collect();
    assert_eq!(
        documents,
        [
            json!({"channel": "C", "title": "A", "own": "1", "by": {"n": "x"}}),
            json!({"channel": "C", "title": "B", "by": {"n": "x"}}),
        ]
    );
}

#[test]
fn a_record_within_a_record_is_part_of_it() {
    let model = json!({"record": "//d", "fields": [{"name": "x", "path": ["."]}]});
    let found = verdicts(&converter(model), b"<r><d>a <d>b</d></d><d>c</d></r>");
    let found: Vec<_> = found.into_iter().map(|v| super::json(&v.unwrap())["x"].clone()).collect();
    assert_eq!(found, ["a b", "c"]);
}

#[test]
fn defaults_fill_what_is_missing() {
    let model = json!({"record": "/r", "fields": [
        {"name": "n", "path": ["@n"], "type": "integer", "default": "5"},
        {"name": "d", "path": ["@d"], "type": "dateTime", "default": "2026-01-02T09:11:12Z"},
    ]});
    assert_eq!(document(&converter(model), "<r n=''/>"), json!({"n": 5, "d": "2026-01-02T09:11:12Z"}));
}

#[test]
fn a_wrong_value_is_a_fault_even_where_a_later_path_would_have_had_one() {
    let refusal = super::refusal(&one("integer", &["a", "b"]), b"<r><a>x</a><b>1</b></r>");
    assert_eq!(refusal.faults.len(), 1);
    assert_eq!(x("integer", "b", "<r><a>x</a><b>1</b></r>"), 1);
}

#[test]
fn a_record_may_have_several_paths() {
    let model = json!({"record": "/l/a | //b[@k='|'] | /l/c", "fields": [{"name": "n", "path": ["n"], "required": true}]});
    let verdicts = verdicts(
        &converter(model),
        b"<l><a><n>1</n></a><x><b k='|'><n>2</n></b><b><n>no</n></b></x><c><n>3</n><b k='|'/></c><a/></l>",
    );
    let documents: Vec<_> = verdicts[..3].iter().map(|v| super::json(v.as_ref().unwrap())).collect();
    assert_eq!(documents, [json!({"n": "1"}), json!({"n": "2"}), json!({"n": "3"})]);
    let fault = &verdicts[3].as_ref().unwrap_err().faults[0];
    assert_eq!(fault.at.as_deref(), Some("/l/a/n"));
}

#[test]
fn elements_are_counted_and_none_is_zero() {
    let model = json!({"record": "/r", "fields": [
        {"name": "all", "path": ["count(//a)"], "type": "integer"},
        {"name": "some", "path": ["count(b/a[@t])"], "type": "integer", "required": true},
        {"name": "none", "path": ["count(x)"], "type": "integer"},
        {"name": "b", "path": ["b"], "type": "object", "repeated": true, "fields": [
            {"name": "n", "path": ["count(a)"], "type": "integer"},
        ]},
    ]});
    let expected = json!({"all": 4, "some": 2, "none": 0, "b": [{"n": 2}, {"n": 0}]});
    assert_eq!(document(&converter(model), XML), expected);
}

#[test]
fn a_field_is_required_if_something_is_there() {
    let converter = converter(json!({"record": "//d", "fields": [
        {"name": "x", "path": ["x"], "requiredIf": ["class[@q='text']", "@strict"]},
        {"name": "o", "path": ["o"], "type": "object", "fields": [
            {"name": "y", "path": ["y"], "requiredIf": ["z"]},
        ]},
    ]}));
    for (xml, expected) in [
        ("<d/>", None),
        ("<d><class q='picture'/></d>", None),
        ("<d><class q='text'/><x>1</x></d>", None),
        ("<d><class q='text'/></d>", Some("x")),
        ("<d strict=''/>", Some("x")),
        ("<d><o><w/></o></d>", None),
        ("<d><o><z/></o></d>", Some("o.y")),
    ] {
        let found = verdicts(&converter, xml.as_bytes()).remove(0);
        let field = found.err().map(|refusal| refusal.faults[0].field.clone().unwrap());
        assert_eq!(field.as_deref(), expected, "{xml}");
    }
}

#[test]
fn a_date_in_parts_is_also_one_that_an_attribute_holds() {
    let date = |path: &str, on_fault: &str, xml: &str| {
        let model = json!({"record": "/r", "onFault": on_fault, "fields": [{
            "name": "x",
            "path": path.split(", ").collect::<Vec<_>>(),
            "type": "date",
            "parts": {"year": "y", "month": "m", "day": "d"},
        }]});
        document(&converter(model), xml).get("x").cloned().unwrap_or_default()
    };
    for (path, xml, expected) in [
        ("a, a/@iso", "<r><a iso='2026-01-02'/></r>", json!("2026-01-02")),
        ("a, a/@iso", "<r><a iso='2026-01-02'><text>2 January</text></a></r>", json!("2026-01-02")),
        ("a, a/@iso", "<r><a iso='2026-01-02'><y>2025</y></a></r>", json!("2025-01-01")),
        ("a/@iso, a", "<r><a iso='2026-01-02'><y>2025</y></a></r>", json!("2026-01-02")),
        ("a/@iso, a", "<r><a iso=''><y>2025</y><m>3</m></a></r>", json!("2025-03-01")),
        ("a/@iso | b/@iso", "<r><b iso='20260102T101112Z'/></r>", json!("2026-01-02")),
        ("a | a/@iso", "<r><a><y>2025</y></a></r>", json!("2025-01-01")),
    ] {
        for on_fault in ["Drop", "Refuse"] {
            assert_eq!(date(path, on_fault, xml), expected, "{path} {xml} {on_fault}");
        }
    }
    let soon = "<r><a iso='soon'><y>2025</y></a></r>";
    assert_eq!(date("a/@iso, a", "Drop", soon), json!("2025-01-01"));
}
