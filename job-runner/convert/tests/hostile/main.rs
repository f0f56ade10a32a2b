//! Objects that attack the worker. Each is refused for the right reason, from a bounded part of it, in bounded memory and
//! time; or it is harmless, and what it asks for is not done. Memory is that of the process, which is why these tests have
//! one of their own and run one by one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test ends by it, and nobody uses it from elsewhere"
)]

#[path = "../combinations/mod.rs"]
mod combinations;
mod combined;
#[path = "../data/mod.rs"]
mod data;
mod growth;
mod lenient;
mod packed;
mod shared;
mod stream;
mod texts;
mod xml;

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use docmill_convert::{Converter, Limits, Refusal};
use docmill_crds::conversion::Conversion;
use docmill_crds::reason::Reason;
use serde_json::{Value, json};
use stream::{Attack, Stream};

/// An attack may make the process so much larger; honest objects take a fraction of it.
const MOST_MEMORY: u64 = 160 * 1024 * 1024;

/// No attack takes a tenth of this where code is optimised.
const MOST_TIME: Duration = Duration::from_secs(10);

static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn converter(model: Value) -> Converter {
    with_limits(model, Limits::default())
}

fn with_limits(model: Value, limits: Limits) -> Converter {
    let model: Conversion = serde_json::from_value(model).unwrap();
    Converter::with_limits(&model.resolve().unwrap(), limits).unwrap()
}

fn nitf() -> Converter {
    converter(json!({"preset": "nitf"}))
}

/// A model that takes all that there is, several times.
fn greedy() -> Value {
    json!({"record": "/*", "extra": "Keep", "fields": [
        {"name": "text", "path": ["."], "type": "text"},
        {"name": "markup", "path": ["."], "type": "markup"},
        {"name": "attributes", "path": ["//*/@a"], "repeated": true},
        {"name": "deep", "path": ["//a//a//a", "//*[@k='v']"], "repeated": true},
        {"name": "objects", "path": ["//p"], "type": "object", "repeated": true, "fields": [
            {"name": "own", "path": ["text()"]},
        ]},
    ]})
}

/// The most memory that the process had so far, where the system tells. It counts roughly, so that a later figure may be a
/// little smaller.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Fails if the process has taken this much memory or more since its peak was `before`.
fn check_memory(name: &str, before: Option<u64>, most: u64) {
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after.saturating_sub(before) < most, "{name}: {before} and {after} bytes");
    }
}

/// What ends the object, and how many bytes of it were read by then.
fn refusal(converter: &Converter, attack: &Attack) -> (Refusal, u64) {
    let mut stream = Stream::new(&attack.parts);
    let (before, started) = (peak(), Instant::now());
    let last =
        converter.documents(&mut stream).last().expect("a verdict").expect("an object that can be read");
    let took = started.elapsed();
    assert!(took < MOST_TIME, "{}: {took:?}", attack.name);
    check_memory(&attack.name, before, MOST_MEMORY);
    (last.expect_err(&attack.name), stream.given())
}

fn check(converter: &Converter, attack: &Attack) {
    let (refusal, given) = refusal(converter, attack);
    assert_eq!(refusal.reason, attack.reason, "{}: {refusal}", attack.name);
    assert!(refusal.message().contains(attack.expected), "{}: {refusal}", attack.name);
    assert!(given <= attack.most, "{}: {given} bytes were read", attack.name);
}

#[test]
fn attacks_are_refused_for_what_they_are() {
    let _alone = alone();
    let nitf = nitf();
    for attack in xml::attacks().iter().chain(&texts::attacks()).chain(&packed::attacks()) {
        check(&nitf, attack);
    }
}

#[test]
fn a_model_that_takes_everything_is_no_way_in() {
    let _alone = alone();
    let converter = converter(greedy());
    for attack in xml::attacks().iter().chain(&texts::attacks()).chain(&packed::attacks()) {
        if attack.reason == Reason::NoRecord {
            continue;
        }
        let (refusal, given) = refusal(&converter, attack);
        assert_eq!(refusal.reason, attack.reason, "{}: {refusal}", attack.name);
        assert!(given <= attack.most, "{}: {given} bytes were read", attack.name);
    }
}

/// Whatever a model allows to be mended or named, an attack is refused or harmless, and costs no more than others.
#[test]
fn no_repair_and_no_entity_is_a_way_in() {
    let _alone = alone();
    for converter in lenient::converters() {
        let known = [xml::attacks(), texts::attacks(), packed::attacks(), lenient::attacks()];
        for attack in known.iter().flatten() {
            let (before, started) = (peak(), Instant::now());
            let mut stream = Stream::new(&attack.parts);
            let verdicts = converter.documents(&mut stream).map(Result::unwrap).count();
            let took = started.elapsed();
            assert!(verdicts > 0 && took < MOST_TIME, "{}: {verdicts} in {took:?}", attack.name);
            check_memory(&attack.name, before, MOST_MEMORY);
        }
    }
}

/// What only a lenient model meets is refused for what it is.
#[test]
fn attacks_on_what_is_mended_are_refused() {
    let _alone = alone();
    let [all, ..] = lenient::converters();
    for attack in lenient::attacks() {
        check(&all, &attack);
    }
}

#[test]
fn a_flood_of_documents_ends_with_the_cap() {
    let _alone = alone();
    let attack = Attack::new("endless items", Reason::LimitExceeded, "at most 100000 documents")
        .part(b"<rss><channel>", 1)
        .part(b"<item><guid>1</guid></item>", u64::MAX)
        .reads(4 << 20);
    check(&converter(json!({"preset": "rss"})), &attack);
}

/// What an object asks a reader to fetch is left alone, and the object is an article like any other.
#[test]
fn what_an_article_asks_for_is_not_fetched() {
    let _alone = alone();
    let converter = nitf();
    for object in xml::requests() {
        let verdicts: Vec<_> = converter.documents(object.as_bytes()).map(Result::unwrap).collect();
        let [Ok(document)] = &verdicts[..] else { panic!("{object}: {verdicts:?}") };
        let value: Value = serde_json::from_str(document.json()).unwrap();
        assert_eq!(
            (value["headline"].as_str(), value["body"].as_str()),
            (Some("h"), Some("plain")),
            "{object}"
        );
    }
}

/// A decoder that gives nothing does not get past the cap on what it takes.
#[test]
fn packed_emptiness_is_capped_by_its_own_size() {
    let _alone = alone();
    let limits = Limits { object_bytes: 1 << 20, ..Limits::default() };
    let converter = with_limits(json!({"preset": "nitf"}), limits);
    for attack in packed::emptiness() {
        check(&converter, &attack);
    }
}
