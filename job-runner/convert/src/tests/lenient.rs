//! Objects that are not well-formed, as models may allow them: what is made of each, and how it is counted.

mod concatenated;
mod documented;
mod encodings;
mod entities;
mod generated;
mod repairs;
mod trailing_bytes;

use std::io::Cursor;

use docmill_crds::conversion::{Repair, RepairCounts};
use serde_json::{Value, json};

use super::{Converter, Reading, Verdict, converter};

/// A converter of one field `x`, the text of the record `/r`, with these settings.
fn lenient(settings: Value) -> Converter {
    with_record("/r", settings)
}

/// The same with another record.
fn with_record(record: &str, mut settings: Value) -> Converter {
    settings["record"] = json!(record);
    settings["fields"] = json!([{"name": "x", "path": ["."]}, {"name": "a", "path": ["@a"]}]);
    converter(settings)
}

/// One with this repair alone.
fn mending(repair: Repair) -> Converter {
    lenient(json!({"repairs": [repair]}))
}

/// The verdicts on an object, read again if that is due, and what was mended.
fn read(converter: &Converter, bytes: &[u8]) -> (Vec<Verdict>, Value) {
    let mut reading = Reading::default();
    loop {
        let mut documents = converter.documents_in(reading, bytes);
        let verdicts: Vec<_> = documents.by_ref().map(Result::unwrap).collect();
        let refusal = verdicts.last().and_then(|verdict| verdict.as_ref().err());
        match refusal.and_then(|refusal| converter.reading_after(reading, refusal)) {
            Some(another) => reading = another,
            None => return (verdicts, counts(&documents.repairs())),
        }
    }
}

/// How an object has to be read, found out without making documents.
fn reading_of(converter: &Converter, bytes: &[u8]) -> Reading {
    converter.reading_of(&converter.limits, &mut Cursor::new(bytes)).unwrap()
}

fn counts(repairs: &RepairCounts) -> Value {
    serde_json::to_value(repairs).unwrap()
}

/// The field `x` of the only document, and what was mended for it, which is all.
fn text(converter: &Converter, bytes: &[u8]) -> (Value, Value) {
    let (mut verdicts, mended) = read(converter, bytes);
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    let document = verdicts.remove(0).unwrap_or_else(|refusal| panic!("{}: {refusal}", bytes.escape_ascii()));
    assert_eq!(counts(document.repairs()), mended);
    (super::json(&document)["x"].clone(), mended)
}
