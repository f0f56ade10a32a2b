//! Attacks by characters and encodings.

use docmill_crds::reason::Reason::{self, InvalidBytes, MalformedXml, UnsupportedEncoding};

use super::stream::Attack;
use super::xml::with_text;

pub fn attacks() -> Vec<Attack> {
    [characters(), bytes(), encodings()].into_iter().flatten().collect()
}

/// Characters that XML does not have, as they are and as references.
fn characters() -> Vec<Attack> {
    let texts = [
        "\0",
        "\u{1}",
        "\u{b}",
        "\u{1b}[2J",
        "\u{fffe}",
        "\u{ffff}",
        "&#0;",
        "&#x1;",
        "&#xB;",
        "&#xD800;",
        "&#xDFFF;",
        "&#xFFFE;",
        "&#x110000;",
        "&#xFFFFFFFF;",
        "&#x100000041;",
        "&#18446744073709551681;",
        "&#-65;",
        "&#+65;",
        "&#x;",
        "&#;",
        "&# 65;",
        "&#X41;",
        "&#6५;",
    ];
    texts
        .map(|text| {
            let name = format!("{text:?}");
            Attack::new(&name, MalformedXml, "").part(with_text("", text), 1)
        })
        .into()
}

/// Bytes that are no UTF-8.
fn bytes() -> Vec<Attack> {
    let wrong: [(&str, &[u8]); 10] = [
        ("overlong < of two bytes", b"\xc0\xbc"),
        ("overlong < of three", b"\xe0\x80\xbc"),
        ("overlong < of four", b"\xf0\x80\x80\xbc"),
        ("overlong NUL", b"\xc0\x80"),
        ("surrogate", b"\xed\xa0\x80"),
        ("pair of surrogates", b"\xed\xa0\xbd\xed\xb3\x88"),
        ("beyond the last character", b"\xf4\x90\x80\x80"),
        ("five bytes", b"\xf8\x88\x80\x80\x80"),
        ("continuation alone", b"\x80"),
        ("cut off", b"\xe2\x82"),
    ];
    let text = with_text("", "@");
    let (before, after) = text.split_once('@').unwrap();
    wrong
        .map(|(name, wrong)| {
            Attack::new(name, InvalidBytes, "bytes of UTF-8").part(before, 1).part(wrong, 1).part(after, 1)
        })
        .into()
}

fn encodings() -> Vec<Attack> {
    let declared =
        |name: &str| with_text(&format!("<?xml version='1.0' encoding='{name}'?>"), "plain").into_bytes();
    let marked = |name: &str| [b"\xef\xbb\xbf".to_vec(), declared(name)].concat();
    let units = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let utf_16 = |text: &str| [b"\xff\xfe".to_vec(), units(text)].concat();
    let lone = [utf_16("<nitf>"), vec![0, 0xd8], units("</nitf>")].concat();
    let wide = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<_>>();
    let high = |text: &str| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<_>>();
    let attacks: [(&str, Reason, Vec<u8>); 17] = [
        ("a lie", UnsupportedEncoding, declared("UTF-16")),
        ("unknown", UnsupportedEncoding, declared("X-NOPE")),
        ("UTF-7", UnsupportedEncoding, declared("UTF-7")),
        ("UTF-32", UnsupportedEncoding, declared("UTF-32")),
        ("EBCDIC", UnsupportedEncoding, declared("IBM037")),
        ("HZ", UnsupportedEncoding, declared("hz-gb-2312")),
        ("replacement", UnsupportedEncoding, declared("iso-2022-kr")),
        ("x-user-defined", UnsupportedEncoding, declared("x-user-defined")),
        ("another than the mark", UnsupportedEncoding, marked("windows-1252")),
        ("16 bits without a mark", UnsupportedEncoding, units("<nitf/>")),
        ("32 bits without a mark", UnsupportedEncoding, wide("<nitf/>")),
        ("32 bits with a mark", UnsupportedEncoding, wide("\u{feff}<nitf/>")),
        ("32 bits, the high ones first", UnsupportedEncoding, high("<nitf/>")),
        ("half a pair", InvalidBytes, lone),
        ("half a unit", InvalidBytes, [utf_16("<nitf/>"), vec![0x20]].concat()),
        (
            "UTF-16 that says UTF-8",
            UnsupportedEncoding,
            utf_16("<?xml version='1.0' encoding='UTF-8'?><nitf/>"),
        ),
        ("no ASCII", InvalidBytes, [declared("us-ascii"), b"<!--\xe9-->".to_vec()].concat()),
    ];
    attacks.map(|(name, reason, bytes)| Attack::new(name, reason, "").part(bytes, 1)).into()
}
