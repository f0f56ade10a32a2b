//! Runs every example of the pages on models: a block `yaml model`, then blocks `xml` or `json object`, each followed by
//! what becomes of it in blocks `json document` and `json refusal`.

use std::fs;
use std::path::Path;

use docmill_crds::conversion::Conversion;
use serde_json::{Value, json};

use super::{Converter, verdicts};

struct Block {
    kind: String,
    body: String,
    line: usize,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in markdown.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(kind) => {
                blocks.push(Block { kind: kind.to_owned(), body: String::new(), line: index + 1 });
                open = true;
            }
            None if open => {
                let body = &mut blocks.last_mut().unwrap().body;
                body.push_str(line);
                body.push('\n');
            }
            None => {}
        }
    }
    blocks
}

#[test]
fn every_example_does_what_its_page_says() {
    assert!(run("reference/model-language.md") >= 8);
    assert!(run("guides/conversion-models.md") >= 1);
}

/// Runs the examples of a page; returns how many there are.
fn run(page: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let markdown = fs::read_to_string(path).unwrap();
    let mut converter: Option<Converter> = None;
    let mut pending = Vec::new();
    let mut examples = 0;
    for block in blocks(&markdown) {
        let place = format!("docs/{page}:{}", block.line);
        match block.kind.as_str() {
            "yaml model" => {
                assert!(pending.is_empty(), "{place}: an outcome before is not shown: {pending:?}");
                let model: Conversion =
                    serde_saphyr::from_str(&block.body).unwrap_or_else(|e| panic!("{place}: {e}"));
                let model = model.resolve().unwrap_or_else(|e| panic!("{place}: {e}"));
                converter = Some(Converter::new(&model).unwrap());
            }
            "xml" | "json object" => {
                assert!(pending.is_empty(), "{place}: an outcome before is not shown: {pending:?}");
                let found = verdicts(converter.as_ref().unwrap(), block.body.as_bytes());
                pending = found.into_iter().map(outcome).collect();
                examples += 1;
            }
            "json document" | "json refusal" => {
                let shown: Value =
                    serde_json::from_str(&block.body).unwrap_or_else(|e| panic!("{place}: {e}"));
                assert!(!pending.is_empty(), "{place}: shows more than there is");
                assert_eq!(pending.remove(0), (block.kind, shown), "{place}");
            }
            _ => {}
        }
    }
    assert!(pending.is_empty(), "{page}: an outcome is not shown: {pending:?}");
    examples
}

fn outcome(verdict: Result<super::Document, super::Refusal>) -> (String, Value) {
    match verdict {
        Ok(document) => ("json document".into(), super::json(&document)),
        Err(refusal) => ("json refusal".into(), json!(refusal)),
    }
}
