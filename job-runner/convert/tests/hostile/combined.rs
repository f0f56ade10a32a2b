//! Every attack under combinations of what a model may allow: it is refused or harmless, whatever is mended, named,
//! unpacked or read in another encoding, after a bounded part of it and with a bounded output.

use std::io::Read;
use std::ops::ControlFlow;

use docmill_convert::{Converter, Limits, ObjectInfo, Piped, Reading, Verdict};
use docmill_crds::reason::Reason::{CorruptCompression, EntityRefused, LimitExceeded};
use serde_json::{Map, Value, json};

use super::stream::{Attack, Stream};
use super::{alone, check_memory, combinations, lenient, packed, peak, texts, xml};

const KIB: usize = 1024;

/// So much is read of an object before it is refused, or to its end.
const MOST_READ: u64 = 2 << 20;

/// So much is written, in bytes of documents.
const MOST_WRITTEN: usize = 2048 * KIB;

/// No attack makes the process larger by more.
const MOST_MEMORY: u64 = 64 << 20;

/// So much of an attack is a member of an archive.
const MEMBER: u64 = 128 << 10;

/// The attack that declares a text behind what looks like the end of the declarations: harmless where that is allowed.
const DECOY: &str = "after a decoy";

type Combination = Map<String, Value>;

/// Each combination with a model that has it. Its limits are reached soon, and its fields take all text, what is known
/// only when an element has ended, text that may be HTML, and a value that is made of others.
fn converters() -> Vec<(Combination, Converter)> {
    let limits = Limits {
        object_bytes: 256 << 10,
        nodes: 5000,
        documents: 200,
        doctype_bytes: 64 * KIB,
        attribute_bytes: 64 * KIB,
        text_bytes: 64 * KIB,
        value_bytes: 256 * KIB,
        ..Limits::default()
    };
    let fields = json!([
        {"name": "text", "path": ["."], "type": "text"},
        {"name": "html", "path": ["."], "type": "text", "html": "Text"},
        {"name": "last", "path": [".//*[last()]/@a"], "repeated": true},
        {"name": "late", "path": [".//*[p='x']/@b"], "repeated": true},
        {"name": "id", "template": "{name()}-{sha256(text|'',html|'')}"},
    ]);
    let combinations = combinations::of_pairs().into_iter();
    let with_model = |combination: Combination| {
        let converter = lenient::converter(&fields, &combination, limits);
        (combination, converter)
    };
    combinations.map(with_model).collect()
}

fn attacks() -> impl Iterator<Item = Attack> {
    let packed = [packed::attacks(), packed::emptiness()].into_iter().flatten();
    let all = [xml::attacks(), texts::attacks(), lenient::attacks()].into_iter().flatten().chain(packed);
    // A ZIP archive is read from its end, which a stream has not.
    all.filter(|attack| attack.name != "zip")
}

/// The pieces of an object, in UTF-16 if it is read as that and they are text.
fn encoded(parts: &[(Vec<u8>, u64)], combination: &Combination) -> Option<Vec<(Vec<u8>, u64)>> {
    if combination.get("encoding").is_none_or(|encoding| encoding != "utf-16le") {
        return None;
    }
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    parts.iter().map(|(bytes, times)| Some((wide(std::str::from_utf8(bytes).ok()?), *times))).collect()
}

/// The verdicts on an object, which is read again if that is due.
fn verdicts(converter: &Converter, parts: &[(Vec<u8>, u64)], name: &str) -> Vec<Verdict> {
    let mut reading = Reading::default();
    loop {
        let mut object = Piped(Stream::new(parts));
        let mut verdicts = Vec::new();
        let flow = converter.each_document(reading, &ObjectInfo::default(), &mut object, &mut |verdict| {
            verdicts.push(verdict);
            ControlFlow::<()>::Continue(())
        });
        assert!(flow.is_ok_and(|flow| flow.is_continue()), "{name}: the object can be read");
        assert!(object.0.given() <= MOST_READ, "{name}: {} bytes were read", object.0.given());
        let refusal = verdicts.last().and_then(|verdict| verdict.as_ref().err());
        match refusal.and_then(|refusal| converter.reading_after(reading, refusal)) {
            Some(another) => reading = another,
            None => return verdicts,
        }
    }
}

/// Whether an attack is refused whatever is allowed: it grows, asks for what is elsewhere, or is damaged where nothing
/// mends it.
fn is_danger(attack: &Attack) -> bool {
    let never = matches!(attack.reason, EntityRefused | LimitExceeded | CorruptCompression);
    never && attack.name != DECOY
}

#[test]
fn attacks_are_refused_or_harmless_in_all_combinations() {
    let _alone = alone();
    let converters = converters();
    for attack in attacks() {
        let before = peak();
        for (combination, converter) in &converters {
            let name = format!("{} with {}", attack.name, Value::Object(combination.clone()));
            let wide = encoded(&attack.parts, combination);
            let verdicts = verdicts(converter, wide.as_ref().unwrap_or(&attack.parts), &name);
            let written = verdicts.iter().flatten().map(|document| document.json().len()).sum::<usize>();
            assert!(written <= MOST_WRITTEN, "{name}: {written} bytes");
            let last = verdicts.last().expect("a verdict");
            assert!(last.is_err() || !is_danger(&attack), "{name}: {last:?}");
        }
        check_memory(&attack.name, before, MOST_MEMORY);
    }
}

/// A tar archive of files that are called by their numbers.
fn tar(files: [&[u8]; 3]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (number, content) in files.into_iter().enumerate() {
        let mut header = [0_u8; 512];
        let mut write = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        write(0, &format!("{number}.xml"));
        write(100, "0000644");
        write(124, &format!("{:011o}", content.len()));
        write(148, "        0");
        write(257, "ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// An attack in an archive ends its own member, or it uses up what the members may have together.
#[test]
fn a_hostile_member_leaves_its_neighbours_alone() {
    let _alone = alone();
    let opening = converters().into_iter().filter(|(combination, _)| combination.contains_key("archive"));
    let opening: Vec<_> = opening.step_by(4).collect();
    assert!(opening.len() > 10, "only {} models open archives", opening.len());
    let good = [(b"<r>good</r>".to_vec(), 1_u64)];
    for attack in attacks() {
        for (combination, converter) in &opening {
            let name = format!("{} with {}", attack.name, Value::Object(combination.clone()));
            let start = |parts: &[(Vec<u8>, u64)]| {
                let wide = encoded(parts, combination);
                let mut start = Vec::new();
                let parts = wide.as_deref().unwrap_or(parts);
                Stream::new(parts).take(MEMBER).read_to_end(&mut start).unwrap();
                start
            };
            let good = start(&good);
            let archive = tar([&good, &start(&attack.parts), &good]);
            let verdicts = verdicts(converter, &[(archive, 1)], &name);
            let of_member = |verdict: Option<&Verdict>, wanted: &str| {
                let member = verdict.and_then(|verdict| verdict.as_ref().ok()?.member.as_ref());
                member.is_some_and(|member| &*member.name == wanted)
            };
            assert!(of_member(verdicts.first(), "0.xml"), "{name}: {:?}", verdicts.first());
            let last = verdicts.last();
            let refusal = last.and_then(|verdict| verdict.as_ref().err());
            let used_up = refusal.is_some_and(|one| one.member.is_none() && one.reason == LimitExceeded);
            assert!(used_up || of_member(last, "2.xml"), "{name}: {last:?}");
        }
    }
}
