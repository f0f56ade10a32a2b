//! Where a snapshot is stored, as records and documents name it. Pure.

use std::fmt::{self, Display};

/// Where a snapshot is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// It is the object with this key.
    Object(&'a str),
    /// It is part of a pack.
    Packed(PackPlace<'a>),
}

/// A place in a pack. Its text form is `<key>#<offset>+<length>`, both in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackPlace<'a> {
    /// Key of the pack.
    pub key: &'a str,
    /// Where the frame of the unit begins.
    pub offset: u64,
    /// The length of that frame.
    pub length: u64,
}

impl<'a> Reference<'a> {
    /// Parses a reference. Keys of single snapshots end with `.json`, so that none is mistaken for a place.
    pub fn parse(reference: &'a str) -> Self {
        place(reference).map_or(Self::Object(reference), Self::Packed)
    }

    /// Key of the object that holds the snapshot.
    pub const fn key(&self) -> &'a str {
        match self {
            Self::Object(key) => key,
            Self::Packed(place) => place.key,
        }
    }
}

fn place(reference: &str) -> Option<PackPlace<'_>> {
    let (key, place) = reference.rsplit_once('#')?;
    let (offset, length) = place.split_once('+')?;
    Some(PackPlace { key, offset: number(offset)?, length: number(length).filter(|length| *length > 0)? })
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl PackPlace<'_> {
    /// The value of an HTTP range (RFC 9110, 14.1.2): both ends are part of it.
    pub fn range(&self) -> String {
        format!("bytes={}-{}", self.offset, self.offset.saturating_add(self.length).saturating_sub(1))
    }
}

impl Display for PackPlace<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}+{}", self.key, self.offset, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::{PackPlace, Reference};

    #[test]
    fn a_place_in_a_pack_is_told_from_a_key() {
        let place = PackPlace { key: "p/a.json.zst", offset: 12, length: 345 };
        assert_eq!(place.to_string(), "p/a.json.zst#12+345");
        assert_eq!(Reference::parse("p/a.json.zst#12+345"), Reference::Packed(place));
        assert_eq!(place.range(), "bytes=12-356");
        for key in ["p/a#1.xml/0/1.json", "p/a#+.json", "p/a.json.zst#1+", "p/a.json.zst#+1+2", "p/a#1+0"] {
            assert_eq!(Reference::parse(key), Reference::Object(key), "{key}");
        }
    }
}
