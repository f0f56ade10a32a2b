pub(crate) mod build;
mod writers;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::ControlFlow;

use build::{ZipFile, gzip, pax, sign, tar, tar_header, tar_member, zip};
use docmill_crds::conversion::Conversion;
use docmill_crds::reason::Reason;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::format;
use super::object::Piped;
use crate::{Converter, Limits, ObjectInfo, Reading, Verdict};

/// A converter of items; `more` is added to its model.
fn converter(more: &Value) -> Converter {
    let mut model = json!({
        "record": "//item",
        "fields": [
            {"name": "id", "path": ["@id"], "required": true},
            {"name": "title", "path": ["title"], "type": "text"},
        ],
        "archive": {},
    });
    model.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Converter::new(&serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap()).unwrap()
}

fn verdicts(converter: &Converter, object: &[u8]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let outcome = converter.each_document(
        Reading::default(),
        &ObjectInfo::default(),
        &mut Cursor::new(object),
        &mut |verdict| {
            verdicts.push(verdict);
            ControlFlow::<()>::Continue(())
        },
    );
    assert!(outcome.unwrap().is_continue());
    verdicts
}

/// Each verdict as the member, and the document or the reason.
fn told(verdicts: &[Verdict]) -> Vec<String> {
    let one = |verdict: &Verdict| match verdict {
        Ok(document) => {
            let member = document.member.as_ref().map_or("-", |member| &*member.name);
            format!("{member} {} {}", document.index_in_object, document.field("id").unwrap())
        }
        Err(refusal) => {
            let member = refusal.member.as_ref().map_or("-", |member| &*member.name);
            format!("{member} {}", refusal.reason)
        }
    };
    verdicts.iter().map(one).collect()
}

fn read(more: &Value, object: &[u8]) -> Vec<String> {
    told(&verdicts(&converter(more), object))
}

