//! Bytes behind the root element that do not exist in the encoding: they say nothing of the encoding of what is before.

use std::time::{Duration, Instant};

use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::super::compressed::gzip;
use super::super::{Documents, refusal};
use super::{Reading, lenient, read, reading_of, text, with_record};

/// `é` as a text in UTF-8, and this behind it.
fn followed_by(trailing: &[u8]) -> Vec<u8> {
    ["<r>é</r>".as_bytes(), trailing].concat()
}

#[test]
fn what_follows_the_root_element_does_not_tell_the_encoding() {
    for (trailing, left_out) in [
        (b"\xff\xff".as_slice(), 1),
        (b"\n old block \xe9\n", 1),
        (b"\xe9 &amp; \xe9", 3),
        (b"\n<!-- caf\xe9 --><?a \xe9?>", 1),
        (b"\xe9<!-- caf\xe9 -->\0", 2),
        (b"\xe2\x82", 1),
    ] {
        let object = followed_by(trailing);
        for repairs in [json!(["TrailingData"]), json!(["TrailingData", "Encoding", "UnclosedAtEnd"])] {
            let converter = lenient(json!({ "repairs": repairs }));
            // A character that the end cuts off is mended as such.
            let mended = if trailing == b"\xe2\x82" && repairs != json!(["TrailingData"]) {
                json!({"UnclosedAtEnd": 1})
            } else {
                json!({ "TrailingData": left_out })
            };
            assert_eq!(text(&converter, &object), (json!("é"), mended), "{}", object.escape_ascii());
            assert_eq!(reading_of(&converter, &object), Reading::AsDeclared);
        }
        assert_eq!(refusal(&lenient(json!({})), &object).reason, Reason::InvalidBytes);
    }
    let markup = followed_by(b"\xff<r>\xe9</r>");
    let all = lenient(json!({"repairs": ["TrailingData", "Encoding"]}));
    assert_eq!(read(&all, &markup).0[0].as_ref().unwrap_err().reason, Reason::MalformedXml);
}

/// Text behind the root element stays a fault without the repair that leaves it out, and the documents before stand.
#[test]
fn without_trailing_data_text_is_refused_as_text() {
    let converter = with_record("//i", json!({"repairs": ["Encoding"]}));
    let (verdicts, _) = read(&converter, &["<l><i>é</i></l>".as_bytes(), b"\xe9"].concat());
    assert_eq!(super::super::json(verdicts[0].as_ref().unwrap())["x"], "é");
    assert_eq!(verdicts[1].as_ref().unwrap_err().reason, Reason::MalformedXml);
    let comment = followed_by(b"<!-- caf\xe9 -->");
    let encoding = lenient(json!({"repairs": ["Encoding"]}));
    assert_eq!(text(&encoding, &comment), (json!("é"), json!({"Encoding": 1})));
    // In an element, a byte tells the encoding of the whole object.
    assert_eq!(reading_of(&converter, b"<l>\xe9</l>"), Reading::InFallback);
}

#[test]
fn other_encodings_have_such_bytes_too() {
    let japanese =
        [b"<?xml version='1.0' encoding='shift_jis'?><r>\x93\xfa</r>".as_slice(), b"\x93\n\xff"].concat();
    let mut wide: Vec<u8> = "\u{feff}<r>é</r>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    wide.extend([0, 0xd8, 32, 0, 7]);
    let all = lenient(json!({"repairs": ["TrailingData", "Encoding"]}));
    for (object, expected) in [(japanese, "日"), (wide, "é")] {
        assert_eq!(
            text(&all, &object),
            (json!(expected), json!({"TrailingData": 1})),
            "{}",
            object.escape_ascii()
        );
    }
}

