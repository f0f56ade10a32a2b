//! Conditions and positions in paths.

use docmill_crds::conversion::Conversion;
use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::{Converter, Limits, converter, document, refusal, x};

fn all(path: &str, xml: &str) -> Value {
    let model = json!({"record": "/r", "fields": [{"name": "x", "path": [path], "repeated": true}]});
    document(&converter(model), xml).get("x").cloned().unwrap_or_default()
}

#[test]
fn conditions_on_attributes_are_combined() {
    let xml = "<r><a k='xy'>1</a><a k='y' l='2'>2</a><a l='3'>3</a><a>4</a></r>";
    for (path, expected) in [
        ("a[starts-with(@k,'x')]", json!(["1"])),
        ("a[@k and @l]", json!(["2"])),
        ("a[@k or @l]", json!(["1", "2", "3"])),
        ("a[not(@k or @l)]", json!(["4"])),
        ("a[@k='y' or @l='3' and not(@k)]", json!(["2", "3"])),
        ("a[(@k='y' or @l='3') and not(@k)]", json!(["3"])),
        ("a[@k!='y']", json!(["1"])),
        ("a[not(@k='y')]", json!(["1", "3", "4"])),
    ] {
        assert_eq!(all(path, xml), expected, "{path}");
    }
}

#[test]
fn conditions_on_text_are_known_when_the_element_ends() {
    let xml = "<r><a><c>1</c><b> x </b></a><a><b>y</b><b>x</b><c>2</c><c>3</c></a><a k='7'><c>4</c></a>\
               <a><b><d>x</d></b>5</a></r>";
    for (path, expected) in [
        ("a[b='x']/c", json!(["1", "2", "3"])),
        ("a[b!='x']/c", json!(["2", "3"])),
        ("a[not(b='x')]/c", json!(["4"])),
        ("a[b and c]/c", json!(["1", "2", "3"])),
        ("a[not(b)]/c", json!(["4"])),
        ("a[not(b)]/@k", json!(["7"])),
        ("a[not(b) or b='y']/c", json!(["2", "3", "4"])),
        ("a[b='x'][c='2']/c", json!(["2", "3"])),
        ("a[@k='7' or c='1']/c", json!(["1", "4"])),
        ("a[b/d]", json!(["x5"])),
        ("a[starts-with(.,'y')]/c", json!(["2", "3"])),
        ("a[text()='5']/b", json!(["x"])),
        ("a/c[.='3']", json!(["3"])),
        (".//*[d='x']", json!(["x"])),
        ("a[b='x'][c]/c[.!='2']", json!(["1", "3"])),
        ("a[b='none']/c", Value::Null),
        ("a[not(b)]/c | a/b | a[b='y']/c", json!(["x", "y", "x", "2", "3", "4", "x"])),
        // The same element by two ways is there once.
        (".//*[.//d]//d", json!(["x"])),
    ] {
        assert_eq!(all(path, xml), expected, "{path}");
    }
    assert_eq!(x("string", "a[b='y']/c", xml), json!("2"), "the first value that counts");
    assert_eq!(x("integer", "count(a[b='x'])", xml), json!(3));
    assert_eq!(x("integer", "count(a[b='x']/c)", xml), json!(3));
    assert_eq!(x("integer", "count(a[b='none'])", xml), json!(0));
}

#[test]
fn a_later_path_has_its_turn_when_a_condition_does_not_hold() {
    let model = json!({"record": "/r", "fields": [
        {"name": "x", "path": ["a[b='x']/c", "d"]},
        {"name": "o", "path": ["a[b='x']", "e"], "type": "object", "fields": [{"name": "c", "path": ["c"]}]},
        {"name": "y", "path": ["y"], "requiredIf": ["a[b='x']"]},
    ]});
    let converter_of_model = converter(model);
    let found = document(&converter_of_model, "<r><a><c>1</c><b>y</b></a><d>2</d><e><c>3</c></e></r>");
    assert_eq!(found, json!({"x": "2", "o": {"c": "3"}}));
    let found =
        document(&converter_of_model, "<r><d>2</d><e><c>3</c></e><a><c>1</c><b>x</b></a><y>4</y></r>");
    assert_eq!(found, json!({"x": "1", "o": {"c": "1"}, "y": "4"}));
    let refused = refusal(&converter_of_model, b"<r><a><b>x</b></a></r>");
    assert_eq!(refused.faults[0].reason, Reason::MissingField);
}

#[test]
fn positions_are_among_siblings() {
    let xml = "<r><a k='1'>1</a><b/><a>2</a><s><a>3</a><a k='1'>4</a><a>5</a></s><a k='1'>6</a></r>";
    for (path, expected) in [
        ("a[1]", json!(["1"])),
        ("a[2]", json!(["2"])),
        ("a[4]", Value::Null),
        ("*[3]", json!(["2"])),
        ("a[@k='1'][2]", json!(["6"])),
        ("a[2][@k='1']", Value::Null),
        ("a[last()]", json!(["6"])),
        ("a[last()-1]", json!(["2"])),
        ("a[last()-3]", Value::Null),
        (".//a[2]", json!(["2", "4"])),
        (".//a[last()]", json!(["5", "6"])),
        ("a[@k][last()]/@k", json!(["1"])),
        ("*[last()-1]/a[last()]", json!(["5"])),
        ("a[.!='6'][last()]", json!(["2"])),
        ("a[.!='1'][1]", json!(["2"])),
        ("a[last()][.='6']", json!(["6"])),
        ("a[last()][.='2']", Value::Null),
    ] {
        assert_eq!(all(path, xml), expected, "{path}");
    }
    assert_eq!(x("integer", "count(.//a[2])", xml), json!(2));
    let model = json!({"record": "//d[2]", "fields": [{"name": "x", "path": ["/r/k[2]/text()"]}]});
    let found = document(&converter(model), "<r><k>1</k><k>2</k><d/><d><x/></d><d/></r>");
    assert_eq!(found, json!({"x": "2"}));
}

