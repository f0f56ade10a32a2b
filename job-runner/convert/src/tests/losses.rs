//! The loss report is complete: each text and attribute of an object is in a document, or counted at its path.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{Document, converter, document, verdicts};

/// Paths and how often each was lost.
fn lost(model: &Value, xml: &str) -> BTreeMap<String, u64> {
    let converter = converter(model.clone());
    verdicts(&converter, xml.as_bytes());
    let losses = converter.take_losses();
    assert_eq!(losses.uncounted, 0);
    losses.paths.into_iter().map(|loss| (loss.path, loss.occurrences)).collect()
}

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.map(|(path, count)| (path.to_owned(), count)).into()
}

#[test]
fn values_that_a_document_has_no_place_for_are_lost() {
    let model = json!({"record": "/r", "fields": [
        {"name": "t", "path": ["t"]},
        {"name": "l", "path": ["a", "b"], "repeated": true},
        {"name": "late", "path": ["y", "x/@k"]},
        {"name": "o", "path": ["p", "q"], "type": "object", "fields": [{"name": "n", "path": ["@n", "."]}]},
    ]});
    let xml = "<r><t>one</t><t>two</t><a>1</a><b>2</b><c>3</c><x k='4'/><y>5</y>\
               <q n='6'>7</q><p n='8'>9</p><p n='10'/></r>";
    let found = json!({"t": "one", "l": ["1"], "late": "5", "o": {"n": "8"}});
    assert_eq!(document(&converter(model.clone()), xml), found);
    let expected = counts([
        ("/r/b", 1),
        ("/r/c", 1),
        ("/r/p", 1),
        ("/r/p/@n", 1),
        ("/r/q", 1),
        ("/r/q/@n", 1),
        ("/r/t", 1),
        ("/r/x/@k", 1),
    ]);
    assert_eq!(lost(&model, xml), expected);
}

#[test]
fn a_value_that_any_field_takes_is_not_lost() {
    let model = json!({"record": "/r", "fields": [
        {"name": "guid", "path": ["guid", "link"]}, {"name": "link", "path": ["link"]},
    ]});
    assert_eq!(lost(&model, "<r><link>1</link><guid>2</guid></r>"), BTreeMap::new());
    let model = json!({"record": "/r", "fields": [
        {"name": "a", "path": ["a", "c"]}, {"name": "b", "path": ["b", "c"]},
    ]});
    assert_eq!(lost(&model, "<r><c>1</c><a>2</a></r>"), BTreeMap::new());
    assert_eq!(lost(&model, "<r><c>1</c><a>2</a><b>3</b></r>"), counts([("/r/c", 1)]));
}

#[test]
fn what_is_outside_of_documents_is_lost_unless_one_takes_it() {
    let model = json!({"record": "//d", "fields": [
        {"name": "x", "path": ["x"]},
        {"name": "language", "path": ["@lang", "/r/@lang", "/r/language"]},
        {"name": "rights", "path": ["rights", "/r/rights"]},
    ]});
    let own = "<r lang='de'><d lang='en'><rights>1</rights></d><rights>2</rights></r>";
    assert_eq!(lost(&model, own), counts([("/r/@lang", 1), ("/r/rights", 1)]));
    let shared = "<r lang='de'><language>fr</language><rights>2</rights><d/><d lang='en'/></r>";
    assert_eq!(lost(&model, shared), counts([("/r/language", 1)]));
}

#[test]
fn what_is_excluded_is_left_out_on_purpose() {
    let model = json!({"record": "/r", "fields": [{"name": "x", "path": ["a", "b"], "exclude": ["note"]}]});
    assert_eq!(lost(&model, "<r><b><note>1</note></b><b>2<note>3</note></b></r>"), BTreeMap::new());
}

#[test]
fn a_later_path_takes_its_value_when_that_of_an_earlier_one_is_passed_over() {
    let model = json!({"record": "//d", "onFault": "Drop", "fields": [
        {"name": "at", "path": ["sent", "/r/sent", "created"], "type": "date"},
        {"name": "doi", "path": ["id", "link"], "extract": "doi:(.+)"},
        {"name": "o", "path": ["o"], "type": "object", "fields": [
            {"name": "n", "path": ["n", "m"], "type": "integer"},
        ]},
    ]});
    let later = "<r><sent>soon</sent><d><sent>later</sent><created>2026-01-02</created>\
                 <id>1</id><link>doi:2</link><o><n>x</n><m>3</m></o></d></r>";
    let found = json!({"at": "2026-01-02", "doi": "2", "o": {"n": 3}});
    assert_eq!(document(&converter(model.clone()), later), found);
    assert_eq!(lost(&model, later), BTreeMap::new());
    let earlier = "<r><sent>2026-01-01</sent><d><sent>later</sent><created>2026-01-02</created>\
                   <id>doi:1</id><link>doi:2</link><o><n>1</n><m>3</m></o></d></r>";
    let found = json!({"at": "2026-01-01", "doi": "1", "o": {"n": 1}});
    assert_eq!(document(&converter(model.clone()), earlier), found);
    assert_eq!(lost(&model, earlier), counts([("/r/d/created", 1), ("/r/d/link", 1), ("/r/d/o/m", 1)]));
}

