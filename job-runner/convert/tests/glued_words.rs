//! No two words become one where an element parts them: every string of every document is held against a reader that
//! has the whole tree and a list of its own of elements that are within a word.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends by it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use docmill_convert::Converter;
use docmill_crds::conversion::{Conversion, Preset};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Value, json};

/// Elements of which a word may have letters inside and outside.
const WITHIN_WORDS: &[&str] =
    &["a", "b", "bold", "em", "ext-link", "i", "italic", "span", "strong", "sub", "sup", "underline", "xref"];
const MATHML: &str = "http://www.w3.org/1998/Math/MathML";

/// Shorter ends of words, and digits, stand side by side by chance too often.
const LETTERS: usize = 2;

/// What a reader of the tree sees.
#[derive(Default)]
struct Reader {
    /// The end of the text so far, as far as it is letters.
    before: String,
    /// An element has parted that from what follows.
    parted: bool,
    /// Words that would be made of two.
    glued: BTreeSet<String>,
    /// Words as they are.
    words: BTreeSet<String>,
}

impl Reader {
    fn element(&mut self, element: Node<'_, '_>) {
        self.parted |= parts(element);
        self.words.extend(element.attributes().flat_map(|attribute| words(attribute.value())));
        for child in element.children() {
            if child.is_element() {
                self.element(child);
            } else if child.is_text() {
                self.text(child.text().unwrap_or_default());
            }
        }
        self.parted |= parts(element);
    }

    fn text(&mut self, text: &str) {
        let start: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
        if self.parted && start.chars().count() >= LETTERS && self.before.chars().count() >= LETTERS {
            self.glued.insert(format!("{}{start}", self.before));
        }
        self.words.extend(words(text));
        let end = text.rfind(|c: char| !c.is_alphabetic());
        let last = end.map_or(text, |end| text[end..].trim_start_matches(|c: char| !c.is_alphabetic()));
        last.clone_into(&mut self.before);
        self.parted = false;
    }
}

fn parts(element: Node<'_, '_>) -> bool {
    let name = element.tag_name();
    name.namespace() != Some(MATHML) && !WITHIN_WORDS.contains(&name.name())
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_owned)
}

fn words_of(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(words(text)),
        Value::Array(values) => values.iter().for_each(|value| words_of(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| words_of(value, found)),
        _ => {}
    }
}

/// The words in the documents of an object that are two in the object. `None`: it is no XML for the reader.
fn glued(converter: &Converter, xml: &str) -> Option<Vec<String>> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let tree = Document::parse_with_options(xml, options).ok()?;
    let mut reader = Reader::default();
    reader.element(tree.root_element());
    let mut found = BTreeSet::new();
    for verdict in converter.documents(xml.as_bytes()) {
        if let Ok(document) = verdict.unwrap() {
            words_of(&serde_json::from_str(document.json()).unwrap(), &mut found);
        }
    }
    let is_made_of_two = |word: &&String| found.contains(*word) && !reader.words.contains(*word);
    Some(reader.glued.iter().filter(is_made_of_two).cloned().collect())
}

fn converter(model: Value) -> Converter {
    let conversion: Conversion = serde_json::from_value(model).unwrap();
    Converter::new(&conversion.resolve().unwrap()).unwrap()
}

#[test]
fn no_words_are_glued_in_the_golden_files() {
    let mut checked = 0;
    for preset in Preset::ALL {
        let converter = converter(json!({ "preset": preset }));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(preset.as_str());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "xml") {
                continue;
            }
            let Ok(xml) = fs::read_to_string(&path) else { continue };
            let Some(words) = glued(&converter, &xml) else { continue };
            assert!(words.is_empty(), "{}: {words:?}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 15, "only {checked} files were read");
}

#[test]
fn no_words_are_glued_in_vocabularies_without_a_preset() {
    let body = |record: &str, path: &str, namespaces: &[&str]| {
        json!({"record": record, "defaultNamespaces": namespaces,
            "fields": [{"name": "body", "path": [path], "type": "text"}, {"name": "line", "path": [path]}]})
    };
    let tei = "<TEI xmlns='http://www.tei-c.org/ns/1.0'><text><body><head>Night</head><lg><l>First line</l><l>Second line\
        </l></lg><p>one<lb/>two <title>Moby</title></p><list><item>three</item><item>four</item></list>\
        <bibl>Melville</bibl><bibl>Poe</bibl></body></text></TEI>";
    let register = "<FEDREG><RULE><SUPLINF><HD>Background</HD><P>It ends.</P><P>Second one</P><FTNT><P>note</P></FTNT>\
        <GPOTABLE><TTITLE>Rates</TTITLE><ROW><ENT>left</ENT><ENT>right</ENT></ROW></GPOTABLE></SUPLINF></RULE></FEDREG>";
    for (model, xml) in [
        (body("/TEI", "text/body", &["http://www.tei-c.org/ns/1.0"]), tei),
        (body("//RULE", "SUPLINF", &[""]), register),
    ] {
        assert_eq!(glued(&converter(model), xml), Some(Vec::new()), "{xml}");
    }
}

/// The reader finds what there is to find, and a model can mend it.
#[test]
fn words_of_an_unknown_vocabulary_are_glued_until_its_model_names_them() {
    let xml = "<r><p><zz>one</zz><zz>two</zz></p><p><b>un</b>bound</p></r>";
    let fields = json!([{"name": "x", "path": ["."]}]);
    let plain = converter(json!({"record": "/r", "fields": fields}));
    assert_eq!(glued(&plain, xml), Some(vec!["onetwo".to_owned()]));
    let named = converter(json!({"record": "/r", "fields": fields, "cells": ["zz"]}));
    assert_eq!(glued(&named, xml), Some(Vec::new()));
}