fn item(id: &str) -> Vec<u8> {
    format!("<r><item id=\"{id}\"><title>One</title></item></r>").into_bytes()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

#[test]
fn each_member_is_read_as_an_object_and_named() {
    let (one, two) = (item("1"), [item("2"), b"\n".to_vec()].concat());
    let three = gzip(&item("3"));
    let files: [(&str, &[u8]); 3] = [("a.xml", &one), ("2026/b.xml", &two), ("c.xml.gz", &three)];
    let zipped = files.map(|(name, content)| ZipFile::new(name, content));
    let packed = tar(&files);
    let expected = ["a.xml 0 \"1\"", "2026/b.xml 0 \"2\"", "c.xml.gz 0 \"3\""];
    let padded = [gzip(&packed), vec![0; 700]].concat();
    let compressed = [gzip(&packed), padded, zstd(&packed)];
    for object in [packed, zip(&zipped, false), zip(&zipped, true)].iter().chain(&compressed) {
        assert_eq!(read(&json!({}), object), expected);
    }
}

#[test]
fn one_that_is_refused_does_not_touch_the_others() {
    let two = b"<r><item/><item id='2'/></r>";
    let (one, three) = (item("1"), item("3"));
    let files: [(&str, &[u8]); 5] = [
        ("bad.xml", b"<r><item id='0'>"),
        ("a.xml", &one),
        ("b.xml", two),
        ("empty.xml", b""),
        ("c.xml", &three),
    ];
    let expected = [
        "bad.xml MalformedXml",
        "a.xml 0 \"1\"",
        "b.xml MissingField",
        "b.xml 1 \"2\"",
        "empty.xml EmptyObject",
        "c.xml 0 \"3\"",
    ];
    for object in [tar(&files), zip(&files.map(|(name, content)| ZipFile::new(name, content)), false)] {
        let verdicts = verdicts(&converter(&json!({})), &object);
        assert_eq!(told(&verdicts), expected);
        let message = verdicts[0].as_ref().unwrap_err().message();
        assert!(message.starts_with("member \"bad.xml\": expected "), "{message}");
        let refusal = serde_json::to_value(verdicts[2].as_ref().unwrap_err()).unwrap();
        assert_eq!((&refusal["member"], &refusal["document"]), (&json!("b.xml"), &json!(0)));
    }
}

/// Of what never gives a byte, not everything is held in memory.
#[test]
fn little_is_read_to_find_out_what_an_object_is() {
    let nothing = gzip(b"").repeat(200_000);
    for empty in [nothing.clone(), [nothing, gzip(&tar(&[("a.xml", &item("1"))]))].concat()] {
        let (format, seen) = format::detect(empty.as_slice(), &Limits::default()).unwrap();
        assert_eq!((format, seen.len()), (None, 1 << 20));
        assert_eq!(read(&json!({}), &empty).len(), 1);
    }
}

#[test]
fn members_that_no_pattern_names_are_left_out() {
    let (one, two) = (item("1"), item("2"));
    let files: [(&str, &[u8]); 4] =
        [("a.xml", &one), ("README", b"Hello"), ("x/b.xml", &two), ("x/b.json", b"{}")];
    let rules = |patterns: Value| json!({"archive": {"members": patterns}});
    for object in [tar(&files), zip(&files.map(|(name, content)| ZipFile::new(name, content)), false)] {
        assert_eq!(read(&rules(json!(["*.xml"])), &object), ["a.xml 0 \"1\"", "x/b.xml 0 \"2\""]);
        assert_eq!(read(&rules(json!(["x/*.xml", "?.xml"])), &object).len(), 2);
        assert_eq!(read(&rules(json!(["*.txt"])), &object), ["- NoRecord"]);
    }
}

#[test]
fn zip_archives_are_read_by_their_directory_however_they_were_written() {
    let file = |id: &str| ZipFile::new(&format!("{id}.xml"), &item(id));
    let files = [
        ZipFile { method: 0, ..file("1") },
        ZipFile { described_later: true, ..file("2") },
        ZipFile { method: 0, described_later: true, ..file("3") },
        ZipFile { large: true, ..file("4") },
        ZipFile { content: Vec::new(), method: 0, ..ZipFile::new("folder/", b"") },
    ];
    let expected: Vec<_> = (1..5).map(|id| format!("{id}.xml 0 \"{id}\"")).collect();
    for large in [false, true] {
        assert_eq!(read(&json!({}), &zip(&files, large)), expected);
    }
    assert_eq!(read(&json!({}), &zip(&[], false)), ["- NoRecord"]);
    let comment = b"PK\x05\x06 a comment";
    let mut commented = [zip(&files, false), comment.to_vec()].concat();
    let length_at = commented.len() - comment.len() - 2;
    commented[length_at] = 14;
    assert_eq!(read(&json!({}), &commented), expected);
}

#[test]
fn names_of_zip_archives_are_in_utf_8_or_in_code_page_437() {
    let named = |flags| {
        let mut object = zip(&[ZipFile { flags, ..ZipFile::new("caf@.xml", &item("1")) }], false);
        let places: Vec<_> = memchr::memmem::find_iter(&object, b"caf@").collect();
        for at in places {
            object[at + 3] = 0x82;
        }
        read(&json!({}), &object)
    };
    assert_eq!(named(0), ["café.xml 0 \"1\""]);
    assert_eq!(named(1 << 11), ["caf\u{fffd}.xml 0 \"1\""]);
    let object = zip(&[ZipFile::new("ü.xml", &item("1"))], false);
    assert_eq!(read(&json!({}), &object), ["ü.xml 0 \"1\""]);
}

#[test]
fn tar_archives_name_their_members_in_many_ways() {
    let long = format!("{}/a.xml", "folder/".repeat(40));
    let mut prefixed = tar_member(b"b.xml", b'0', &item("4"));
    prefixed[345..348].copy_from_slice(b"x/y");
    sign(&mut prefixed[..512]);
    let mut binary = tar_member(b"c.xml", b'0', &item("5"));
    let size = u8::try_from(item("5").len()).unwrap();
    binary[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, size]);
    sign(&mut binary[..512]);
    let size = item("6").len().to_string();
    let mut unsized_member = tar_member(b"d.xml", b'0', &item("6"));
    unsized_member[124..136].copy_from_slice(b"00000000000\0");
    sign(&mut unsized_member[..512]);
    let object = [
        tar_member(b"./", b'5', b""),
        tar_member(b"pax_global_header", b'g', pax("comment", "x").as_bytes()),
        tar_member(b"././@LongLink", b'L', format!("{long}\0").as_bytes()),
        tar_member(b"folder/folder", b'0', &item("1")),
        tar_member(b"PaxHeaders/x", b'x', [pax("mtime", "1.5"), pax("path", &long)].concat().as_bytes()),
        tar_member(b"folder/folder", b'0', &item("2")),
        tar_member(b"link.xml", b'2', b""),
        tar_member(b"./a.xml", 0, &item("3")),
        prefixed,
        binary,
        tar_member(b"PaxHeaders/y", b'x', pax("size", &size).as_bytes()),
        unsized_member,
        vec![0; 10240],
    ]
    .concat();
    let expected = [
        format!("{long} 0 \"1\""),
        format!("{long} 0 \"2\""),
        "a.xml 0 \"3\"".to_owned(),
        "x/y/b.xml 0 \"4\"".to_owned(),
        "c.xml 0 \"5\"".to_owned(),
        "d.xml 0 \"6\"".to_owned(),
    ];
    assert_eq!(read(&json!({}), &object), expected);
}

