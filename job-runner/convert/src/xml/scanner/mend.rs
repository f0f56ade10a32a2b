//! Tokens and tags that strict reading refuses, and what a model allows to be made of them.

mod mended_tag;
mod tag_references;

use docmill_crds::conversion::Repair;
use docmill_crds::reason::Reason;

use super::XmlState;
use crate::events::names::Names;
use crate::events::namespaces::{Namespaces, is_prefixed, undeclared};
use crate::events::tag::{self, Attributes, QName};
use crate::events::{ElementStart, Sink};
use crate::fault::Flaw;
use crate::leniency::repairs::log::RepairLog;
use crate::leniency::repairs::{bare_ampersand, control_characters, unclosed_at_end, undeclared_prefix};
use crate::text::chars::check_chars;
use crate::xml::tokens::{self, XmlToken};
use mended_tag::MendedTag;

/// Where prefixes are looked up and repairs noted.
type Scope<'s> = (&'s mut Namespaces, &'s mut RepairLog, &'s Names);

impl XmlState<'_> {
    /// The token at `start`, which is refused for `flaw`, if it is an ampersand that may stand for itself.
    #[cold]
    pub(super) fn bare_ampersand<'w>(
        &mut self,
        text: &'w str,
        start: usize,
        flaw: Flaw,
    ) -> Result<(XmlToken<'w>, usize), Flaw> {
        if !text[start..].starts_with('&') {
            return Err(flaw);
        }
        // After the root element it is text like any other, and left out as such.
        if self.leaves_out_text() || self.log.mend(Repair::BareAmpersand) {
            return Ok((XmlToken::Text(&text[start..=start]), start + 1));
        }
        Err(flaw)
    }

    /// The token at `start` that the end of the object ends; `None` if there is none, or if it is left out.
    #[cold]
    pub(super) fn last_token<'w>(
        &mut self,
        text: &'w str,
        start: usize,
    ) -> Result<Option<(XmlToken<'w>, usize)>, Flaw> {
        let rest = &text[start..];
        if rest.is_empty() {
            return Ok(None);
        }
        if !rest.starts_with(['<', '&']) {
            return Ok(Some((XmlToken::Text(rest), text.len())));
        }
        let flaw = tokens::cut_off(text, start);
        let flaw = match self.bare_ampersand(text, start, flaw) {
            Ok(token) => return Ok(Some(token)),
            Err(flaw) => flaw,
        };
        // Other markup outside of the root element begins what would not be there at all.
        let may_be_left_out = !self.open.is_empty() || (self.is_after_root() && rest.starts_with("<!--"));
        let is_cut_off =
            may_be_left_out && unclosed_at_end::is_cut_off_by_end(rest, self.open.names(0).next());
        if !is_cut_off || !self.log.mend_object(Repair::UnclosedAtEnd) {
            return Err(flaw);
        }
        Ok(unclosed_at_end::text_of(rest).map(|content| (XmlToken::CData(content), text.len())))
    }

    /// The token without characters that XML does not allow. `whole` is its text with its delimiters, and where it
    /// starts.
    #[cold]
    pub(super) fn without_controls<'c, 'w: 'c>(
        &mut self,
        token: XmlToken<'w>,
        (whole, start): (&str, usize),
        cleaned: &'c mut String,
    ) -> Result<XmlToken<'c>, Flaw> {
        let Err((offset, found)) = check_chars(whole) else { return Ok(token) };
        if self.log.allows(Repair::ControlCharacters) {
            cleaned.clear();
            let left_out = control_characters::leave_out(token.content(), cleaned);
            match token {
                // Only its ampersand is taken for itself: what comes after it is read again.
                XmlToken::Reference(_) if bare_ampersand::is_no_reference(cleaned) => return Ok(token),
                XmlToken::End(_) => cleaned.truncate(cleaned.trim_end_matches([' ', '\t', '\r', '\n']).len()),
                _ => {}
            }
            self.log.add(Repair::ControlCharacters, left_out);
            return Ok(token.with(cleaned));
        }
        // Text and references after the root element are left out as a whole.
        if self.is_after_root() && matches!(token, XmlToken::Text(_) | XmlToken::Reference(_)) {
            return Ok(token);
        }
        Err(Flaw::malformed(start + offset, "a character that XML allows").found(&found))
    }

    /// Opens the element of this token, if it is a tag, without the characters that XML does not allow. Returns whether it
    /// is closed at once; `None` if there is none, or if they may not be left out.
    #[cold]
    pub(super) fn open_without_controls(
        &mut self,
        place: &ElementStart<'_>,
        token: XmlToken<'_>,
        sink: &mut impl Sink,
    ) -> Result<Option<bool>, Flaw> {
        let (XmlToken::Start(tag) | XmlToken::Empty(tag)) = token else { return Ok(None) };
        if !self.log.allows(Repair::ControlCharacters) {
            return Ok(None);
        }
        if check_chars(tag).is_ok() {
            self.open(place, tag, sink)?;
        } else {
            self.begin(place.offset)?;
            let offset = place.offset + 1;
            let (cleaned, left_out) = MendedTag::without_controls(tag);
            self.log.add(Repair::ControlCharacters, left_out);
            let tag = cleaned.text.as_str();
            let read = tag::read(tag, offset, &self.limits, &mut self.attributes, None);
            let read = read.map(|name| (name, None)).or_else(|flaw| self.read_mended(tag, offset, flaw));
            let (name, mended) = read.map_err(|flaw| cleaned.place(flaw, offset))?;
            tag::relocate(&mut self.attributes, |at| cleaned.written(at));
            let text = mended.as_ref().map_or(tag, |mended| mended.text.as_str());
            self.enter(place, text, name.parts(text), sink)?;
        }
        Ok(Some(matches!(token, XmlToken::Empty(_))))
    }

    /// Opens an element whose tag is refused for `flaw`, as far as the model allows that.
    #[cold]
    pub(super) fn open_mended(
        &mut self,
        place: &ElementStart<'_>,
        tag: &str,
        flaw: Flaw,
        sink: &mut impl Sink,
    ) -> Result<(), Flaw> {
        let (name, mended) = self.read_mended(tag, place.offset + 1, flaw)?;
        let text = mended.as_ref().map_or(tag, |mended| mended.text.as_str());
        self.enter(place, text, name.parts(text), sink)
    }

    /// Reads a tag at `offset` that is refused for `flaw`, with its references replaced and without the attributes that it
    /// has twice, as far as the model allows that. Returns its name in the mended tag, or in itself if there is none.
    fn read_mended(
        &mut self,
        tag: &str,
        offset: usize,
        flaw: Flaw,
    ) -> Result<(QName, Option<MendedTag>), Flaw> {
        if flaw.reason == Reason::LimitExceeded {
            return Err(flaw);
        }
        let keeps_first = self.log.allows(Repair::DuplicateAttributes);
        let mended = self.mend_references(tag, offset)?;
        if mended.is_none() && !keeps_first {
            return Err(flaw);
        }
        let text = mended.as_ref().map_or(tag, |mended| mended.text.as_str());
        let mut dropped = 0;
        let counter = keeps_first.then_some(&mut dropped);
        let name = tag::read(text, offset, &self.limits, &mut self.attributes, counter);
        let placed = |flaw| match &mended {
            Some(mended) => mended.place(flaw, offset),
            None => flaw,
        };
        let name = name.map_err(placed)?;
        self.log.add(Repair::DuplicateAttributes, dropped);
        if let Some(mended) = &mended {
            tag::relocate(&mut self.attributes, |at| mended.written(at));
        }
        Ok((name, mended))
    }
}

