//! Handles texts that a server rejects as too long although it was told to truncate: it truncates by tokens,
//! and has a limit in characters before that (Text Embeddings Inference: 250 for each token of its longest
//! input). Such a text is cut here, and sent again. What was learned from one text applies to the others of
//! the same model. No I/O.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use docmill_crds::api::enricher::Protocol;

use super::input::head;
use crate::enrich::slice_plan::PlannedEnricher;

/// Maximum number of times that one text is cut.
pub(crate) const CUTS: usize = 8;
/// No text is cut to fewer characters: such a low limit is not one of characters.
const SHORTEST: usize = 256;
/// Bytes of a response that are searched for numbers.
const BODY_BYTES: usize = 1000;

/// A request that was rejected permanently.
#[derive(Debug)]
pub(crate) struct RefusedRequest {
    /// Why, in words.
    pub(crate) reason: String,
    /// Set if a text may be too long; contains the numbers that the server named.
    pub(crate) too_long: Option<Vec<usize>>,
}

impl From<String> for RefusedRequest {
    fn from(reason: String) -> Self {
        Self { reason, too_long: None }
    }
}

impl RefusedRequest {
    /// A rejection with this status and body.
    pub(crate) fn from_response(status: u16, body: &[u8], reason: String) -> Self {
        let too_long = matches!(status, 413 | 422).then(|| numbers(body));
        Self { reason, too_long }
    }

    /// The length to which a text of `characters` characters is cut now; `None` if cutting is of no use.
    pub(crate) fn shorter(&self, characters: usize) -> Option<usize> {
        let limits = self.too_long.as_ref()?.iter().map(|number| number.saturating_sub(1));
        let mut usable = limits.filter(|number| (SHORTEST..characters).contains(number));
        Some(usable.next().unwrap_or(characters / 2)).filter(|shorter| *shorter >= SHORTEST)
    }
}

/// The numbers in a text.
fn numbers(body: &[u8]) -> Vec<usize> {
    let body = String::from_utf8_lossy(&body[..body.len().min(BODY_BYTES)]);
    body.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// What is known of the longest text that a server accepts.
#[derive(Debug)]
pub(crate) struct Shortening {
    /// Whether texts are cut at all.
    pub(crate) is_enabled: bool,
    /// The fewest characters that were rejected.
    min_refused: AtomicUsize,
    /// The most characters of a text that was cut and accepted.
    max_accepted: AtomicUsize,
}

impl Shortening {
    /// Nothing is known yet.
    pub(crate) fn of(model: &PlannedEnricher) -> Self {
        let is_enabled =
            matches!(model.enricher.protocol(), Some(Protocol::TextEmbeddings(server)) if server.truncate);
        Self { is_enabled, min_refused: AtomicUsize::new(usize::MAX), max_accepted: AtomicUsize::new(0) }
    }

    /// Records that `characters` characters were rejected.
    pub(crate) fn record_refused(&self, characters: usize) {
        self.min_refused.fetch_min(characters, Ordering::Relaxed);
    }

    /// Records that `characters` characters were accepted.
    pub(crate) fn record_accepted(&self, characters: usize) {
        self.max_accepted.fetch_max(characters, Ordering::Relaxed);
    }

    /// The texts as they are sent: those that would be rejected are cut to what was accepted before.
    pub(crate) fn cut<'t>(&self, texts: &'t [String]) -> Cow<'t, [String]> {
        let min_refused = self.min_refused.load(Ordering::Relaxed);
        let max_accepted = self.max_accepted.load(Ordering::Relaxed);
        // No text has more characters than bytes.
        let is_long = |text: &String| text.len() >= min_refused && text.chars().count() >= min_refused;
        if max_accepted == 0 || !texts.iter().any(is_long) {
            return Cow::Borrowed(texts);
        }
        let cut =
            |text: &String| if is_long(text) { head(text, max_accepted).to_owned() } else { text.clone() };
        Cow::Owned(texts.iter().map(cut).collect())
    }
}

/// The position of the longest of some documents.
pub(crate) fn longest(documents: &[Cow<'_, [String]>]) -> Option<usize> {
    let length = |at: &usize| documents[*at].iter().map(String::len).sum::<usize>();
    (0..documents.len()).max_by_key(length)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::{RefusedRequest, Shortening};

    fn refused(status: u16, body: &str) -> RefusedRequest {
        RefusedRequest::from_response(status, body.as_bytes(), "no".into())
    }

    #[test]
    fn a_limit_that_is_named_is_kept_and_else_half_is_tried() {
        let named = refused(413, "`inputs` must have less than 32000 characters. Given: 67000");
        assert_eq!(named.shorter(67_000), Some(31_999));
        assert_eq!(named.shorter(31_999), Some(15_999));
        assert_eq!(refused(413, "batch size 32 > maximum allowed batch size 16").shorter(1000), Some(500));
        assert_eq!(
            refused(422, "").shorter(511),
            None,
            "what is as short as that is not refused for its length"
        );
        assert_eq!(refused(400, "less than 32000 characters").shorter(67_000), None);
    }

    #[test]
    fn what_was_learned_by_one_text_holds_for_others() {
        let shortening = Shortening {
            is_enabled: true,
            min_refused: AtomicUsize::new(usize::MAX),
            max_accepted: AtomicUsize::new(0),
        };
        let texts = ["ü".repeat(900), "short".to_owned()];
        shortening.record_refused(800);
        assert_eq!(*shortening.cut(&texts), texts, "nothing was taken yet");
        shortening.record_accepted(399);
        assert_eq!(*shortening.cut(&texts), ["ü".repeat(399), "short".to_owned()]);
        assert_eq!(*shortening.cut(&["x".repeat(799)]), ["x".repeat(799)], "it may be taken");
    }
}