#[test]
fn what_cannot_be_read_as_an_object_is_refused_by_itself() {
    let (inner, good) = (tar(&[("x.xml", &item("1"))]), item("2"));
    let zipped = [
        ZipFile { flags: 1, ..ZipFile::new("encrypted.xml", &good) },
        ZipFile { method: 12, ..ZipFile::new("bzip2.xml", &good) },
        ZipFile::new("nested.tar", &inner),
        ZipFile::new("nested.zip", &zip(&[ZipFile::new("x.xml", &good)], false)),
        ZipFile::new("nested.tar.gz", &gzip(&inner)),
        ZipFile::new("nested.zip.gz", &gzip(&zip(&[ZipFile::new("x.xml", &good)], false))),
        ZipFile::new("../up.xml", &good),
        ZipFile::new("/etc/absolute.xml", &good),
        ZipFile::new("good.xml", &good),
    ];
    let found = read(&json!({}), &zip(&zipped, false));
    let (last, refused) = found.split_last().unwrap();
    assert_eq!(last, "good.xml 0 \"2\"");
    assert_eq!(refused.len(), 8, "{found:?}");
    assert!(refused.iter().all(|told| told.ends_with(" UnsupportedMember")), "{found:?}");
    let object = [
        tar_member(b"sparse.xml", b'S', &good),
        tar_member(b"a/../../up.xml", b'0', &good),
        tar_member(b"nested.tar", b'0', &inner),
        tar_member(b"large.xml", b'0', &[b' '; 600]),
        tar_member(b"good.xml", b'0', &good),
        vec![0; 1024],
    ]
    .concat();
    let expected = [
        "sparse.xml UnsupportedMember",
        "a/../../up.xml UnsupportedMember",
        "nested.tar LimitExceeded",
        "large.xml LimitExceeded",
        "good.xml 0 \"2\"",
    ];
    assert_eq!(read(&json!({"archive": {"maxMemberBytes": 500}}), &object), expected);
}

#[test]
fn a_damaged_member_of_a_zip_archive_is_refused_and_the_others_are_read() {
    let stored = |id| ZipFile { method: 0, ..ZipFile::new(&format!("{id}.xml"), &item(id)) };
    let files = ["1", "2", "3"].map(stored);
    let sound = zip(&files, false);
    let at = memchr::memmem::find(&sound, b"id=\"2\"").unwrap();
    let mut damaged = sound.clone();
    damaged[at + 4] = b'7';
    let expected = ["1.xml 0 \"1\"", "2.xml MalformedArchive", "3.xml 0 \"3\""];
    assert_eq!(read(&json!({}), &damaged), expected);
    let at = memchr::memmem::find(&sound, b"2.xml").unwrap();
    let mut renamed = sound;
    renamed[at] = b'9';
    assert_eq!(read(&json!({}), &renamed), expected);
}

