//! Ids of documents as names in URLs and in rules of RBAC: letters, digits, `-` and `.` stand for themselves, every other
//! byte of UTF-8 is `_` and two upper-case hexadecimal digits, and so is a `.` at the start. There is one name for each id
//! and no other spelling of it, so that a rule with `resourceNames` covers the document that it names and no other.

use std::fmt::Write as _;

/// The name of a document with this id.
pub fn encode(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for (at, byte) in id.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b'.' && at > 0) {
            name.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(name, "_{byte:02X}");
        }
    }
    name
}

/// The id that a name stands for; `None` if it is not a name that [`encode`] makes.
pub fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'_' { digit(rest.next()?)? * 16 + digit(rest.next()?)? } else { byte });
    }
    let id = String::from_utf8(bytes).ok()?;
    (!id.is_empty() && encode(&id) == name).then_some(id)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn ids_become_names_of_one_segment_and_back() {
        for id in ["urn:newsml:example.com:20261125:1", "a/b", "..", ".", "a%2Fb", "ä_ü", "A-z.9", "\u{0}"]
        {
            let name = encode(id);
            assert!(
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
                "{name}"
            );
            assert!(!name.starts_with('.'), "{name}");
            assert_eq!(decode(&name).as_deref(), Some(id));
        }
        assert_eq!(encode("urn:a.b:1"), "urn_3Aa.b_3A1");
    }

    #[test]
    fn no_id_has_a_second_name() {
        for name in ["", ".", "..", ".a", "a_2fb", "_41", "a_2", "a_", "a/b", "a%2Fb", "_FF", "a:b", "ä"] {
            assert_eq!(decode(name), None, "{name}");
        }
    }
}