#[test]
fn the_values_of_a_path_are_tried_until_something_is_left_of_one() {
    let model = json!({"record": "//d", "fields": [
        {"name": "doi", "path": ["id", "link"], "extract": "doi:(.+)"},
        {"name": "text", "path": ["html"], "html": "Text"},
        {"name": "o", "path": ["o"], "type": "object", "fields": [
            {"name": "n", "path": ["n"], "replace": {"pattern": "^-$"}, "type": "integer"},
        ]},
    ]});
    let some = "<r><d><id>1</id><id>doi:2</id><id>doi:3</id><link>doi:4</link><html>&lt;p&gt;</html><html>x</html>\
                <o><n>-</n><n>5</n><n>6</n></o></d></r>";
    let found = json!({"doi": "2", "text": "x", "o": {"n": 5}});
    assert_eq!(document(&converter(model.clone()), some), found);
    assert_eq!(lost(&model, some), counts([("/r/d/id", 1), ("/r/d/link", 1), ("/r/d/o/n", 1)]));
    let none =
        "<r><d><id>1</id><id>2</id><link>doi:4</link><html>&lt;p&gt;</html><html>&lt;br&gt;</html></d></r>";
    assert_eq!(document(&converter(model.clone()), none), json!({"doi": "4"}));
    assert_eq!(lost(&model, none), BTreeMap::new());
}

#[test]
fn what_comes_after_the_first_sound_value_is_lost() {
    let model = json!({"record": "/r", "onFault": "Drop", "fields": [
        {"name": "at", "path": ["at"], "type": "date"},
        {"name": "o", "path": ["o"], "type": "object", "fields": [{"name": "n", "path": ["n"], "type": "integer"}]},
    ]});
    let xml = "<r><at>soon</at><at>2026-01-02</at><at>2026-01-03</at>\
               <o><n>x</n></o><o><n>1</n></o><o><n>2</n></o></r>";
    let found = json!({"at": "2026-01-02", "o": {"n": 1}});
    assert_eq!(document(&converter(model.clone()), xml), found);
    assert_eq!(lost(&model, xml), counts([("/r/at", 1), ("/r/o/n", 1)]));
}

#[test]
fn what_a_template_does_not_need_is_lost() {
    let model = json!({"record": "//d", "fields": [
        {"name": "guid", "path": ["guid"], "template": "{./link}-{./n|@k|/r/at}"},
        {"name": "o", "path": ["o"], "type": "object", "fields": [
            {"name": "x", "path": ["x"], "template": "{sha256(./y|./z)}"}, {"name": "w", "path": ["w"]},
        ]},
    ]});
    let found = |xml: &str| document(&converter(model.clone()), xml).get("guid").cloned();
    let by_path = "<r><at>1</at><d k='2'><guid>3</guid><link>4</link><n>5</n></d></r>";
    assert_eq!(found(by_path), Some(json!("3")));
    let expected = counts([("/r/at", 1), ("/r/d/@k", 1), ("/r/d/link", 1), ("/r/d/n", 1)]);
    assert_eq!(lost(&model, by_path), expected);
    let made = "<r><at>1</at><d k='2'><link>4</link><link>6</link><n>5</n></d></r>";
    assert_eq!(found(made), Some(json!("4-5")));
    assert_eq!(lost(&model, made), counts([("/r/at", 1), ("/r/d/@k", 1), ("/r/d/link", 1)]));
    let of_around = "<r><at>1</at><d><link>4</link></d></r>";
    assert_eq!(found(of_around), Some(json!("4-1")));
    assert_eq!(lost(&model, of_around), BTreeMap::new());
    let none = "<r><d><n>5</n></d></r>";
    assert_eq!(found(none), None);
    assert_eq!(lost(&model, none), counts([("/r/d/n", 1)]));
    let inner = "<r><d><o><w>1</w><y>2</y><z>3</z></o></d></r>";
    assert_eq!(lost(&model, inner), counts([("/r/d/o/z", 1)]));
    let inner = "<r><d><o><w>1</w><x>2</x><z>3</z></o></d></r>";
    assert_eq!(lost(&model, inner), counts([("/r/d/o/z", 1)]));
}

#[test]
fn text_before_a_value_is_not_part_of_it() {
    let model = json!({"record": "//b", "fields": [{"name": "f", "path": ["x", "a", "."]}]});
    assert_eq!(lost(&model, "<r><b>1<a>2</a></b></r>"), counts([("/r/b", 1)]));
}

