//! Real objects, damaged at random, for as long as one likes: `DOCMILL_FUZZ_SECONDS` says for how long (2), and
//! `DOCMILL_FUZZ_SEED` with which case to start (the clock). A failure names the seed of its case.

mod archives;
mod models;
mod mutate;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

use docmill_crds::conversion::Preset;
use docmill_crds::reason::Reason;
use mutate::{Case, Random};
use serde_json::{Map, Value, json};

use super::golden::testdata;
use super::property::everything;
use super::{Converter, Documents, Reading, Refusal, Verdict, combinations, converter};

/// A number that the environment sets.
fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// Says which case it was, when it ends in a panic.
struct Named(u64, Vec<u8>);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("DOCMILL_FUZZ_SEED={} starts with this case: {}", self.0, self.1.escape_ascii());
        }
    }
}

#[test]
fn damaged_objects_are_judged_like_any_other() {
    let seconds = setting("DOCMILL_FUZZ_SECONDS").unwrap_or(2);
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let first = setting("DOCMILL_FUZZ_SEED").unwrap_or_else(|| u64::try_from(clock()).unwrap());
    let corpus = corpus();
    let combinations = combinations::of_pairs();
    let (converters, lenient) = (converters(), lenient_converters(&combinations));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut cases = 0;
    while cases == 0 || Instant::now() < end {
        let seed = first.wrapping_add(cases);
        let mut random = Random::new(seed);
        let case = mutate::case(&corpus, &mut random);
        let strict = random.choose(&converters);
        let most = *random.choose(&[64, 4096]);
        let chunk = 1 + random.below(most);
        let named = Named(seed, case.bytes.clone());
        check(strict, &case, chunk);
        check_verdicts(random.choose(&lenient), &case, chunk);
        let allowed = random.choose(&combinations);
        let own = converter(models::model(allowed, &mut random));
        check_verdicts(&own, &case, chunk);
        if random.chance(3) {
            archives::check(&own, &corpus, &mut random);
        }
        drop(named);
        cases += 1;
    }
    println!("{cases} cases from seed {first}");
}

/// Objects that presets read.
fn corpus() -> Vec<Vec<u8>> {
    let folders = Preset::ALL.iter().map(|preset| testdata().join(preset.as_str()));
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "xml")).collect();
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn converters() -> Vec<Converter> {
    // The other parser reads one XML document in each object.
    let alone = Preset::ALL.into_iter().filter(|preset| *preset != Preset::UsptoGrant);
    let presets = alone.flat_map(|preset| {
        // The other parser knows no names of characters.
        let model = |extra| json!({"preset": preset, "extra": extra, "entities": "Refuse"});
        ["Drop", "Keep", "Flattened"].map(|extra| converter(model(extra)))
    });
    presets.chain([everything()]).collect()
}

/// Presets that allow more, each in several combinations.
fn lenient_converters(combinations: &[Map<String, Value>]) -> Vec<Converter> {
    let presets = Preset::ALL.into_iter().cycle();
    let models = combinations.iter().step_by(3).zip(presets).map(|(allowed, preset)| {
        let mut model = allowed.clone();
        model.insert("preset".to_owned(), json!(preset));
        Value::Object(model)
    });
    models.map(converter).collect()
}

/// What holds for every object that a strict model reads.
fn check(converter: &Converter, case: &Case, chunk: usize) {
    let verdicts = check_verdicts(converter, case, chunk);
    for refusal in verdicts.iter().filter_map(|verdict| verdict.as_ref().err()) {
        check_refusal(refusal, case);
    }
    // An object without a verdict is a feed in which nothing is new: it ends well, too.
    let ends_well = verdicts.iter().all(|verdict| match verdict {
        Ok(_) => true,
        Err(refusal) => refusal.document.is_some() || refusal.reason == Reason::NoRecord,
    });
    if let Some(text) = case.text().filter(|_| ends_well) {
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let other = roxmltree::Document::parse_with_options(text, options);
        assert!(other.is_ok(), "another parser says: {}", other.unwrap_err());
    }
}

/// What holds for every object and every model.
fn check_verdicts(converter: &Converter, case: &Case, chunk: usize) -> Vec<Verdict> {
    let verdicts = read(converter.documents(case.bytes.as_slice()), case);
    let portions = Documents::in_chunks(converter, Reading::default(), case.bytes.as_slice(), chunk);
    let portions = read(portions, case);
    // How much a decoder gives before it meets what is damaged depends on how much it is asked for.
    assert!(case.torn || verdicts == portions, "in portions of {chunk}: {verdicts:?}\n!= {portions:?}");
    for document in verdicts.iter().flatten() {
        let value: Result<Value, _> = serde_json::from_str(document.json());
        assert!(value.is_ok_and(|value| value.is_object()), "not an object: {}", document.json());
    }
    let written = verdicts.iter().flatten().map(|document| document.json().len() as u64).sum::<u64>();
    let most = converter.limits.expansion(case.plain.len() as u64);
    assert!(case.torn || written <= most, "{written} bytes of documents, which may be {most}");
    verdicts
}

/// The verdicts; there are no more than the object has bytes for.
fn read(documents: Documents<'_>, case: &Case) -> Vec<Verdict> {
    // What was put into packed bytes may be more than was packed.
    let most = case.plain.len().max(case.bytes.len()) + 2;
    let mut verdicts: Vec<_> = documents.take(most).map(Result::unwrap).collect();
    assert!(verdicts.len() < most, "the iteration does not end");
    // How many of the bytes after a wrong one are shown depends on how many are there.
    if let Some(Err(refusal)) = verdicts.last_mut()
        && refusal.reason == Reason::InvalidBytes
    {
        refusal.faults[0].found = None;
    }
    verdicts
}

/// A refusal says why, and its place is one of the object.
fn check_refusal(refusal: &Refusal, case: &Case) {
    assert!(!refusal.faults.is_empty() && refusal.faults.len() <= crate::MAX_FAULTS, "{refusal}");
    assert_eq!(refusal.reason, refusal.faults[0].reason, "{refusal}");
    let Some(text) = case.text() else { return };
    // A carriage return alone ends a line as well, up to the first line feed.
    let (returns, feeds) = text.split_at(text.find('\n').unwrap_or(text.len()));
    let returns = returns.strip_suffix('\r').unwrap_or(returns);
    let lines: Vec<&str> = returns.split('\r').chain(feeds.split('\n').skip(1)).collect();
    for fault in &refusal.faults {
        let line = lines.get(fault.line as usize - 1);
        let columns = line.map(|line| line.chars().count() + 1);
        let within = columns.is_some_and(|columns| (1..=columns).contains(&(fault.column as usize)));
        assert!(within, "line {} has {columns:?} columns: {fault}", fault.line);
    }
}