#[test]
fn between_documents_bytes_are_left_out_and_the_next_one_tells_for_itself() {
    let settings = |repairs: Value| json!({"concatenated": true, "repairs": repairs});
    let all = lenient(settings(json!(["TrailingData", "Encoding"])));
    let object = [followed_by(b"\xff\n\xe2\x82"), followed_by(b"\xe2"), followed_by(b"\n\xe2\x82")].concat();
    let (verdicts, mended) = read(&all, &object);
    let texts: Vec<_> =
        verdicts.iter().map(|one| super::super::json(one.as_ref().unwrap())["x"].clone()).collect();
    assert_eq!((texts, mended), (vec![json!("é"); 3], json!({"TrailingData": 3})));
    let next = [followed_by(b"\xff"), b"<r>caf\xe9</r>".to_vec()].concat();
    let (verdicts, _) = read(&all, &next);
    assert_eq!(
        super::super::json(verdicts[1].as_ref().unwrap())["x"],
        "café",
        "the whole object is read again"
    );
}

/// However an object comes in, and however much of it is no text.
#[test]
fn large_objects_end_as_small_ones_do() {
    let converter = with_record("//i", json!({"repairs": ["TrailingData", "Encoding"]}));
    let items = format!("<l>{}</l>\n", "<i>é</i>".repeat(1000));
    let object = [items.as_bytes(), &b"\xff\xe2\x82".repeat(50_000), b"<!-- \xe9 -->"].concat();
    for chunk in [7, 1000, 1 << 16] {
        let mut documents = Documents::in_chunks(&converter, Reading::AsDeclared, object.as_slice(), chunk);
        let all_good = documents.by_ref().all(|verdict| verdict.is_ok_and(|verdict| verdict.is_ok()));
        assert!(all_good, "{chunk}");
        assert_eq!(super::counts(&documents.repairs()), json!({"TrailingData": 1}), "{chunk}");
    }
}

#[test]
fn many_documents_with_such_bytes_between_them_are_the_same_in_all_portions() {
    let converter = lenient(json!({"concatenated": true, "repairs": ["TrailingData", "Encoding"]}));
    let object = followed_by(b"\xff\xe2\x82\n").repeat(10_000);
    for chunk in [7, 1000, 1 << 16] {
        let mut documents = Documents::in_chunks(&converter, Reading::AsDeclared, object.as_slice(), chunk);
        let good = documents.by_ref().filter(|verdict| matches!(verdict, Ok(Ok(_)))).count();
        assert_eq!(good, 10_000, "{chunk}");
        assert_eq!(super::counts(&documents.repairs()), json!({"TrailingData": 10_000}), "{chunk}");
    }
}

/// However much of an object is at hand, of which little is decoded up to the next one.
#[test]
fn each_of_such_bytes_costs_no_more_than_its_document() {
    let repairs = ["TrailingData", "Encoding"];
    let limits = json!({"maxDocuments": 400_000});
    let converter = lenient(json!({"concatenated": true, "repairs": repairs, "limits": limits}));
    for (start, byte) in [("", b"\xff"), ("<?xml version='1.0' encoding='iso-8859-11'?>", b"\xdb")] {
        let object = [start.as_bytes(), &[&b"<r/>"[..], byte].concat().repeat(400_000)].concat();
        let (portion, began) = (1 << 22, Instant::now());
        let documents = Documents::in_chunks(&converter, Reading::AsDeclared, object.as_slice(), portion);
        assert_eq!(documents.filter(|verdict| matches!(verdict, Ok(Ok(_)))).count(), 400_000, "{start}");
        assert!(began.elapsed() < Duration::from_secs(10), "{start}: {:?}", began.elapsed());
    }
}

/// Though both come in at once.
#[test]
fn damage_behind_such_bytes_is_told() {
    let packed = gzip(&followed_by(b"\xff and more"));
    let cut_off = &packed[..packed.len() - 4];
    for concatenated in [false, true] {
        let repairs = ["TrailingData", "Encoding", "UnclosedAtEnd"];
        let converter = lenient(json!({"repairs": repairs, "concatenated": concatenated}));
        let (verdicts, _) = read(&converter, cut_off);
        let refusal = verdicts.last().unwrap().as_ref().unwrap_err();
        assert_eq!(refusal.reason, Reason::CorruptCompression, "{concatenated}");
    }
}
