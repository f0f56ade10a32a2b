use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::{Converter, Refusal, converter, verdicts};

/// A converter of JSON with these fields.
fn of(record: &str, fields: &Value) -> Converter {
    converter(json!({"format": "Json", "record": record, "fields": fields}))
}

/// What becomes of an object: the documents, and of a refusal its reason, its document, and the place of its first fault.
fn outcomes(converter: &Converter, text: &str) -> Vec<Value> {
    let verdicts = verdicts(converter, text.as_bytes()).into_iter();
    let refused = |refusal: Refusal| {
        let fault = &refusal.faults[0];
        json!([refusal.reason, refusal.document, fault.at, fault.line, fault.column])
    };
    verdicts.map(|verdict| verdict.map_or_else(refused, |document| super::json(&document))).collect()
}

/// The field `x` of `path` in an object that is one document.
fn x(kind: &str, path: &str, text: &str) -> Result<Value, Refusal> {
    let converter = of("$", &json!([{"name": "x", "path": [path], "type": kind}]));
    let mut verdicts = verdicts(&converter, text.as_bytes());
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    verdicts.remove(0).map(|document| super::json(&document).get("x").cloned().unwrap_or_default())
}

#[test]
fn html_in_a_string_becomes_plain_text() {
    let field = json!({"name": "x", "path": ["content.rendered"], "type": "text", "html": "Text"});
    let object = r#"{"content": {"rendered": "<p>One&nbsp;&mdash; two</p>\n<p>three</p>"}}"#;
    let plain = json!({"x": "One\u{a0}\u{2014} two\n\nthree"});
    assert_eq!(outcomes(&of("$", &json!([field])), object), [plain]);
}

#[test]
fn an_object_of_json_becomes_documents() {
    let converter = of(
        "$",
        &json!([
            {"name": "guid", "path": ["id"], "required": true},
            {"name": "title", "path": ["head.title", "$.title"]},
            {"name": "words", "path": ["head['word count']"], "type": "integer"},
            {"name": "tags", "path": ["tags[*]"], "repeated": true},
            {"name": "at", "path": ["at"], "type": "dateTime"},
            {"name": "authors", "path": ["authors[*]"], "type": "object", "repeated": true, "fields": [
                {"name": "name", "path": ["name", "@"], "required": true},
                {"name": "born", "path": ["born"], "type": "date"},
            ]},
        ]),
    );
    let text = r#"{"id": "a-1", "head": {"title": "Rates \u00e9\ud83d\ude00", "word count": 12}, "tags": ["x", ["y"], null, " "],
        "at": "2026-01-02T10:11:12+01:00", "authors": [{"name": "Ada", "born": "19700102"}, "Bob"], "more": {"a": [1, true]}}"#;
    assert_eq!(
        outcomes(&converter, text),
        [
            json!({"guid": "a-1", "title": "Rates é😀", "words": 12, "tags": ["x", "y"], "at": "2026-01-02T09:11:12Z",
            "authors": [{"name": "Ada", "born": "1970-01-02"}, {"name": "Bob"}]})
        ]
    );
    let losses = converter.take_losses();
    let losses: Vec<_> =
        losses.paths.iter().map(|l| (l.path.as_str(), l.occurrences, l.example.as_str())).collect();
    assert_eq!(losses, [("$.more.a", 2, "1")]);
    let lines = "{\"id\":\"1\"}\n\n{\"id\":\"2\"}\r\n{\"title\":\"3\"}\n{\"id\":\"4\"}";
    assert_eq!(
        outcomes(&converter, lines),
        [
            json!({"guid": "1"}),
            json!({"guid": "2"}),
            json!([Reason::MissingField, 2, "$.id", 4, 1]),
            json!({"guid": "4"})
        ]
    );
}

