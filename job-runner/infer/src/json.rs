//! Takes in JSON: members are elements of the tree of paths, and the items of a list are members that repeat, as in
//! the paths of a model. Memory is that of the tree, of one value, and of 8 bytes for each member of the objects
//! that are open.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufRead as _, BufReader, Read};

use docmill_convert::{Fault, Refusal, Visitor as _};
use docmill_crds::reason::Reason;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::observe::Observer;

/// The name of the values at the top: the only one of an object, each line of NDJSON, each item of a list.
pub(super) const TOP_VALUE: &str = "$";

/// What the converter expects of objects, too.
const ONCE: &str = "each member of an object once";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether an object that starts with these bytes is JSON.
pub(super) fn is_json(head: &[u8]) -> bool {
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    text.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| matches!(b, b'{' | b'['))
}

/// Reads an object to its end. The inner result tells whether it is well-formed.
pub(super) fn read(object: impl Read, observer: &mut Observer<'_>) -> io::Result<Result<(), Refusal>> {
    let mut reader = BufReader::new(object);
    if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    TOP_VALUE.clone_into(&mut observer.root);
    let mut values = serde_json::Deserializer::from_reader(reader);
    while values.end().is_err() {
        let value = Value { observer: &mut *observer, name: TOP_VALUE };
        match value.deserialize(&mut values) {
            Ok(()) => {}
            Err(error) if error.is_io() => return Err(error.into()),
            Err(error) => return Ok(Err(refusal(&error))),
        }
    }
    Ok(Ok(()))
}

fn refusal(error: &serde_json::Error) -> Refusal {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Refusal::object(Fault {
        reason: Reason::MalformedJson,
        field: None,
        at: Some(TOP_VALUE.to_owned()),
        line: number(error.line()),
        column: number(error.column()),
        // Data is wrong in no other way than this, since values of all kinds are taken.
        expected: if error.is_data() { ONCE } else { "well-formed JSON" }.to_owned(),
        found: None,
    })
}

/// A value that comes next, and the name of its member.
struct Value<'o, 's, 'n> {
    observer: &'o mut Observer<'s>,
    name: &'n str,
}

impl Value<'_, '_, '_> {
    /// A string, or the text of a number or a boolean.
    fn scalar(self, text: &str, literal: bool) {
        self.observer.member(self.name);
        if literal {
            self.observer.literal();
        }
        self.observer.text(text);
        self.observer.end();
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    /// A null is no value.
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(if value { "true" } else { "false" }, true);
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(&value.to_string(), true);
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(&value.to_string(), true);
        Ok(())
    }

    /// With its point, as it is written: 1.0 is no integer.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(&format!("{value:?}"), true);
        Ok(())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value, false);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { observer, name } = self;
        let mut is_empty = true;
        while items.next_element_seed(Value { observer: &mut *observer, name })?.is_some() {
            is_empty = false;
        }
        // An empty one says nothing: some languages write empty objects like that.
        if !is_empty {
            observer.list(name);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { observer, name } = self;
        observer.member(name);
        let (hashes, mut names) = (RandomState::new(), HashSet::new());
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(hashes.hash_one(&name)) {
                return Err(de::Error::custom(ONCE));
            }
            members.next_value_seed(Value { observer: &mut *observer, name: &name })?;
        }
        observer.end();
        Ok(())
    }
}

/// A path with another step. A name that a path cannot say plainly is in brackets.
pub(super) fn join(path: &str, name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    match (plain, name.contains('\'')) {
        (true, _) if path.is_empty() || path.ends_with('.') => format!("{path}{name}"),
        (true, _) => format!("{path}.{name}"),
        (false, false) => format!("{path}['{name}']"),
        (false, true) => format!("{path}[\"{name}\"]"),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_json, join};

    #[test]
    fn json_is_known_by_its_first_character() {
        for json in ["{}", " \n[1]", "\u{feff}{\"a\": 1}"] {
            assert!(is_json(json.as_bytes()), "{json}");
        }
        for other in ["", "<a/>", "\u{feff}<a/>", "a {", "\u{1f}\u{8b}{"] {
            assert!(!is_json(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn steps_are_names_or_in_brackets() {
        assert_eq!(join("", "a"), "a");
        assert_eq!(join("a", "b-c"), "a.b-c");
        assert_eq!(join("a", "b c"), "a['b c']");
        assert_eq!(join("", "1st"), "['1st']");
        assert_eq!(join("a", "it's"), "a[\"it's\"]");
        assert_eq!(join("$..", "a"), "$..a");
    }
}