#[test]
fn a_value_that_excludes_all_its_text_leaves_its_place_to_another() {
    let nested = json!({"name": "n", "path": ["text()", ".", "."], "exclude": ["*"]});
    let model = json!({"record": "/r", "fields": [
        {"name": "b", "path": ["b"]},
        {"name": "o", "path": ["."], "type": "object", "repeated": true, "fields": [nested]},
    ]});
    let xml = "<r><a><a>1</a></a><b>2</b></r>";
    assert_eq!(document(&converter(model.clone()), xml), json!({"b": "2"}));
    assert_eq!(lost(&model, xml), BTreeMap::new());
}

/// A tree in which each element and each attribute has a text of its own. Elements called c have no children.
#[derive(Clone, Debug)]
struct Tree {
    name: &'static str,
    attribute: bool,
    children: Vec<Tree>,
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (select(vec!["a", "b", "c"]), any::<bool>()).prop_map(|(name, attribute)| Tree {
        name,
        attribute,
        children: Vec::new(),
    });
    let node = leaf.prop_recursive(4, 24, 4, |inner| {
        (select(vec!["a", "b"]), any::<bool>(), vec(inner, 0..4))
            .prop_map(|(name, attribute, children)| Tree { name, attribute, children })
    });
    (any::<bool>(), vec(node, 1..6)).prop_map(|(attribute, children)| Tree { name: "r", attribute, children })
}

/// Writes the tree, and notes the paths of its texts.
fn write_tree(tree: &Tree, around: &str, xml: &mut String, texts: &mut Vec<(String, String)>) {
    let Tree { name, attribute, children } = tree;
    let path = format!("{around}/{name}");
    let mut text = |path: String| {
        let text = format!("w{}w", texts.len());
        texts.push((path, text.clone()));
        text
    };
    let _ = write!(xml, "<{name}");
    if *attribute {
        let _ = write!(xml, " k='{}'", text(format!("{path}/@k")));
    }
    let _ = write!(xml, ">{}", text(path.clone()));
    for child in children {
        write_tree(child, &path, xml, texts);
    }
    let _ = write!(xml, "</{name}>");
}

/// A field that is a text, or an object of texts.
fn field(index: usize) -> impl Strategy<Value = Value> {
    let within = vec!["a", "b", "c", "a/b", "//a", "//c", "*", "@k", "a/@k", "//b/@k", "text()", "b/text()"];
    let unions = vec!["a | b", "//c | a", "@k | b/@k", "*/a | */@k", ". | a"];
    let outside =
        vec!["/r/@k", "/r/c", "/r/a/c", "/r/a/text()", "/r/a/@k", "/r//c", "/r/c | /r/a/c", "/r/b/@k"];
    let relative = [within, unions, vec!["."]].concat();
    let nested = subsequence(relative.clone(), 1..3).prop_shuffle();
    let all = [relative, outside].concat();
    let paths = subsequence(all, 1..4).prop_shuffle();
    let elements = || subsequence(vec!["a", "b", "//a", "c", "*", "a | b"], 1..3).prop_shuffle();
    let kind = select(vec!["string", "text"]);
    let text = (paths, kind, any::<bool>())
        .prop_map(move |(paths, kind, repeated)| {
            json!({"name": format!("f{index}"), "path": paths, "type": kind, "repeated": repeated})
        });
    let markup = (elements(), any::<bool>()).prop_map(move |(paths, repeated)| {
        json!({"name": format!("f{index}"), "path": paths, "type": "markup", "repeated": repeated})
    });
    let object = (elements(), nested, any::<bool>(), any::<bool>()).prop_map(
        move |(paths, nested, repeated, inner)| {
            json!({"name": format!("f{index}"), "path": paths, "type": "object", "repeated": repeated, "fields": [
                {"name": "n", "path": nested, "repeated": inner},
            ]})
        },
    );
    prop_oneof![4 => text, 1 => markup, 2 => object]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_text_is_in_a_document_or_counted(
        tree in tree(),
        record in select(vec!["/r", "/r/a", "//b", "/r/a/b", "/r/b | /r/a/b"]),
        fields in (1usize..4).prop_flat_map(|count| (0..count).map(field).collect::<Vec<_>>()),
    ) {
        let (mut xml, mut texts) = (String::new(), Vec::new());
        write_tree(&tree, "", &mut xml, &mut texts);
        let model = json!({"record": record, "fields": fields});
        let converter = converter(model.clone());
        let documents = verdicts(&converter, xml.as_bytes());
        let documents: String = documents.iter().flatten().map(Document::json).collect();
        let mut expected = BTreeMap::<String, u64>::new();
        for (path, _) in texts.into_iter().filter(|(_, text)| !documents.contains(text.as_str())) {
            *expected.entry(path).or_default() += 1;
        }
        let losses = converter.take_losses().paths.into_iter();
        let found: BTreeMap<_, _> = losses.map(|loss| (loss.path, loss.occurrences)).collect();
        prop_assert_eq!(found, expected, "{} by {} is {}", xml, model, documents);
    }
}
