//! Encodings that have one byte for each character.

use encoding_rs::Encoding;

/// The character of each byte; `None` where there is none.
#[derive(Debug)]
pub(crate) struct ByteTable([Option<char>; 256]);

impl ByteTable {
    /// The part of ISO-8859 that a Windows code page extends: 80 to 9F are the C1 controls.
    pub(crate) fn with_controls(encoding: &'static Encoding) -> Self {
        Self(std::array::from_fn(|number| {
            let byte = u8::try_from(number).ok()?;
            if (0x80..=0x9f).contains(&byte) {
                return Some(char::from(byte));
            }
            let text = encoding.decode_without_bom_handling_and_without_replacement(&[byte])?.into_owned();
            text.chars().next()
        }))
    }

    /// Appends the text of `bytes`, up to the first one that is no character. The error is its offset.
    pub(crate) fn decode(&self, bytes: &[u8], into: &mut String) -> Result<(), usize> {
        into.reserve(bytes.len());
        for (offset, byte) in bytes.iter().enumerate() {
            into.push(self.0[usize::from(*byte)].ok_or(offset)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{WINDOWS_874, WINDOWS_1252};

    use super::ByteTable;

    #[test]
    fn each_byte_is_its_character() {
        let (latin, thai) = (ByteTable::with_controls(WINDOWS_1252), ByteTable::with_controls(WINDOWS_874));
        let mut text = String::new();
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(latin.decode(&all, &mut text), Ok(()));
        assert!(text.chars().map(u32::from).eq(0..256));
        text.clear();
        assert_eq!(thai.decode(b"a\x80\xa1\xdb!", &mut text), Err(3), "ISO-8859-11 has no DB");
        assert_eq!(text, "a\u{80}ก");
    }
}
