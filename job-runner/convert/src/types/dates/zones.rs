//! Time zones as dates name them.

use super::reader::DateReader;

const HOUR: i32 = 3600;

/// Names that mean one offset everywhere and always did: those of RFC 822, section 5.1, of European time, also in German,
/// and of East Asia, the Pacific and South Africa. Others do not: IST is the time of India, of Ireland and of Israel, BST
/// that of Britain and of Bangladesh, and MSK was another one for some years.
const NAMES: [(&str, i32); 33] = [
    ("Z", 0),
    ("GMT", 0),
    ("UTC", 0),
    ("UT", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MEZ", 1),
    ("MESZ", 2),
    ("SAST", 2),
    ("SGT", 8),
    ("HKT", 8),
    ("AWST", 8),
    ("JST", 9),
    ("KST", 9),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZST", 12),
    ("NZDT", 13),
    ("AKST", -9),
    ("AKDT", -8),
    ("HST", -10),
];

/// Seconds ahead of UTC, if a text is a zone and nothing else: `+01:00`, `-0500`, `+01`, `EST`, `GMT+0100`.
pub(crate) fn read(text: &str) -> Option<i32> {
    let mut reader = DateReader::new(text);
    let offset = read_from(&mut reader)?;
    reader.is_done().then_some(offset)
}

/// The same at the start of the remaining text.
pub(crate) fn read_from(reader: &mut DateReader<'_>) -> Option<i32> {
    let name = reader.run(|b| b.is_ascii_alphabetic());
    if name.is_empty() {
        return offset(reader);
    }
    let hours = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, hours)| hours)?;
    let universal = *hours == 0 && matches!(name.as_bytes().first(), Some(b'G' | b'U' | b'g' | b'u'));
    if universal && reader.rest.starts_with(['+', '-']) {
        return offset(reader);
    }
    Some(hours * HOUR)
}

fn offset(reader: &mut DateReader<'_>) -> Option<i32> {
    let sign = if reader.take('+') {
        1
    } else if reader.take('-') {
        -1
    } else {
        return None;
    };
    let hours = reader.number(2, 2)?;
    let minutes = if reader.take(':') || reader.starts_with_digit() { reader.number(2, 2)? } else { 0 };
    (hours < 24 && minutes < 60).then(|| sign * (i32::from(hours) * HOUR + i32::from(minutes) * 60))
}