/// Declares the prefixes of attributes that are not declared, and returns the numbers of those attributes that have the
/// name of one before them and are to be left out, as far as the model allows that; else the fault is `flaw`.
#[cold]
pub(super) fn prefixes(
    (namespaces, log, names): Scope<'_>,
    attributes: Attributes<'_>,
    (depth, prefixed): (usize, usize),
    flaw: Flaw,
) -> Result<Vec<usize>, Flaw> {
    for attribute in attributes.iter().filter(is_prefixed) {
        if namespaces.id(attribute.prefix).is_some() {
            continue;
        }
        if !log.mend(Repair::UndeclaredPrefix) {
            return Err(flaw);
        }
        let (prefix, place) = (attribute.prefix, (depth, attribute.offset));
        namespaces.bind((prefix, undeclared_prefix::namespace(prefix)), place, names)?;
    }
    let Err(flaw) = namespaces.check(attributes, prefixed) else { return Ok(Vec::new()) };
    if !log.allows(Repair::DuplicateAttributes) {
        return Err(flaw);
    }
    let repeated = namespaces.repeated(attributes);
    log.add(Repair::DuplicateAttributes, repeated.len() as u64);
    Ok(repeated)
}

/// The number of the namespace of an element's prefix that is not declared.
#[cold]
pub(super) fn prefix(
    (namespaces, log, names): Scope<'_>,
    prefix: &str,
    (depth, offset): (usize, usize),
) -> Result<u32, Flaw> {
    let flaw = undeclared(prefix, offset);
    if prefix == "xmlns" || !log.mend(Repair::UndeclaredPrefix) {
        return Err(flaw);
    }
    namespaces.bind((prefix, undeclared_prefix::namespace(prefix)), (depth, offset), names)?;
    namespaces.id(prefix).ok_or(flaw)
}
