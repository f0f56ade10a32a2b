//! Reads a listing: what `aws s3 ls --recursive` prints, or lines of a size and a key.

use docmill_crds::api::storage::RawLocation;
use jiff::civil::{Date, Time};

/// What a listing adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Objects that the source takes.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Seconds from the first one to the last one, if their times are told and differ.
    pub seconds: Option<u64>,
}

/// A line of a listing.
struct Line<'a> {
    /// Seconds since any time.
    landed: Option<i64>,
    bytes: u64,
    key: &'a str,
}

impl Listing {
    /// Adds up the lines. With a location, only the objects that it covers count; its bucket is not looked at.
    pub fn read(text: &str, raw: Option<&RawLocation>) -> Result<Self, String> {
        let mut listing = Self::default();
        let mut span: Option<(i64, i64)> = None;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line = read_line(line).ok_or_else(|| {
                format!("line {}: expected `2026-11-25 10:00:00 1234 key` or `1234 key`", number + 1)
            })?;
            if raw.is_some_and(|raw| !raw.covers(&raw.bucket, line.key)) {
                continue;
            }
            listing.objects += 1;
            listing.bytes = listing.bytes.saturating_add(line.bytes);
            if let Some(landed) = line.landed {
                let (first, last) = span.unwrap_or((landed, landed));
                span = Some((first.min(landed), last.max(landed)));
            }
        }
        let seconds = span.and_then(|(first, last)| u64::try_from(last - first).ok());
        listing.seconds = seconds.filter(|seconds| *seconds > 0);
        Ok(listing)
    }
}

fn read_line(line: &str) -> Option<Line<'_>> {
    let (first, rest) = word(line)?;
    if let Ok(bytes) = first.parse() {
        return Some(Line { landed: None, bytes, key: rest });
    }
    let (time, rest) = word(rest)?;
    let (size, key) = word(rest)?;
    let (date, time): (Date, Time) = (first.parse().ok()?, time.parse().ok()?);
    // Only differences matter, so that the zone does not.
    let landed = jiff::tz::TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()?.as_second();
    Some(Line { landed: Some(landed), bytes: size.parse().ok()?, key })
}

/// The first word, and what follows it; a key may have spaces.
fn word(text: &str) -> Option<(&str, &str)> {
    text.trim_start().split_once([' ', '\t']).map(|(word, rest)| (word, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::storage::RawLocation;

    use super::Listing;

    #[test]
    fn lines_of_the_aws_cli_add_up_to_what_the_source_takes() {
        let text = "2026-11-25 10:00:00       1000 wire/a b.xml\n2026-11-25 11:00:00 2000 wire/b.xml\n\
                    2026-11-26 10:00:00 4000 other/c.xml\n";
        let raw = RawLocation { prefix: "wire/".to_owned(), ..RawLocation::default() };
        let listing = Listing::read(text, Some(&raw)).unwrap();
        assert_eq!(listing, Listing { objects: 2, bytes: 3000, seconds: Some(3600) });
        assert_eq!(Listing::read(text, None).unwrap().objects, 3);
    }

    #[test]
    fn sizes_and_keys_are_enough_and_anything_else_is_told_with_its_line() {
        assert_eq!(
            Listing::read("10 a\n20\tb\n", None).unwrap(),
            Listing { objects: 2, bytes: 30, seconds: None }
        );
        assert!(Listing::read("10 a\n\nkey\n", None).unwrap_err().starts_with("line 3: "));
    }
}
