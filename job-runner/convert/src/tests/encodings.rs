use std::time::{Duration, Instant};

use docmill_crds::reason::Reason;

use super::{document, one, refusal, verdicts};

fn text(bytes: &[u8]) -> String {
    let verdict = verdicts(&one("string", &["."]), bytes).remove(0).unwrap();
    super::json(&verdict)["x"].as_str().unwrap().to_owned()
}

fn declared(encoding: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = format!("<?xml version='1.0' encoding='{encoding}'?><r>").into_bytes();
    bytes.extend(content);
    bytes.extend(b"</r>");
    bytes
}

#[test]
fn the_encoding_is_that_of_the_mark_or_of_the_declaration() {
    assert_eq!(text("\u{feff}<r>é</r>".as_bytes()), "é");
    assert_eq!(text(&declared("utf-8", "é".as_bytes())), "é");
    assert_eq!(text(&declared("ISO-8859-1", b"\xe9\x85")), "é\u{85}");
    assert_eq!(text(&declared("csISOLatin1", b"\x80")), "\u{80}");
    assert_eq!(text(&declared("IBM819", b"\x80")), "\u{80}");
    assert_eq!(text(&declared("iso-8859-9", b"\xfd\x80\xfe")), "ı\u{80}ş");
    assert_eq!(text(&declared("ISO-8859-15", b"\xa4")), "€");
    assert_eq!(text(&declared("windows-1252", b"\x80\x93")), "€“");
    assert_eq!(text(&declared("windows-1251", b"\xcf\xf0")), "Пр");
    assert_eq!(text(&declared("Shift_JIS", b"\x93\xfa")), "日");
    assert_eq!(text(&declared("us-ascii", b"e")), "e");
}

/// They are looked for in one piece after the other.
#[test]
fn controls_of_iso_8859_may_come_late() {
    let letters = "กข".repeat(5000);
    let bytes = b"\xa1\xa2".repeat(5000);
    let long = [&bytes[..], b"\x80", &bytes[..], b"\xdb"].concat();
    let good = declared("iso-8859-11", &long[..long.len() - 1]);
    assert_eq!(text(&good), [&letters[..], "\u{80}", &letters[..]].concat());
    let refusal = refusal(&one("string", &["."]), &declared("iso-8859-11", &long));
    assert_eq!((refusal.reason, refusal.faults[0].column), (Reason::InvalidBytes, 20_049), "{refusal}");
}

/// Each by itself would cost as much as the memory that is at hand for text.
#[test]
fn controls_of_iso_8859_take_no_longer_than_other_characters() {
    let (object, started) = (declared("iso-8859-1", &b"\x80".repeat(4 << 20)), Instant::now());
    assert!(text(&object) == "\u{80}".repeat(4 << 20));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let refusal = refusal(&one("string", &["."]), &declared("iso-8859-11", b"\x80\xa1\xdb"));
    assert_eq!((refusal.reason, refusal.faults[0].column), (Reason::InvalidBytes, 50), "{refusal}");
}

#[test]
fn utf_16_has_a_mark() {
    let xml = "<?xml version='1.0' encoding='UTF-16'?><r>é📈</r>";
    let little: Vec<u8> =
        "\u{feff}".encode_utf16().chain(xml.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> =
        "\u{feff}".encode_utf16().chain(xml.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!((text(&little), text(&big)), ("é📈".to_owned(), "é📈".to_owned()));
    let refusal = refusal(&one("string", &["."]), &big[2..]);
    assert_eq!(refusal.reason, Reason::UnsupportedEncoding);
}

#[test]
fn an_encoding_that_is_unknown_or_a_lie_is_refused() {
    for bytes in [
        declared("X-NOPE", b"x"),
        declared("UTF-7", b"x"),
        declared("utf-16", b"x"),
        declared("x-user-defined", b"x"),
        format!("<?xml version='1.0'{}encoding='iso-8859-1'?><r>\u{e9}</r>", " ".repeat(1100)).into_bytes(),
        [b"\xef\xbb\xbf".as_slice(), &declared("iso-8859-1", b"x")].concat(),
    ] {
        let refusal = refusal(&one("string", &["."]), &bytes);
        assert_eq!(refusal.reason, Reason::UnsupportedEncoding, "{refusal}");
    }
}

#[test]
fn bytes_that_do_not_decode_are_refused_with_their_place() {
    for (bytes, column) in [
        (b"<r>\n\xff</r>".to_vec(), 1),
        (b"<r>\nab\xc0\xbc</r>".to_vec(), 3),
        (b"<r>\n\xed\xa0\x80</r>".to_vec(), 1),
        (declared("us-ascii", b"\na\xe9"), 2),
        (declared("shift_jis", b"\na\x93"), 2),
        (declared("windows-1255", b"\nab\xff"), 3),
    ] {
        let refusal = refusal(&one("string", &["."]), &bytes);
        assert_eq!(refusal.reason, Reason::InvalidBytes, "{refusal}");
        assert_eq!((refusal.faults[0].line, refusal.faults[0].column), (2, column), "{refusal}");
    }
}

#[test]
fn an_object_without_content_is_empty() {
    for bytes in [b"".as_slice(), b" \r\n\t"] {
        assert_eq!(refusal(&one("string", &["."]), bytes).reason, Reason::EmptyObject);
    }
    assert_eq!(document(&one("string", &["."]), "<r/>"), serde_json::json!({}));
}
