use docmill_crds::conversion::Preset;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Converter, converter, document, verdicts, verdicts_in_chunks};
use crate::text::chars::is_char;

fn presets() -> [Converter; Preset::ALL.len()] {
    Preset::ALL.map(|preset| converter(json!({ "preset": preset })))
}

/// A model with every type and every kind of path.
pub(crate) fn everything() -> Converter {
    let kinds =
        ["string", "text", "markup", "integer", "number", "boolean", "dateTime", "date", "uri", "language"];
    let fields: Vec<_> = kinds
        .iter()
        .map(|kind| {
            let path = if *kind == "markup" {
                json!(["markup", "//a[@b]"])
            } else {
                json!([format!("{kind}/@v"), "//a[@b]", "*/text()"])
            };
            json!({"name": kind, "path": path, "type": kind, "repeated": true})
        })
        .collect();
    let object = json!({"name": "o", "path": ["//*"], "type": "object", "repeated": true, "fields": fields});
    converter(
        json!({"record": "//*", "fields": [object, {"name": "x", "path": ["/r//b", "."], "exclude": ["*"]}]}),
    )
}

/// Pieces of which some make an XML document, and most do not.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<r>",
        "</r>",
        "<a b='1'>",
        "</a>",
        "<a/>",
        "<p:a xmlns:p='u'>",
        "</p:a>",
        "<nitf>",
        "</nitf>",
        "<integer v='12'/>",
        "text",
        " ",
        "\n",
        "\r\n",
        "&amp;",
        "&#233;",
        "&x;",
        "&",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?pi",
        "?>",
        "<?xml version='1.0'?>",
        "<!DOCTYPE r>",
        "<!DOCTYPE r [",
        "<!ELEMENT r (a,(b|c)*)>",
        "<!ATTLIST r a CDATA 'x>'>",
        "]>",
        "<!ENTITY a 'b'>",
        "é",
        "📈",
        "\u{feff}",
        "\0",
        "<",
        ">",
        "'",
        "\"",
        "=",
        "/",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Text of characters that XML allows, white space already as a string has it.
pub(crate) fn line() -> impl Strategy<Value = String> {
    let word = prop::collection::vec(
        any::<char>().prop_filter("of XML", |c| is_char(*c) && !c.is_ascii_whitespace()),
        1..8,
    );
    prop::collection::vec(word.prop_map(String::from_iter), 1..5).prop_map(|words| words.join(" "))
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

proptest! {
    #[test]
    fn any_bytes_are_judged_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for converter in presets() {
            prop_assert!(!verdicts(&converter, &bytes).is_empty());
        }
    }

    #[test]
    fn any_soup_of_markup_is_judged_the_same_way_twice(xml in soup(), bom in any::<bool>()) {
        let bytes = if bom { format!("\u{feff}{xml}").into_bytes() } else { xml.into_bytes() };
        let converter = everything();
        let once = verdicts(&converter, &bytes);
        prop_assert!(!once.is_empty());
        prop_assert_eq!(once, verdicts(&converter, &bytes));
    }

    #[test]
    fn in_what_portions_an_object_comes_does_not_matter(
        xml in soup(),
        chunk in 1usize..40,
        encoding in prop::sample::select(vec!["utf-8", "utf-16", "windows-1252"]),
    ) {
        // What tells the encoding is always read at once.
        let head = format!("<?xml version='1.0' encoding='{encoding}'?><!--{}-->", " ".repeat(1000));
        let text = format!("{head}<r>é{xml}</r>");
        let bytes = match encoding {
            "utf-16" => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "windows-1252" => text.chars().map(|c| u8::try_from(c).unwrap_or(0x81)).collect(),
            _ => text.into_bytes(),
        };
        let converter = everything();
        prop_assert_eq!(verdicts(&converter, &bytes), verdicts_in_chunks(&converter, &bytes, chunk));
    }

    #[test]
    fn a_real_article_with_one_byte_changed_is_judged(at in 0usize..5000, byte in any::<u8>()) {
        let mut bytes = include_bytes!("../../../testdata/newsml-g2/dpa-eil.xml").to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let newsml = converter(json!({ "preset": Preset::NewsmlG2 }));
        prop_assert!(!verdicts(&newsml, &bytes).is_empty());
    }

    #[test]
    fn a_document_written_from_values_gives_them_back(
        title in line(),
        attribute in line(),
        tags in prop::collection::vec(line(), 1..4),
        paragraphs in prop::collection::vec(line(), 1..4),
        number in any::<i64>(),
    ) {
        let converter = converter(json!({"record": "/r", "fields": [
            {"name": "title", "path": ["head/title"]},
            {"name": "attribute", "path": ["@a"]},
            {"name": "tags", "path": ["//tag"], "repeated": true},
            {"name": "body", "path": ["body"], "type": "text"},
            {"name": "markup", "path": ["body"], "type": "markup"},
            {"name": "number", "path": ["n"], "type": "integer"},
        ]}));
        let markup = paragraphs.iter().map(|p| format!("<p>{}</p>", escape(p).replace("&quot;", "\""))).collect::<Vec<_>>().concat();
        let tagged = tags.iter().map(|t| format!("<tag>{}</tag>", escape(t))).collect::<Vec<_>>().concat();
        let xml = format!(
            "<r a=\"{}\"><head><title>{}</title>{tagged}</head><body>{markup}</body><n>{number}</n></r>",
            escape(&attribute), escape(&title),
        );
        let expected = json!({
            "title": title, "attribute": attribute, "tags": tags, "body": paragraphs.join("\n\n"), "markup": markup,
            "number": number,
        });
        prop_assert_eq!(document(&converter, &xml), expected);
    }

    /// Together, paths find what each of them finds alone.
    #[test]
    fn one_pass_equals_path_by_path(xml in tree()) {
        let paths = ["a", "//a", "a/b", "*/a", "//b//a", "a[@k]", "//b/@k", "a/text()", "//*[@k='1']", "."];
        let field = |path: &str| json!({"name": format!("f{}", paths.iter().position(|p| *p == path).unwrap()),
            "path": [path], "repeated": true});
        let together = converter(json!({"record": "/r", "fields": paths.iter().map(|p| field(p)).collect::<Vec<_>>()}));
        let mut alone = Map::new();
        for path in paths {
            let converter = converter(json!({"record": "/r", "fields": [field(path)]}));
            alone.extend(document(&converter, &xml).as_object().cloned().unwrap());
        }
        prop_assert_eq!(document(&together, &xml), Value::Object(alone));
    }
}

/// A small well-formed tree of elements a and b.
fn tree() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["x", "y z", "<a k='1'/>", "<b k='2'>w</b>"]).prop_map(str::to_owned);
    let nodes = leaf.prop_recursive(5, 40, 4, |inner| {
        let name = prop::sample::select(vec!["a", "b", "a k='1'", "b k='2'"]);
        (name, prop::collection::vec(inner, 0..4))
            .prop_map(|(name, children)| format!("<{name}>{}</{}>", children.concat(), &name[..1]))
    });
    prop::collection::vec(nodes, 0..4).prop_map(|nodes| format!("<r>{}</r>", nodes.concat()))
}