#[test]
fn a_value_is_of_its_type_or_refused() {
    let large = u64::MAX.to_string();
    for (kind, text, expected) in [
        ("string", r#""  as it\tis ""#, json!("  as it\tis ")),
        ("text", r#""a\n\n b""#, json!("a\n\n b")),
        ("string", r#""\u0000\uffff""#, json!("\0\u{ffff}")),
        ("string", r#"" \t""#, Value::Null),
        ("integer", "null", Value::Null),
        ("integer", "-12", json!(-12)),
        ("integer", r#"" 12 ""#, json!(12)),
        ("integer", large.as_str(), json!(u64::MAX)),
        ("number", "0.1", json!(0.1)),
        ("number", "1E2", json!(100.0)),
        ("number", r#""1.50""#, json!(1.5)),
        ("boolean", "true", json!(true)),
        ("boolean", r#""0""#, json!(false)),
        ("date", r#""20260102""#, json!("2026-01-02")),
        ("uri", r#""https://example.org/ä""#, json!("https://example.org/ä")),
        ("language", r#""en""#, json!("en")),
        ("object", "null", Value::Null),
    ] {
        let text = format!("{{\"v\": {text}}}");
        if kind != "object" {
            assert_eq!(x(kind, "v", &text).unwrap(), expected, "{kind} {text}");
        }
    }
    for (kind, text, expected, found) in [
        ("string", "12", "a string", "12"),
        ("text", "true", "a string", "true"),
        ("string", r#"{"a": "b"}"#, "a string", "an object"),
        ("integer", "12.0", "an integer", "12.0"),
        ("integer", "1e2", "an integer", "1e2"),
        ("integer", "18446744073709551616", "an integer", "18446744073709551616"),
        ("integer", "true", "an integer", "true"),
        ("integer", "{}", "an integer", "an object"),
        (
            "number",
            "0.1000000000000000055511151231257827",
            "a decimal",
            "0.1000000000000000055511151231257827",
        ),
        ("number", "9007199254740993.5", "a decimal", "9007199254740993.5"),
        ("number", "1e400", "a decimal", "1e400"),
        ("boolean", "1", "a boolean", "1"),
        ("dateTime", "1767348551", "a date and time", "1767348551"),
        ("date", "false", "a date", "false"),
        ("language", "[7]", "a language tag", "7"),
    ] {
        let refusal = x(kind, "v", &format!("{{\"a\": 0,\n  \"v\": {text}}}")).unwrap_err();
        let fault = &refusal.faults[0];
        assert_eq!((fault.reason, fault.field.as_deref()), (Reason::WrongType, Some("x")), "{kind} {text}");
        let column = if text.starts_with('[') { 9 } else { 8 };
        assert_eq!(
            (fault.at.as_deref(), fault.line, fault.column),
            (Some("$.v"), 2, column),
            "{kind} {text}"
        );
        assert!(fault.expected.starts_with(expected), "{kind} {text}: {}", fault.expected);
        assert_eq!(fault.found.as_deref(), Some(found));
    }
}

#[test]
fn a_value_without_fields_is_no_object() {
    let fields =
        json!([{"name": "o", "path": ["o"], "type": "object", "fields": [{"name": "a", "path": ["a"]}]}]);
    let object = of("$", &fields);
    for text in ["12", "\"x\"", "true"] {
        let refused = outcomes(&object, &format!("{{\"o\": {text}}}"));
        assert_eq!(refused, [json!([Reason::WrongType, 0, "$.o", 1, 7])], "{text}");
        assert_eq!(outcomes(&object, text), [json!([Reason::WrongType, 0, "$", 1, 1])], "{text}");
    }
    assert_eq!(outcomes(&object, "null"), [json!([Reason::WrongType, 0, "$", 1, 1])]);
    for text in ["{\"o\": null}", "{\"o\": \" \"}", "{\"o\": {}}", "{\"o\": []}", "{}"] {
        assert_eq!(outcomes(&object, text), [json!({})], "{text}");
    }
    let itself = of("$.a[*]", &json!([{"name": "x", "path": ["@"], "type": "integer"}]));
    assert_eq!(outcomes(&itself, "{\"a\": [1, \"2\"]}"), [json!({"x": 1}), json!({"x": 2})]);
}

#[test]
fn paths_find_members_at_any_depth_and_items_of_lists() {
    let text = r#"{"a": {"b": "1", "a b": "2", "c": [{"b": "3"}, [{"b": "4"}]]}, "b": "5", "$": {"b": "6"}}"#;
    for (path, expected) in [
        ("a.b", json!(["1"])),
        ("$.a['a b']", json!(["2"])),
        ("a.c[*].b", json!(["3", "4"])),
        ("a.c.b", json!(["3", "4"])),
        ("..b", json!(["1", "3", "4", "5", "6"])),
        ("a..b", json!(["1", "3", "4"])),
        ("$..b", json!(["1", "3", "4", "5", "6"])),
        ("*.b", json!(["1", "6"])),
        ("['$'].b", json!(["6"])),
        ("a.*.b", json!(["3", "4"])),
    ] {
        let converter = of("$", &json!([{"name": "x", "path": [path], "repeated": true}]));
        assert_eq!(outcomes(&converter, text), [json!({"x": expected})], "{path}");
    }
    assert_eq!(x("integer", "count(a.c[*])", text).unwrap(), json!(2));
    assert_eq!(x("integer", "count(x)", "{\"x\": null}").unwrap(), json!(0));
    let required = json!([{"name": "x", "path": ["x"], "requiredIf": ["y"]}]);
    assert_eq!(outcomes(&of("$", &required), "{\"y\": 1}"), [json!([Reason::MissingField, 0, "$.x", 1, 1])]);
    assert_eq!(outcomes(&of("$", &required), "{\"y\": null}"), [json!({})]);
}

#[test]
fn records_are_the_values_that_the_model_names() {
    let fields =
        json!([{"name": "n", "path": ["n"], "type": "integer"}, {"name": "f", "path": ["$.feed.name"]}]);
    let feed = r#"{"feed": {"name": "F"}, "items": [{"n": 1}, {"n": 2}], "more": {"n": 3}}"#;
    let both = [json!({"n": 1, "f": "F"}), json!({"n": 2, "f": "F"})];
    for record in ["$.items[*]", "$.items", "$['items'][*]", "$..items[*]"] {
        assert_eq!(outcomes(&of(record, &fields), feed), both, "{record}");
    }
    let union = of("$.more | $.items[*]", &fields);
    assert_eq!(outcomes(&union, feed)[2], json!({"n": 3, "f": "F"}));
    for record in ["$", "$[*]"] {
        assert_eq!(
            outcomes(&of(record, &fields), "[{\"n\": 1}, {\"n\": 2}]"),
            [json!({"n": 1}), json!({"n": 2})]
        );
    }
    // What one value at the top holds is not shared with the documents of another.
    let two = format!("{feed}\n{}", r#"{"items": [{"n": 4}]}"#);
    assert_eq!(outcomes(&of("$.items[*]", &fields), &two)[2], json!({"n": 4}));
    let none = outcomes(&of("$.items[*]", &fields), "\n {\"item\": []}");
    assert_eq!(none, [json!([Reason::NoRecord, null, null, 2, 2])]);
    for text in ["", " \r\n\t", "\u{feff}"] {
        assert_eq!(outcomes(&of("$", &fields), text)[0][0], json!(Reason::EmptyObject), "{text:?}");
    }
}

#[test]
fn a_line_that_is_at_fault_is_refused_alone() {
    let lines = of("$", &json!([{"name": "n", "path": ["n"], "type": "integer"}]));
    let bad = |document: u32, at: &str, line: u32, column: u32| {
        json!([Reason::MalformedJson, document, at, line, column])
    };
    let ended = |at: &str, line: u32, column: u32| json!([Reason::MalformedJson, null, at, line, column]);
    let n = |n: u32| json!({"n": n});
    for (text, expected) in [
        ("{\"n\":1}\n{\"n\":2,}\n{\"n\":3}\n", vec![n(1), bad(1, "$", 2, 8), n(3)]),
        ("{\"n\":1}\n{\"a\":[0,{\"b\":01}]}\r\n\n{\"n\":3}", vec![n(1), bad(1, "$.a[1].b", 2, 14), n(3)]),
        ("{\"n\":1}\n{\"n\":\"2\n{\"n\":3}", vec![n(1), bad(1, "$.n", 2, 8), n(3)]),
        ("{\"n\":1}\n{\"n\":2}}\n{\"n\":3}", vec![n(1), bad(1, "$", 2, 8), n(3)]),
        ("{\"n\":1}\nHTTP 500\n{\"n\":3}", vec![n(1), bad(1, "$", 2, 1), n(3)]),
        ("{\"n\":1}\n{\"n\":2} x\n", vec![n(1), bad(1, "$", 2, 9)]),
        // The first line, when it can be told.
        ("{\"n\":1,}\n{\"n\":2}", vec![bad(0, "$", 1, 8), n(2)]),
        ("{\"n\":1,}\n", vec![ended("$", 1, 8)]),
        ("{\"n\":1,}", vec![ended("$", 1, 8)]),
        ("{\"n\":1}]\n", vec![ended("$", 1, 8)]),
        ("{\"n\":01,\n{\"n\":2}\n", vec![ended("$.n", 1, 6)]),
        // What is cut off.
        ("{\"n\":1}\n{\"n\":", vec![n(1), ended("$.n", 2, 6)]),
        // Values that are spread over lines.
        ("{\n\"n\":1}\n{\"n\":2,}\n{\"n\":3}", vec![n(1), ended("$", 3, 8)]),
        ("[{\"n\":1},\n{\"n\":2,},\n{\"n\":3}]", vec![n(1), ended("$[1]", 2, 8)]),
        // A value that is cut off takes no other line with it, once the first was whole in its own.
        ("{\"n\":1}\n{\"n\":2,\n\"n\":3}\n{\"n\":4}", vec![n(1), bad(1, "$", 2, 8), bad(2, "$", 3, 4), n(4)]),
        ("{\"n\":1}\n{\"n\"\n{\"n\":3}", vec![n(1), bad(1, "$.n", 2, 5), n(3)]),
        // Side by side, and with record separators.
        ("{\"n\":1}{\"n\":2} {\"n\":3}", vec![n(1), n(2), n(3)]),
        ("\u{1e}{\"n\":1}\n\u{1e}{\"n\":2}\n", vec![n(1), n(2)]),
    ] {
        assert_eq!(outcomes(&lines, text), expected, "{text}");
    }
    let items = of("$.items[*]", &json!([{"name": "n", "path": ["n"]}]));
    let text = "{\"items\":[{\"n\":\"1\"}]}\n{\"items\":[x]}\n{\"items\":[{\"n\":\"3\"}]}";
    assert_eq!(outcomes(&items, text), [json!({"n": "1"}), ended("$.items[0]", 2, 11)]);
}

#[test]
fn limits_hold_for_json() {
    let model = json!({"format": "Json", "record": "$.d", "fields": [{"name": "a", "path": ["a"]}], "limits": {
        "maxDocumentBytes": 1000, "maxDocuments": 2, "maxNodes": 40, "maxDepth": 5, "maxNameBytes": 10, "maxTextBytes": 100,
        "maxValueBytes": 90,
    }});
    let converter = converter(model.clone());
    let spaces = " ".repeat(1001);
    for (text, expected) in [
        (format!("{{\"d\": {spaces}1}}"), "a document of at most 1000 bytes"),
        ("{\"d\": [{}, {}, {}]}".into(), "at most 2 documents"),
        (format!("{{\"d\": {{\"b\": [{}0]}}}}", "0,".repeat(40)), "at most 40 nodes"),
        ("{\"d\": {\"b\": [[[[0]]]]}}".into(), "at most 5 levels"),
        ("{\"d12345678901\": 0}".into(), "a name of at most 10 bytes"),
        (format!("{{\"d\": \"{}\"}}", "x".repeat(101)), "a string, name or number of at most 100 bytes"),
        (format!("{{\"d\": {{\"a\": \"{}\"}}}}", "x".repeat(91)), "values of at most 90 bytes"),
    ] {
        let refusal = verdicts(&converter, text.as_bytes()).pop().unwrap().unwrap_err();
        assert_eq!((refusal.reason, refusal.document), (Reason::LimitExceeded, None), "{text}: {refusal}");
        assert!(refusal.message().contains(expected), "{refusal} should contain {expected}");
    }
    let lines =
        super::converter(json!({"format": "Json", "record": "$", "fields": [{"name": "a", "path": ["a"]}],
        "limits": {"maxDocuments": 3}}));
    let found = outcomes(&lines, "{}\nx\nx\nx\n{}\n");
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(found[3], json!([Reason::LimitExceeded, null, "$", 4, 1]));
    let deep = format!("{}1", "[".repeat(100_000));
    assert_eq!(outcomes(&lines, &deep)[0][0], json!(Reason::LimitExceeded));
}

#[test]
fn the_encoding_of_json_is_utf_8_or_that_of_its_mark() {
    let converter = of("$", &json!([{"name": "x", "path": ["é"]}]));
    let text = "\u{feff}{\"é\": \"📈\"}";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let packed = super::compressed::gzip(text.as_bytes());
    for bytes in [text.as_bytes(), &little, &big, &packed] {
        let document = verdicts(&converter, bytes).remove(0).unwrap();
        assert_eq!(document.json(), "{\"x\":\"📈\"}");
    }
    for (bytes, reason) in [
        (&little[2..], Reason::UnsupportedEncoding),
        (&big[2..], Reason::UnsupportedEncoding),
        (b"{\"a\": \"\xff\"}", Reason::InvalidBytes),
        (b"{\"a\": \"\xed\xa0\x80\"}", Reason::InvalidBytes),
    ] {
        assert_eq!(verdicts(&converter, bytes).remove(0).unwrap_err().reason, reason);
    }
}

#[test]
fn numbers_are_dates_where_a_field_says_so() {
    let when = |formats: &[&str]| {
        let field = json!({"name": "when", "path": ["when"], "type": "dateTime", "formats": formats});
        of("$", &json!([field]))
    };
    let lines = "{\"when\":\"1700000000\"}\n{\"when\":1700000000}\n{\"when\":1700000000000}\n{\"when\":1.5}";
    let moment = json!({"when": "2023-11-14T22:13:20Z"});
    let found = outcomes(&when(&["epochSeconds", "epochMillis"]), lines);
    assert_eq!(found[..3], [moment.clone(), moment.clone(), moment]);
    assert_eq!(found[3], json!([Reason::WrongType, 3, "$.when", 4, 9]));
    let with_fraction = outcomes(&when(&["%s.%f", "%s"]), "{\"when\":1700000000.25}\n{\"when\":1700000000}");
    assert_eq!(
        with_fraction,
        [json!({"when": "2023-11-14T22:13:20.25Z"}), json!({"when": "2023-11-14T22:13:20Z"})]
    );
    assert_eq!(outcomes(&when(&["%F"]), "{\"when\":1700000000}")[0][0], json!(Reason::WrongType));
}

#[test]
fn numbers_are_strings_where_they_are_computed() {
    let of_kind = of("$", &json!([{"name": "n", "path": ["n"], "trim": true, "repeated": true}]));
    let found = outcomes(&of_kind, r#"{"n": [1, 1.50, true, " a ", " "]}"#);
    assert_eq!(found, [json!({"n": ["1", "1.50", "true", "a"]})]);
}

#[test]
fn the_items_of_a_list_are_tried_until_something_is_left_of_one() {
    let converter = of("$", &json!([{"name": "doi", "path": ["ids"], "extract": "doi:(\\S+)"}]));
    let found = outcomes(&converter, r#"{"ids": ["pmid:1", "doi:10.1/x", "doi:2"]}"#);
    assert_eq!(found, [json!({"doi": "10.1/x"})]);
}

#[test]
fn what_no_field_names_is_kept_or_counted() {
    let model = |extra: &str| {
        converter(json!({"format": "Json", "record": "$.d[*]", "extra": extra, "fields": [
            {"name": "id", "path": ["id"]}, {"name": "title", "path": ["head.title"]},
        ]}))
    };
    let text = r#"{"v": 2, "d": [{"id": "1", "head": {"title": "T", "new": ["a", 7]}, "flag": true, "none": null, "": {}}]}"#;
    let flattened = model("Flattened");
    assert_eq!(
        outcomes(&flattened, text)[0]["extra"],
        json!({"head.new": ["a", "7"], "flag": ["true"], "none": [""], ".": [""]})
    );
    let losses: Vec<_> =
        flattened.take_losses().paths.into_iter().map(|l| (l.path, l.occurrences, l.example)).collect();
    let loss =
        |path: &str, occurrences: u64, example: &str| (path.to_owned(), occurrences, example.to_owned());
    let expected = [
        loss("$.d.flag", 1, "true"),
        loss("$.d.head.new", 2, "a"),
        loss("$.d.none", 1, ""),
        loss("$.d['']", 1, ""),
        loss("$.v", 1, "2"),
    ];
    assert_eq!(losses, expected);
    assert_eq!(
        outcomes(&model("Keep"), text)[0]["extra"],
        json!({"name": "d", "content": [
            {"name": "head", "content": [{"name": "new", "content": ["a"]}, {"name": "new", "content": ["7"]}]},
            {"name": "flag", "content": ["true"]}, {"name": "none"}, {"name": ""},
        ]})
    );
}

/// NDJSON of this many bytes or a little more, one document a line, made as it is read.
struct Lines {
    left: usize,
    line: &'static [u8],
    at: usize,
}

impl std::io::Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let part = &self.line[self.at..];
        let length = part.len().min(buffer.len());
        buffer[..length].copy_from_slice(&part[..length]);
        self.at = (self.at + length) % self.line.len();
        if self.at == 0 {
            self.left = self.left.saturating_sub(self.line.len());
        }
        Ok(length)
    }
}

#[test]
fn lines_leave_nothing_behind_in_memory() {
    let line =
        b"{\"id\": \"a\\u00e9\", \"tags\": [\"x\", \"y\"], \"more\": {\"a\": 1, \"b\": [true, null]}}\n";
    let converter = of(
        "$",
        &json!([{"name": "id", "path": ["id"]}, {"name": "tags", "path": ["tags[*]"], "repeated": true}]),
    );
    let mut documents = converter.documents(Lines { left: 4 << 20, line, at: 0 });
    let count = documents.by_ref().filter(|document| document.as_ref().is_ok_and(Result::is_ok)).count();
    assert_eq!(count, (4_usize << 20).div_ceil(line.len()));
    drop(documents);
    let kept = converter.scratches.take();
    assert!(kept.raw.capacity() + kept.text.capacity() + kept.memory.bytes() < 1 << 20);
}
