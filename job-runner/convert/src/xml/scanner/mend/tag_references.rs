//! References in a tag: what strict reading refuses is replaced by what it takes, and the tag is read again.

use super::XmlState;
use super::mended_tag::{MOST_REPLACED, MendedTag};
use crate::fault::Flaw;
use crate::leniency::entities::declared::Within;
use crate::text::chars::reference;
use crate::xml::scanner::references::StandsFor;

impl XmlState<'_> {
    /// Replaces the references in the values of a tag that starts at `offset`; `None` if none is to be replaced.
    pub(super) fn mend_references(&mut self, tag: &str, offset: usize) -> Result<Option<MendedTag>, Flaw> {
        let mut mended = MendedTag::of_length(tag.len());
        let mut rest = tag;
        let mut quote = None;
        while let Some((before, after)) = rest.split_once('&') {
            mended.text.push_str(before);
            quote = open_quote(quote, before);
            // Elsewhere in a tag, there is no reference (XML 1.0, section 4.4): a name is not put together of them.
            if quote.is_none() {
                mended.text.push('&');
                rest = after;
                continue;
            }
            let start = offset + tag.len() - after.len() - 1;
            let name = inner(after);
            let flaw = match name.map(|name| reference(name, start)) {
                Some(Ok(_)) => {
                    mended.text.push('&');
                    rest = after;
                    continue;
                }
                Some(Err(flaw)) => flaw,
                None => Flaw::malformed(start, "a ; after the reference"),
            };
            if mended.replaced() == MOST_REPLACED {
                return Err(flaw);
            }
            let end = self.replace(name.unwrap_or_default(), flaw, &mut mended.text)?;
            rest = &after[end..];
            mended.end_replacement(tag.len() - rest.len());
        }
        mended.text.push_str(rest);
        Ok((mended.replaced() > 0).then_some(mended))
    }

    /// Appends what a reference stands for that is refused for `flaw`; returns how many bytes after its ampersand belong
    /// to it. `name` is what is between the ampersand and the semicolon, or empty if there is no semicolon.
    fn replace(&mut self, name: &str, flaw: Flaw, into: &mut String) -> Result<usize, Flaw> {
        match self.stands_for(name, Within::Attribute, flaw)? {
            StandsFor::Text(text) => text.chars().for_each(|c| push_escaped(c, false, into)),
            StandsFor::Characters(characters) => characters.chars().for_each(|c| push_escaped(c, true, into)),
            StandsFor::Nothing => {}
            StandsFor::Ampersand => {
                into.push_str("&amp;");
                return Ok(0);
            }
        }
        Ok(name.len() + 1)
    }
}

/// The quote that is open after more text of a tag, in which this one is open before.
fn open_quote(before: Option<char>, text: &str) -> Option<char> {
    text.chars().fold(before, |open, c| match open {
        Some(quote) => open.filter(|_| c != quote),
        None => Some(c).filter(|c| matches!(c, '"' | '\'')),
    })
}

/// What is between an ampersand and the next semicolon; `None` if another ampersand, white space, a quote, `<` or the end
/// comes first.
fn inner(after: &str) -> Option<&str> {
    let end = after.find([';', '&', '<', '"', '\'', ' ', '\t', '\r', '\n'])?;
    after[end..].starts_with(';').then_some(&after[..end])
}

/// Appends a character as a value between quotes has it. `verbatim`: white space is not normalised (XML 1.0, section
/// 3.3.3).
fn push_escaped(c: char, verbatim: bool, into: &mut String) {
    match c {
        '&' => into.push_str("&amp;"),
        '<' => into.push_str("&lt;"),
        '"' => into.push_str("&quot;"),
        '\'' => into.push_str("&apos;"),
        '\t' if verbatim => into.push_str("&#9;"),
        '\n' if verbatim => into.push_str("&#10;"),
        _ => into.push(c),
    }
}
