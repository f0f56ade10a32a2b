//! `Encoding`: what the bytes say counts more than what the declaration says. (Bytes that do not exist in the encoding are
//! found only on the way; then the object is read again, see [`Reading`](crate::Reading).)

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// How many bytes at the start of an object are asked whether they are UTF-8.
pub(crate) const ASKED: usize = 64 * 1024;

/// How clearly an object that declares another encoding is UTF-8, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Utf8 {
    /// They are not, or are ASCII.
    Unlikely,
    /// They could be, and have characters beyond ASCII.
    Possible,
    /// They are: text in the declared encoding would hardly look like it.
    Clear,
}

impl Utf8 {
    /// Looks at the first [`ASKED`] bytes of an object that declares this encoding.
    pub(crate) fn of(head: &[u8], declared: &'static Encoding) -> Self {
        let head = &head[..head.len().min(ASKED)];
        let text = match std::str::from_utf8(head) {
            Ok(text) => text,
            // The last character may go on.
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Self::Unlikely,
        };
        // By chance, a pair of bytes of an East Asian encoding is a character of UTF-8 in one of five cases, and three
        // pairs are two characters of three bytes in one of some thousands. Single bytes beyond ASCII hardly ever come in
        // such pairs.
        let of_two: usize = if declared.is_single_byte() { 3 } else { 1 };
        let weight = |c: char| match c.len_utf8() {
            1 => 0,
            2 => of_two,
            _ => 3,
        };
        match text.chars().map(weight).sum::<usize>() {
            0 => Self::Unlikely,
            1..12 => Self::Possible,
            _ => Self::Clear,
        }
    }
}

/// The encoding of an object that does not begin with a byte order mark, and whose first character that is neither white
/// space nor a mark is `<` in two bytes.
pub(crate) fn of_two_bytes(head: &[u8]) -> Option<&'static Encoding> {
    if begins(head, u16::from_le_bytes) {
        Some(UTF_16LE)
    } else if begins(head, u16::from_be_bytes) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Whether `<` comes first in this order of bytes.
fn begins(head: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let (pairs, _) = head.as_chunks::<2>();
    let mut units = pairs.iter().map(|pair| unit(*pair));
    units.find(|unit| !matches!(*unit, 0x20 | 0x09 | 0x0a | 0x0d | 0xfeff)) == Some(u16::from(b'<'))
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};

    use super::{ASKED, UTF_16BE, UTF_16LE, Utf8, of_two_bytes};

    #[test]
    fn some_characters_of_utf_8_leave_no_doubt() {
        let likeness = |text: &str, declared| Utf8::of(text.as_bytes(), declared);
        for (text, declared, expected) in [
            ("plain", GBK, Utf8::Unlikely),
            ("中文", GBK, Utf8::Possible),
            ("中文新闻", GBK, Utf8::Clear),
            ("東京の天気", SHIFT_JIS, Utf8::Clear),
            ("café", BIG5, Utf8::Possible),
            ("éééééééééééé", BIG5, Utf8::Clear),
            ("café, café, café", WINDOWS_1252, Utf8::Possible),
            ("café, café, café, café", WINDOWS_1252, Utf8::Clear),
            ("“Мир”", WINDOWS_1251, Utf8::Clear),
        ] {
            assert_eq!(likeness(text, declared), expected, "{text} as {}", declared.name());
        }
        let cut = [" ".repeat(ASKED - 14).as_bytes(), "中文新闻中".as_bytes()].concat();
        assert_eq!(
            Utf8::of(&cut, GBK),
            Utf8::Clear,
            "the last character goes on behind the bytes that are asked"
        );
    }

    #[test]
    fn text_of_other_encodings_does_not_look_like_utf_8() {
        let encoded = |text: &str, encoding: &'static Encoding| encoding.encode(text).0.into_owned();
        for (text, encoding) in [
            ("本报北京消息：今天天气晴朗。", GBK),
            ("東京の天気は晴れです。", SHIFT_JIS),
            ("東京の天気は晴れです。", EUC_JP),
            ("台北今天的天氣晴朗。", BIG5),
            ("오늘 서울의 날씨는 맑다.", EUC_KR),
            ("Погода сегодня ясная.", WINDOWS_1251),
            ("CAFÉ» – déjà vu", WINDOWS_1252),
        ] {
            assert_eq!(Utf8::of(&encoded(text, encoding), encoding), Utf8::Unlikely, "{text}");
        }
        // What chance makes of one character is no proof.
        assert_eq!(Utf8::of(b"\xc2\xb7", GBK), Utf8::Possible);
    }

    #[test]
    fn the_first_character_tells_the_order_of_bytes() {
        assert_eq!(of_two_bytes(b"<\0?\0"), Some(UTF_16LE));
        assert_eq!(of_two_bytes(b"\0<\0?"), Some(UTF_16BE));
        assert_eq!(of_two_bytes(b"\r\0\n\0\xff\xfe<\0"), Some(UTF_16LE));
        assert_eq!(of_two_bytes(b"\0\n\0 \0<"), Some(UTF_16BE));
        for other in ["<?", "", "\n\0", "\n<\0", "\n\0\0<", "\n\0\0\0<\0\0\0", "x\0<\0", "\0\0\0<"] {
            assert_eq!(of_two_bytes(other.as_bytes()), None, "{other:?}");
        }
    }
}
