//! Writes JSON text (RFC 8259) piece by piece, so that a document needs no tree of values on its way to the
//! index.

use serde_json::Value;

/// JSON text that is being written. The caller ensures that the pieces form valid JSON.
#[derive(Debug, Default)]
pub(crate) struct JsonWriter {
    text: String,
}

/// What the move of a member does to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// How many bytes stand before the member now, from its place on.
    pub(crate) before: usize,
    /// By how many bytes everything behind it moves.
    pub(crate) by: usize,
}

impl JsonWriter {
    pub(crate) const fn len(&self) -> usize {
        self.text.len()
    }

    /// Removes everything that was written after this length.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.text.truncate(length);
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends JSON.
    pub(crate) fn raw(&mut self, json: &str) {
        self.text.push_str(json);
    }

    /// Appends `,` unless the text ends with the start of an object or a list.
    pub(crate) fn separate(&mut self) {
        if !self.text.ends_with(['{', '[']) {
            self.text.push(',');
        }
    }

    /// Moves the member that was written last, without a separator, to an earlier place: behind a member or its comma, or
    /// at the start of its object.
    pub(crate) fn move_member(&mut self, from: usize, to: usize) -> Moved {
        let member = self.text.split_off(from);
        let follows_member = !self.text[..to].ends_with(['{', ',']);
        let before = if follows_member { "," } else { "" };
        let after = if !follows_member && to < from { "," } else { "" };
        let separated = format!("{before}{member}{after}");
        self.text.insert_str(to, &separated);
        Moved { before: before.len(), by: separated.len() }
    }

    /// Appends any value.
    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.string(text),
            // Only a map whose keys are not strings fails, and there is none.
            other => self.text.push_str(&serde_json::to_string(other).unwrap_or_default()),
        }
    }

    /// Appends a string: RFC 8259, section 7.
    pub(crate) fn string(&mut self, value: &str) {
        self.text.push('"');
        let mut rest = value;
        loop {
            let plain = plain_length(rest.as_bytes());
            self.text.push_str(&rest[..plain]);
            let Some(byte) = rest.as_bytes().get(plain) else { break };
            self.escape(*byte);
            rest = &rest[plain + 1..];
        }
        self.text.push('"');
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            b'"' => self.text.push_str("\\\""),
            b'\\' => self.text.push_str("\\\\"),
            b'\n' => self.text.push_str("\\n"),
            b'\r' => self.text.push_str("\\r"),
            b'\t' => self.text.push_str("\\t"),
            0x08 => self.text.push_str("\\b"),
            0x0c => self.text.push_str("\\f"),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                self.text.push_str("\\u00");
                self.text.push(char::from(DIGITS[usize::from(byte >> 4)]));
                self.text.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
}

/// How many bytes from the start need no escape.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    // Most strings end within a large block.
    let start = skip_plain::<8>(bytes, skip_plain::<32>(bytes, 0));
    start + bytes[start..].iter().position(|byte| is_special(*byte)).unwrap_or(bytes.len() - start)
}

/// Skips blocks of so many bytes that need no escape.
fn skip_plain<const BLOCK: usize>(bytes: &[u8], mut start: usize) -> usize {
    while let Some(block) = bytes.get(start..start + BLOCK) {
        // A loop without an early exit, which the compiler vectorizes.
        if block.iter().fold(0, |found, byte| found | u8::from(is_special(*byte))) != 0 {
            break;
        }
        start += BLOCK;
    }
    start
}

const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::JsonWriter;

    #[test]
    fn a_member_is_moved_among_others() {
        let moved = |text: &str, to: usize| {
            let mut json = JsonWriter::default();
            json.raw(text);
            let from = json.len();
            json.raw("\"m\":1");
            let moved = json.move_member(from, to);
            let place = to + moved.before;
            assert_eq!(&json.as_str()[place..place + 5], "\"m\":1");
            assert_eq!(json.len(), from + moved.by);
            json.as_str().to_owned()
        };
        assert_eq!(moved("{", 1), "{\"m\":1");
        assert_eq!(moved("{\"a\":2", 1), "{\"m\":1,\"a\":2");
        assert_eq!(moved("{\"a\":2", 6), "{\"a\":2,\"m\":1");
        assert_eq!(moved("{\"a\":2,\"b\":3", 6), "{\"a\":2,\"m\":1,\"b\":3");
    }

    proptest! {
        #[test]
        fn a_string_is_read_back_as_it_was(text in any::<String>(), control in "[\\x00-\\x1f\"\\\\]{0,3}", tail in ".{0,80}") {
            let text = format!("{text}{control}{tail}");
            let mut json = JsonWriter::default();
            json.string(&text);
            prop_assert_eq!(serde_json::from_str::<String>(json.as_str()).unwrap(), text.clone());
            prop_assert_eq!(json.as_str(), serde_json::to_string(&text).unwrap());
        }
    }
}