#[test]
fn what_is_cut_off_or_followed_by_more_is_refused() {
    let (one, two) = (item("1"), item("2"));
    let files: [(&str, &[u8]); 2] = [("a.xml", &one), ("b.xml", &two)];
    let object = tar(&files);
    for length in [600, 1024, 1100, 2048] {
        let found = read(&json!({}), &object[..length]);
        assert_eq!(found.last().unwrap(), "- MalformedArchive", "{length}: {found:?}");
    }
    let twice = [object.clone(), object].concat();
    assert_eq!(read(&json!({}), &twice).last().unwrap(), "- MalformedArchive");
    let zipped = zip(&files.map(|(name, content)| ZipFile::new(name, content)), false);
    for length in [30, 100, zipped.len() - 1] {
        assert_eq!(read(&json!({}), &zipped[..length]), ["- MalformedArchive"]);
    }
}

/// However small the archive is: what comes before the damage is not lost with the portion that it is read in.
#[test]
fn members_before_damaged_compression_stand() {
    let (one, two) = (item("1"), item("2"));
    let files: [(&str, &[u8]); 2] = [("a.xml", &one), ("b.xml", &two)];
    let packed = gzip(&tar(&files));
    let both = ["a.xml 0 \"1\"", "b.xml 0 \"2\"", "- CorruptCompression"];
    assert_eq!(read(&json!({}), &packed[..packed.len() - 4]), both);
    assert_eq!(read(&json!({}), &[packed, b"more".to_vec()].concat()), both);
    let in_two = [gzip(&tar(&files)[..1024]), b"damage".to_vec()].concat();
    assert_eq!(read(&json!({}), &in_two), ["a.xml 0 \"1\"", "- CorruptCompression"]);
}

#[test]
fn caps_hold_for_all_members_together() {
    let items: Vec<_> = (0..5).map(|id| item(&id.to_string())).collect();
    let files: Vec<(&str, &[u8])> = items.iter().map(|item| ("a.xml", item.as_slice())).collect();
    let last = |more: &Value, object: &[u8]| {
        let verdicts = verdicts(&converter(more), object);
        let refusal = verdicts.last().unwrap().as_ref().unwrap_err();
        assert_eq!((refusal.reason, &refusal.member), (Reason::LimitExceeded, &None), "{refusal}");
        (verdicts.len() - 1, refusal.message())
    };
    let zipped: Vec<_> = files.iter().map(|(name, content)| ZipFile::new(name, content)).collect();
    for object in [tar(&files), zip(&zipped, false)] {
        let (count, message) = last(&json!({"archive": {"maxMembers": 3}}), &object);
        assert!(count == 3 && message.contains("at most 3 members"), "{count} {message}");
        let (count, message) = last(&json!({"limits": {"maxDocuments": 3}}), &object);
        assert!(count == 4 && message.contains("at most 3 documents"), "{count} {message}");
        let (count, message) = last(&json!({"limits": {"maxExpandedBytes": 120}}), &object);
        assert!(count <= 3 && message.contains("at most 120 bytes"), "{count} {message}");
    }
}

#[test]
fn a_bomb_is_refused_before_it_has_gone_off() {
    let bomb = [b"<r>".to_vec(), vec![b' '; 8 << 20]].concat();
    let good = item("1");
    let zipped = [ZipFile::new("bomb.xml", &bomb), ZipFile::new("good.xml", &good)];
    assert_eq!(read(&json!({}), &zip(&zipped, false)), ["bomb.xml LimitExceeded", "good.xml 0 \"1\""]);
    // Its size is a lie, too.
    let mut lying = zip(&zipped, false);
    let directory = memchr::memmem::rfind(&lying, b"PK\x01\x02\x14\x03").unwrap();
    let first = memchr::memmem::find(&lying, b"PK\x01\x02\x14\x03").unwrap();
    assert!(first < directory);
    lying[first + 24..first + 28].copy_from_slice(&100_u32.to_le_bytes());
    assert_eq!(read(&json!({}), &lying), ["bomb.xml MalformedArchive", "good.xml 0 \"1\""]);
    let packed = zstd(&tar(&[("bomb.xml", &bomb), ("good.xml", &good)]));
    assert_eq!(read(&json!({}), &packed).last().unwrap(), "- LimitExceeded");
}

