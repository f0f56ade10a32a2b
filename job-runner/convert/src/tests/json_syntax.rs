//! Which texts are JSON, in the manner of the JSON Parsing Test Suite; and what holds for any text.

use docmill_crds::reason::Reason;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Converter, converter, verdicts, verdicts_in_chunks};

fn of(record: &str, fields: &Value) -> Converter {
    converter(json!({"format": "Json", "record": record, "fields": fields}))
}

/// A model that takes whatever there is.
fn anything() -> Converter {
    of(
        "$",
        &json!([{"name": "x", "path": ["count(..*)"], "type": "integer"}, {"name": "y", "path": ["@"], "type": "object",
        "fields": [{"name": "z", "path": ["z"]}]}]),
    )
}

#[test]
fn what_is_json_is_accepted() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for text in [
        "[[]   ]",
        "[\"\"]",
        "[]",
        "[\"a\"]",
        "[false]",
        "[null, 1, \"1\", {}]",
        "[null]",
        "[1\n]",
        " [1]",
        "[1,null,null,2]",
        "[2] ",
        "[123e65]",
        "[0e+1]",
        "[0e1]",
        "[ 4]",
        "[-0.0000000000000000000000000000000000000001]",
        "[20e1]",
        "[-0]",
        "[-123]",
        "[-1]",
        "[1E22]",
        "[1E-2]",
        "[1E+2]",
        "[123e45]",
        "[123.456e78]",
        "[1e-2]",
        "[1e+2]",
        "[123]",
        "[123.456789]",
        "{\"asd\":\"sdf\", \"dfg\":\"fgh\"}",
        "{}",
        "{\"\":0}",
        "{\"foo\\u0000bar\": 42}",
        "{\"min\": -1.0e+28, \"max\": 1.0e+28}",
        "{\"a\":[]}",
        "{\n\"a\": \"b\"\n}",
        "[\"\\u0060\\u012a\\u12AB\"]",
        "[\"\\uD801\\udc37\"]",
        "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]",
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
        "[\"\\\\u0000\"]",
        "[\"\\\"\"]",
        "[\"a/*b*/c/*d//e\"]",
        "[\"\\\\a\"]",
        "[\"\\\\n\"]",
        "[\"\\u0012\"]",
        "[\"\\uFFFF\"]",
        "[\"asd\"]",
        "[ \"asd\"]",
        "[\"\\uDBFF\\uDFFF\"]",
        "[\"new\\u00A0line\"]",
        "[\"\u{10ffff}\"]",
        "[\"\u{ffff}\"]",
        "[\"\\u0000\"]",
        "[\"\\u002c\"]",
        "[\"π\"]",
        "[\"\u{1bfff}\"]",
        "[\"asd \"]",
        "\" \"",
        "[\"\\u0821\"]",
        "[\"\\u0123\"]",
        "[\"\u{2028}\"]",
        "[\"\u{2029}\"]",
        "[\"\u{7f}\"]",
        "[\"€𝄞\"]",
        "[\"aa\u{7f}a\"]",
        "false",
        "42",
        "-0.1",
        "null",
        "\"asd\"",
        "true",
        "\"\"",
        "[\"a\"]\n",
        "[true]",
        "\u{feff}{}",
        "{} {}",
        "1 2",
        "{}\r\n\r\n[]\n",
        deep.as_str(),
    ] {
        let refused: Vec<_> =
            verdicts(&anything(), text.as_bytes()).into_iter().filter_map(Result::err).collect();
        // A document that is no object, and an object without any.
        let by_model = |reason| matches!(reason, Reason::WrongType | Reason::NoRecord);
        assert!(refused.iter().all(|refusal| by_model(refusal.reason)), "{text}: {refused:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn what_is_not_json_is_refused_at_its_place() {
    for (text, column) in [
        ("[1 true]", 4),
        ("[a]", 2),
        ("[\"\": 1]", 4),
        ("[\"\"],", 5),
        ("[,1]", 2),
        ("[1,,2]", 4),
        ("[\"x\",,]", 6),
        ("[\"x\"]]", 6),
        ("[\"\",]", 5),
        ("[\"x\"", 5),
        ("[x", 2),
        ("[3[4]]", 3),
        ("[1,]", 4),
        ("[,]", 2),
        ("[-]", 2),
        ("[   , \"\"]", 5),
        ("[\"a\",\n4\n,1,", 4),
        ("[1,\n1\n,1", 3),
        ("[\"a\u{b}b\"]", 4),
        ("[*]", 2),
        ("[fals]", 2),
        ("[nul]", 2),
        ("[tru]", 2),
        ("[++1234]", 2),
        ("[+1]", 2),
        ("[+Inf]", 2),
        ("[-01]", 2),
        ("[-1.0.]", 2),
        ("[-2.]", 2),
        ("[-NaN]", 2),
        ("[.-1]", 2),
        ("[.2e-3]", 2),
        ("[0.1.2]", 2),
        ("[0.3e+]", 2),
        ("[0.3e]", 2),
        ("[0.e1]", 2),
        ("[0E+]", 2),
        ("[0E]", 2),
        ("[0e+-1]", 2),
        ("[1.0e+]", 2),
        ("[1eE2]", 2),
        ("[1 000.0]", 4),
        ("[2.e3]", 2),
        ("[9.e+]", 2),
        ("[Inf]", 2),
        ("[NaN]", 2),
        ("[\u{ff11}]", 2),
        ("[1+2]", 2),
        ("[0x1]", 2),
        ("[Infinity]", 2),
        ("[- 1]", 2),
        ("[-012]", 2),
        ("[1.2a-3]", 2),
        ("[012]", 2),
        ("[1_000]", 2),
        ("{[: \"x\"}\n", 2),
        ("{\"x\", null}", 5),
        ("{\"x\"::\"b\"}", 6),
        ("{\"a\":\"a\" 123}", 10),
        ("{key: 'value'}", 2),
        ("{\"a\" b}", 6),
        ("{:\"b\"}", 2),
        ("{\"a\" \"b\"}", 6),
        ("{\"a\":", 6),
        ("{\"a\"", 5),
        ("{1:1}", 2),
        ("{'a':0}", 2),
        ("{\"id\":0,}", 9),
        ("{\"a\":\"b\"}/**/", 10),
        ("{\"a\":\"b\"}//", 10),
        ("{\"a\":\"b\",,\"c\":\"d\"}", 10),
        ("{\"a\":\"a", 8),
        ("{a: \"b\"}", 2),
        ("{\"a\":\"b\"}#", 10),
        ("[\"\\uD800\\\"]", 3),
        ("[\"\\uD800\\u\"]", 3),
        ("[\"\\uD800\\u1\"]", 3),
        ("[\"\\uD800\\uD800\"]", 3),
        ("[\"\\uDC00\"]", 3),
        ("[\"\\uD800x\"]", 3),
        ("[é]", 2),
        ("[\"\\x00\"]", 3),
        ("[\"\\🌀\"]", 3),
        ("[\"\\\u{0}\"]", 3),
        ("[\"\\\"]", 6),
        ("[\"\\u00A\"]", 3),
        ("[\"\\a\"]", 3),
        ("[\"\\u\u{e9}\"]", 3),
        ("[\"\\uqqqq\"]", 3),
        ("[\"a\u{0}a\"]", 4),
        ("[\"new\nline\"]", 6),
        ("[\"\t\"]", 3),
        ("\"x", 3),
        ("\"\\UA66D\"", 2),
        ("<.>", 1),
        ("[<null>]", 2),
        ("[1]x", 4),
        ("[1]]", 4),
        ("[True]", 2),
        ("1]", 2),
        ("{\"x\": true,", 12),
        ("]", 1),
        ("\u{feff}\u{feff}{}", 1),
        ("\u{e5}", 1),
        ("{}}", 3),
        ("{\"\":", 5),
        ("{\"a\":/*c*/\"b\"}", 6),
        ("{\"a\": true} \"x", 15),
        ("[\u{c}]", 2),
        ("[\u{2060}]", 2),
        ("{\"a\":1,\"a\":2}", 8),
        ("{\"a\":{\"b\":1},\"\\u0061\":2}", 14),
        ("[\u{a0}]", 2),
        ("{\"a\":1;\"b\":2}", 7),
        ("truefalse", 1),
        ("1,2", 2),
        ("[1\u{1e}]", 3),
        ("\u{0}", 1),
        ("[\"a", 4),
        ("[", 2),
        ("{", 2),
    ] {
        let verdicts = verdicts(&anything(), text.as_bytes());
        let refusal = verdicts.last().unwrap().as_ref().unwrap_err();
        assert_eq!((refusal.reason, refusal.document), (Reason::MalformedJson, None), "{text}: {refusal}");
        assert_eq!(refusal.faults[0].column, column, "{text}: {refusal}");
    }
}

#[test]
fn members_are_told_apart_however_many_there_are() {
    let members = |count: usize| (0..count).map(|n| format!("\"m{n}\":0")).collect::<Vec<_>>().join(",");
    assert!(verdicts(&anything(), format!("{{{}}}", members(5000)).as_bytes())[0].is_ok());
    for again in ["m0", "m31", "m32", "m4999"] {
        let text = format!("{{{},\"{again}\":1}}", members(5000));
        let refusal = verdicts(&anything(), text.as_bytes()).remove(0).unwrap_err();
        assert_eq!(refusal.faults[0].found.as_deref(), Some(again));
    }
    // Those of another object are others.
    let many = format!("{{\"a\":{{{0}}},\"b\":{{{0}}},{0}}}", members(40));
    assert!(verdicts(&anything(), many.as_bytes())[0].is_ok());
}

/// Pieces of which some make JSON, and most do not.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"a\":",
        "\"b\":1",
        "\"é",
        "\"",
        "\\",
        "\\u00e9",
        "\\ud83d",
        "\\ude00",
        "1",
        "-",
        "1.5e3",
        "01",
        "true",
        "null",
        "nul",
        " ",
        "\n",
        "\r\n",
        "\t",
        "{\"a\":1}",
        "{\"a\":1}\n",
        "{\"a\":[{\"b\":null}]}\n",
        "📈",
        "\u{feff}",
        "\u{1e}",
        "\0",
        "x",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn models() -> [Converter; 3] {
    let field = |name: &str, path: &str, kind: &str| json!({"name": name, "path": [path], "type": kind, "repeated": true});
    let fields = json!([
        field("s", "a", "string"), field("i", "..b", "integer"), field("t", "$..a", "text"), field("n", "*", "number"),
        {"name": "o", "path": ["..*"], "type": "object", "repeated": true, "fields": [field("b", "b", "boolean"), field("v", "@", "string")]},
    ]);
    ["$", "$.a[*]", "$..a"].map(|record| of(record, &fields))
}

/// Any value, and numbers that a double holds.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_judged_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for converter in models() {
            prop_assert!(!verdicts(&converter, &bytes).is_empty());
        }
    }

    #[test]
    fn in_what_portions_an_object_comes_does_not_matter(text in soup(), chunk in 1usize..40, wide in any::<bool>()) {
        // What tells the encoding is always read at once.
        let text = format!("{}{text}", " ".repeat(1100));
        let bytes = if wide {
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else {
            text.into_bytes()
        };
        for converter in models() {
            prop_assert_eq!(verdicts(&converter, &bytes), verdicts_in_chunks(&converter, &bytes, chunk));
        }
    }

    /// What another reader takes for JSON is JSON, but for members of equal names, and nothing else is.
    #[test]
    fn a_text_is_json_when_another_reader_says_so(text in soup()) {
        let text = format!("[{text}]");
        let values: Vec<Result<Value, _>> = serde_json::Deserializer::from_str(&text).into_iter().collect();
        let theirs = values.iter().all(Result::is_ok);
        let found = verdicts(&of("$.none", &json!([{"name": "x", "path": ["x"]}])), text.as_bytes());
        let refusal = found[0].as_ref().unwrap_err();
        let ours = refusal.reason == Reason::NoRecord;
        let stricter = theirs && refusal.faults[0].expected.starts_with("each member");
        prop_assert!(ours == theirs || stricter || text.contains('\u{1e}'), "{text:?}: {refusal} {values:?}");
    }

    #[test]
    fn values_come_back_as_they_were(
        string in any::<String>(), integer in any::<i64>(), eighths in any::<i32>(), boolean in any::<bool>(), list in prop::collection::vec(any::<String>(), 0..4),
        noise in value(), pretty in any::<bool>(),
    ) {
        let object = json!({"s": string, "o": {"i": integer, "b": boolean, "noise": noise}, "l": list, "f": f64::from(eighths) / 8.0});
        let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
        let converter = of("$", &json!([
            {"name": "s", "path": ["s"]}, {"name": "i", "path": ["o.i"], "type": "integer"}, {"name": "f", "path": ["f"], "type": "number"},
            {"name": "b", "path": ["o.b"], "type": "boolean"}, {"name": "l", "path": ["l[*]"], "repeated": true},
        ]));
        let is_value = |text: &&String| text.chars().any(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'));
        let mut expected = json!({"i": integer, "f": object["f"], "b": boolean});
        if is_value(&&string) {
            expected["s"] = json!(string);
        }
        let list: Vec<_> = list.iter().filter(is_value).collect();
        if !list.is_empty() {
            expected["l"] = json!(list);
        }
        prop_assert_eq!(super::json(verdicts(&converter, text.as_bytes())[0].as_ref().unwrap()), expected);
    }
}
