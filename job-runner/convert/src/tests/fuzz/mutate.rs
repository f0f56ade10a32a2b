//! Makes cases: takes an object, damages it a few times, and packs it or not.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Pieces of which faults are made.
const TOKENS: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "<!",
    "<!--",
    "-->",
    "--",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<?xml version='1.0'?>",
    "<?xml version='1.1' encoding='utf-16'?>",
    "encoding=\"windows-1252\"",
    "<!DOCTYPE r>",
    "<!DOCTYPE r [",
    "]>",
    "<!ENTITY a 'b'>",
    "<!ELEMENT r (a,(b|c)*)>",
    "<!ATTLIST r a CDATA #IMPLIED>",
    "%p;",
    "&",
    ";",
    "&amp;",
    "&lt;",
    "&#0;",
    "&#xD800;",
    "&#x10FFFF;",
    "&nbsp;",
    "'",
    "\"",
    "=",
    " ",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{1}",
    ":",
    "xmlns",
    " xmlns=''",
    " xmlns:p='u'",
    " xmlns:xml='u'",
    "p:",
    " a='1'",
    " xml:lang='en'",
    "<a>",
    "</a>",
    "<p:a xmlns:p='v'/>",
    "\u{feff}",
    "\u{fffe}",
    "\u{85}",
    "\u{2028}",
    "é",
    "日",
    "📈",
    "-",
    "]",
    "[",
    "1",
];

/// A small random number generator (splitmix64), so that a seed is all that a case needs.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0, below this.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// True once in so many times.
    pub(crate) fn chance(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// An object.
pub(crate) struct Case {
    /// Before it was packed, if it is whole.
    pub(crate) plain: Vec<u8>,
    /// As it is read.
    pub(crate) bytes: Vec<u8>,
    /// The packed bytes were damaged as well.
    pub(crate) torn: bool,
}

impl Case {
    /// The object as text, where it is UTF-8 by its first bytes.
    pub(crate) fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.plain).ok().filter(|_| !self.torn)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let head = text.split("?>").next().unwrap_or_default();
        let other = head.starts_with("<?xml") && !head.to_ascii_lowercase().contains("utf-8");
        (!other || !head.contains("encoding")).then_some(text)
    }
}

pub(crate) fn case(corpus: &[Vec<u8>], random: &mut Random) -> Case {
    let mut plain = random.choose(corpus).clone();
    if random.chance(3) {
        plain.truncate(200 + random.below(3000));
    }
    for _ in 0..=random.below(6) {
        damage(&mut plain, corpus, random);
    }
    if random.chance(12) {
        plain = recoded(&plain, random);
    }
    let (bytes, packed) = packed(&plain, random);
    let mut case = Case { torn: false, plain, bytes };
    if packed && random.chance(3) {
        damage(&mut case.bytes, corpus, random);
        case.torn = true;
    }
    case
}

/// Changes one thing.
pub(crate) fn damage(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len());
    let most = *random.choose(&[2, 20, 20, 2000]);
    let end = bytes.len().min(at + 1 + random.below(most));
    match random.below(8) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
        1 if !bytes.is_empty() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(end..end, again);
        }
        4 => {
            let other = random.choose(corpus);
            let from = random.below(other.len());
            let to = other.len().min(from + random.below(400));
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        5 => bytes.truncate(at),
        6 => drop(bytes.splice(at..end, random.choose(TOKENS).bytes())),
        _ => drop(bytes.splice(at..at, random.choose(TOKENS).bytes())),
    }
}

/// In another encoding, with a byte order mark.
fn recoded(plain: &[u8], random: &mut Random) -> Vec<u8> {
    let text = String::from_utf8_lossy(plain).replacen("UTF-8", "UTF-16", 1);
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    if random.chance(2) {
        units.flat_map(u16::to_le_bytes).collect()
    } else {
        units.flat_map(u16::to_be_bytes).collect()
    }
}

fn packed(plain: &[u8], random: &mut Random) -> (Vec<u8>, bool) {
    match random.below(10) {
        0 => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(plain).unwrap();
            (encoder.finish().unwrap(), true)
        }
        1 => (zstd::encode_all(plain, 1).unwrap(), true),
        _ => (plain.to_vec(), false),
    }
}
