//! Which preset converts samples.

use docmill_crds::conversion::{Conversion, Preset};
use jiff::Timestamp;

use crate::reproduce::{LocalObject, LocalSettings, convert};

/// What a preset makes of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The preset.
    pub preset: Preset,
    /// Documents of all samples.
    pub documents: usize,
    /// Refusals of all samples.
    pub refusals: usize,
}

/// The preset that makes the most documents of these samples, and among equals the one that refuses the least; `None` if none
/// makes more documents than it refuses.
pub fn best(samples: &[(String, Vec<u8>)]) -> Option<Fit> {
    let objects: Vec<LocalObject> = samples.iter().map(|(name, bytes)| object(name, bytes)).collect();
    let fits = Preset::ALL.into_iter().map(|preset| fit(preset, &objects));
    let fitting = fits.filter(|fit| fit.documents > fit.refusals);
    // Of equals, `min_by_key` takes the first.
    fitting.min_by_key(|fit| (std::cmp::Reverse(fit.documents), fit.refusals))
}

/// A sample, of which nobody knows when it landed.
fn object(name: &str, bytes: &[u8]) -> LocalObject {
    LocalObject {
        key: name.to_owned(),
        content: Some(bytes.to_vec()),
        size: bytes.len() as u64,
        landed: None,
        converted: Timestamp::UNIX_EPOCH,
    }
}

/// What a preset makes of objects.
fn fit(preset: Preset, objects: &[LocalObject]) -> Fit {
    let conversion = Conversion { preset: Some(preset), ..Conversion::default() };
    let settings = LocalSettings { conversion, index: None };
    let mut fit = Fit { preset, documents: 0, refusals: 0 };
    for object in objects {
        match convert(&settings, object) {
            Ok(outcome) => {
                fit.documents += outcome.documents.len();
                fit.refusals += outcome.refusals.len();
            }
            Err(_) => fit.refusals += 1,
        }
    }
    fit
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Preset;

    use super::best;

    const ATOM: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>f</id>
        <updated>2026-01-03T00:00:00Z</updated>
        <entry><id>urn:1</id><title>One</title><updated>2026-01-03T00:00:00Z</updated></entry>
        <entry><id>urn:2</id><title>Two</title><updated>2026-01-03T00:00:00Z</updated></entry></feed>"#;

    #[test]
    fn the_preset_of_the_samples_is_found() {
        let fit = best(&[("feed.xml".to_owned(), ATOM.into())]).unwrap();
        assert_eq!((fit.preset, fit.documents, fit.refusals), (Preset::Atom, 2, 0));
    }

    #[test]
    fn what_no_preset_reads_has_none() {
        assert_eq!(best(&[("a.xml".to_owned(), b"<own><thing/></own>".to_vec())]), None);
        assert_eq!(best(&[]), None);
    }
}