#[test]
fn positions_start_anew_in_each_document_and_object() {
    let model = json!({"record": "//d", "fields": [
        {"name": "x", "path": ["a[2]"]},
        {"name": "l", "path": ["a[last()]"]},
        {"name": "o", "path": ["o"], "type": "object", "repeated": true, "fields": [
            {"name": "s", "path": ["a[2]"]}, {"name": "l", "path": ["a[last()]"]},
        ]},
    ]});
    let item = "<d><a>1</a><o><a>2</a><a>3</a></o><a>4</a><o><a>5</a></o></d>";
    let found: Vec<_> = super::verdicts(&converter(model), format!("<r>{item}{item}</r>").as_bytes())
        .into_iter()
        .map(|verdict| super::json(&verdict.unwrap()))
        .collect();
    let expected = json!({"x": "4", "l": "4", "o": [{"s": "3", "l": "3"}, {"l": "5"}]});
    assert_eq!(found, [expected.clone(), expected]);
}

#[test]
fn json_has_indexes() {
    let text = r#"{"a": ["1", "2", ["3", "4"]], "s": "5", "o": [{"k": ["6", "7"]}, {"k": ["8"]}], "n": {}}"#;
    let of = |path: &str| {
        let fields = json!([{"name": "x", "path": [path], "repeated": true}]);
        let model = json!({"format": "Json", "record": "$", "fields": fields});
        document(&converter(model), text).get("x").cloned().unwrap_or_default()
    };
    for (path, expected) in [
        ("a[0]", json!(["1"])),
        ("a[2]", json!(["3"])),
        ("a[-1]", json!(["4"])),
        ("a[-4]", json!(["1"])),
        ("a[9]", Value::Null),
        ("a[-9]", Value::Null),
        ("s[0]", json!(["5"])),
        ("o[*].k[0]", json!(["6", "8"])),
        ("o[1].k", json!(["8"])),
        ("o[-1].k[-1]", json!(["8"])),
        ("..k[1]", json!(["7"])),
        ("a[0] | s", json!(["1", "5"])),
    ] {
        assert_eq!(of(path), expected, "{path}");
    }
}

/// What a document lost, by path.
fn lost(converter: &Converter, xml: &str) -> Vec<(String, u64)> {
    document(converter, xml);
    let losses = converter.take_losses().paths.into_iter();
    let mut losses: Vec<_> = losses.map(|loss| (loss.path, loss.occurrences)).collect();
    losses.sort();
    losses
}

#[test]
fn what_a_condition_leaves_out_is_lost_and_what_it_asks_for_is_not() {
    let model = |path: &str, repeated: bool| {
        let fields = json!([{"name": "x", "path": [path], "repeated": repeated}]);
        converter(json!({"record": "/r", "fields": fields}))
    };
    let xml = "<r><a><b>x</b><c>1</c></a><a><b>y</b><c>2</c></a><a><b>x</b><c>3</c></a></r>";
    let c = |count| vec![("/r/a/c".to_owned(), count)];
    assert_eq!(lost(&model("a[b='x']/c", true), xml), c(1));
    assert_eq!(lost(&model("a[b='x']/c", false), xml), c(2));
    assert_eq!(lost(&model("a[b='none']/c", true), xml), c(3));
    assert_eq!(lost(&model("a[b='x'][last()]/c", true), xml), c(2));
    let objects = json!({"record": "/r", "fields": [
        {"name": "o", "path": ["a[b='x']"], "type": "object", "repeated": true, "fields": [
            {"name": "c", "path": ["c"]},
        ]},
    ]});
    assert_eq!(lost(&converter(objects), xml), c(1));
    let plain = "<r><a>1</a><a>2</a><a>3</a></r>";
    assert_eq!(lost(&model("a[2]", true), plain), [("/r/a".to_owned(), 2)]);
    assert_eq!(lost(&model("a[last()]", true), plain), [("/r/a".to_owned(), 2)]);
}

#[test]
fn what_waits_for_a_condition_counts_towards_the_limit() {
    let model = json!({"record": "/r", "fields": [{"name": "x", "path": ["a[b='x']/c"]}]});
    let model = serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap();
    let limits = Limits { value_bytes: 10_000, ..Limits::default() };
    let converter = Converter::with_limits(&model, limits).unwrap();
    let fits = format!("<r><a>{}</a></r>", "<c>1</c>".repeat(50));
    assert_eq!(document(&converter, &fits), json!({}));
    let too_much = format!("<r><a>{}</a></r>", "<c>1</c>".repeat(1000));
    let refused = refusal(&converter, too_much.as_bytes());
    assert_eq!(refused.reason, Reason::LimitExceeded);
    assert!(refused.message().contains("values of at most 10000 bytes"), "{refused}");
}