/// Many entries of a directory that share one content, which is small enough by itself.
#[test]
fn members_that_overlap_are_counted_each_time() {
    let content = [item("1"), vec![b' '; 100 << 10]].concat();
    let one = zip(&[ZipFile::new("a.xml", &content)], false);
    let start = memchr::memmem::find(&one, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::find(&one, b"PK\x05\x06").unwrap();
    let entries = one[start..end].repeat(200);
    let mut tail = one[end..].to_vec();
    tail[8..12].copy_from_slice(&[200, 0, 200, 0]);
    tail[12..16].copy_from_slice(&u32::try_from(entries.len()).unwrap().to_le_bytes());
    let object = [&one[..start], &entries, &tail].concat();
    let found = read(&json!({}), &object);
    assert_eq!(found.last().unwrap(), "- LimitExceeded");
    assert!(found.len() < 60, "{}", found.len());
}

#[test]
fn each_member_is_mended_by_itself() {
    let (mut french, good) = (item("2"), item("1"));
    let at = memchr::memmem::find(&french, b"One").unwrap();
    french[at] = 0xe9;
    let space = [b"\n<?xml version='1.0'?>".to_vec(), item("3")].concat();
    let model = converter(&json!({"repairs": ["Encoding", "LeadingSpace"]}));
    let object = tar(&[("a.xml", &good), ("b.xml", &french), ("c.xml", &space)]);
    let verdicts = verdicts(&model, &object);
    let documents: Vec<_> = verdicts.iter().map(|verdict| verdict.as_ref().unwrap()).collect();
    let titles: Vec<_> = documents.iter().map(|document| document.field("title").unwrap()).collect();
    assert_eq!(titles, ["\"One\"", "\"éne\"", "\"One\""]);
    let is_mended: Vec<_> = documents.iter().map(|document| !document.repairs().is_empty()).collect();
    assert_eq!(is_mended, [false, true, true]);
}

/// A member has a limit of its own, also where it is read again.
#[test]
fn a_member_that_is_mended_may_be_larger_than_an_object() {
    let mut french = [vec![b' '; 3000], item("1")].concat();
    let at = memchr::memmem::find(&french, b"One").unwrap();
    french[at] = 0xe9;
    let rules = json!({"repairs": ["Encoding"], "limits": {"maxObjectBytes": 2000}});
    assert_eq!(read(&rules, &gzip(&tar(&[("a.xml", &french)]))), ["a.xml 0 \"1\""]);
}

#[test]
fn what_is_no_archive_is_read_as_before_and_an_archive_only_where_the_model_says_so() {
    assert_eq!(read(&json!({}), &item("1")), ["- 0 \"1\""]);
    assert_eq!(read(&json!({}), &gzip(&item("1"))), ["- 0 \"1\""]);
    assert_eq!(read(&json!({}), b""), ["- EmptyObject"]);
    let object = zip(&[ZipFile::new("a.xml", &item("1"))], false);
    assert_eq!(read(&json!({"archive": null}), &object), ["- MalformedXml"]);
    assert_eq!(read(&json!({}), &gzip(&object)), ["- MalformedXml"], "it cannot be read at any place");
    let fields = json!([{"name": "id", "path": ["id"], "type": "integer"}]);
    let lines = tar(&[("a.ndjson", b"{\"id\": 1}\n{\"id\": 2}\n")]);
    let found = read(&json!({"format": "Json", "record": "$", "fields": fields}), &lines);
    assert_eq!(found, ["a.ndjson 0 1", "a.ndjson 1 2"]);
}

#[test]
fn a_verdict_that_breaks_ends_the_archive() {
    let (one, two) = (item("1"), item("2"));
    let mut seen = 0;
    let object = tar(&[("a.xml", &one), ("b.xml", &two)]);
    let outcome = converter(&json!({}))
        .each_document(Reading::default(), &ObjectInfo::default(), &mut Cursor::new(&object), &mut |_| {
            seen += 1;
            ControlFlow::Break("enough")
        })
        .unwrap();
    assert_eq!((outcome, seen), (ControlFlow::Break("enough"), 1));
}

#[test]
fn from_a_pipe_tar_is_read_and_zip_is_not() {
    let convert = |object: &[u8]| {
        let (converter, mut count) = (converter(&json!({})), 0);
        let read = converter.each_document(
            Reading::default(),
            &ObjectInfo::default(),
            &mut Piped(object),
            &mut |verdict| {
                count += usize::from(verdict.is_ok());
                ControlFlow::<()>::Continue(())
            },
        );
        read.map(|_| count)
    };
    assert_eq!(convert(&gzip(&tar(&[("a.xml", &item("1"))]))).unwrap(), 1);
    let error = convert(&zip(&[ZipFile::new("a.xml", &item("1"))], false)).unwrap_err();
    assert!(error.to_string().contains("save it as a file"), "{error}");
}

#[test]
fn members_are_copied_unchanged_by_their_numbers() {
    let contents = [item("1"), b"<bad".to_vec(), vec![7; 100_000]];
    let files: [(&str, &[u8]); 3] =
        [("same.xml", &contents[0]), ("same.xml", &contents[1]), ("c.xml", &contents[2])];
    let zipped: Vec<_> = files.iter().map(|(name, content)| ZipFile::new(name, content)).collect();
    for object in [gzip(&tar(&files)), zip(&zipped, false)] {
        let mut copies = Vec::new();
        let numbers = BTreeSet::from([1, 2]);
        converter(&json!({}))
            .copy_members(&mut Cursor::new(&object), &numbers, &mut |member, reader| {
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes)?;
                copies.push((member.number, bytes));
                Ok(())
            })
            .unwrap();
        assert_eq!(copies, [(1, contents[1].clone()), (2, contents[2].clone())]);
    }
}

#[test]
fn a_header_with_an_impossible_number_is_refused() {
    for size in [&b"99999999999"[..], b"zzzzzzzzzzz", &[0xff; 11]] {
        let object = [tar_header(b"a.xml", b'0', size), vec![0; 1024]].concat();
        assert_eq!(read(&json!({}), &object), ["- MalformedArchive"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_packed_comes_out(
        files in prop::collection::vec(("[a-z]{1,9}(/[a-z]{1,9}){0,5}", 0_u32..1000, 0_u8..4), 1..12),
        large: bool,
    ) {
        let contents: Vec<_> = files.iter().map(|(_, id, _)| item(&id.to_string())).collect();
        let (mut packed, mut zipped, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for ((name, id, how), content) in files.iter().zip(&contents) {
            packed.push((name.as_str(), content.as_slice()));
            let (method, described_later) = (if how & 1 == 0 { 8 } else { 0 }, how & 2 != 0);
            zipped.push(ZipFile { method, described_later, large, ..ZipFile::new(name, content) });
            expected.push(format!("{name} 0 \"{id}\""));
        }
        for object in [tar(&packed), gzip(&tar(&packed)), zip(&zipped, large)] {
            prop_assert_eq!(&read(&json!({}), &object), &expected);
        }
    }

    /// Never a panic, and never an object of which nothing is told.
    #[test]
    fn whatever_is_damaged_is_told(
        kind in 0_usize..4, at: prop::sample::Index, bit in 0_u8..8, cut: Option<prop::sample::Index>,
    ) {
        let (one, two) = (item("1"), item("2"));
        let files: [(&str, &[u8]); 2] = [("a.xml", &one), ("b.xml", &two)];
        let zipped = files.map(|(name, content)| ZipFile::new(name, content));
        let mut object = match kind {
            0 => tar(&files),
            1 => gzip(&tar(&files)),
            _ => zip(&zipped, kind == 3),
        };
        let place = at.index(object.len());
        object[place] ^= 1 << bit;
        if let Some(cut) = cut {
            object.truncate(cut.index(object.len()));
        }
        let verdicts = read(&json!({}), &object);
        prop_assert!(!verdicts.is_empty());
    }
}
