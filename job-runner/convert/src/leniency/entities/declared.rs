//! The entities that an object declares itself, as far as they stand for text: XML 1.0, sections 4.2.1 and 4.4.

use std::collections::HashMap;

use docmill_crds::reason::Reason;

use super::named;
use crate::fault::Flaw;
use crate::text::chars::{is_ncname, reference};

/// Maximum levels of entities in each other.
const MOST_LEVELS: usize = 8;

/// Maximum bytes by which entities may lengthen one XML document. Names of characters and of organisations stay far
/// below it, however often they are used: a reference is nearly as long as what it stands for.
const MOST_GROWTH: usize = 1024 * 1024;

/// The general entities that a document type declaration declares, and how much they have lengthened the document.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    /// Name → replacement text: references to characters are resolved, those to entities are not.
    replacements: HashMap<String, String>,
    growth: usize,
}

/// A text that is being put together.
struct Expansion<'d> {
    replacements: &'d HashMap<String, String>,
    text: String,
    /// References that were resolved for it. They count like bytes: entities without any text cost time as well.
    references: usize,
    /// Maximum of both together.
    room: usize,
}

impl Declared {
    /// Adds a declaration whose literal value starts at `offset`. The first one of a name counts.
    pub(crate) fn declare(&mut self, name: &str, literal: &str, offset: usize) -> Result<(), Flaw> {
        let replacement = replacement(literal, offset)?;
        self.replacements.entry(name.to_owned()).or_insert(replacement);
        Ok(())
    }

    /// The text that a reference to this entity stands for; `None` if it is not declared.
    pub(crate) fn expand(&mut self, name: &str, offset: usize) -> Result<Option<String>, Flaw> {
        if !self.replacements.contains_key(name) {
            return Ok(None);
        }
        // The reference itself, with its two delimiters, is part of the object.
        let written = name.len() + 2;
        let room = MOST_GROWTH - self.growth + written;
        let mut expansion =
            Expansion { replacements: &self.replacements, text: String::new(), references: 0, room };
        expansion.entity(name, 0, offset)?;
        let Expansion { text, references, .. } = expansion;
        self.growth += (text.len() + references).saturating_sub(written);
        Ok(Some(text))
    }
}

impl Expansion<'_> {
    fn entity(&mut self, name: &str, level: usize, offset: usize) -> Result<(), Flaw> {
        let refused =
            |expected: &str| Flaw::malformed(offset, expected).because(Reason::EntityRefused).found(name);
        self.references += 1;
        self.check_room(0, offset)?;
        if level == MOST_LEVELS {
            return Err(refused(&format!("at most {MOST_LEVELS} levels of entities in each other")));
        }
        let Some(replacement) = self.replacements.get(name) else {
            let characters = named::characters(name);
            let characters = characters.ok_or_else(|| refused("an entity that is declared or well known"))?;
            return self.push(characters, offset);
        };
        if replacement.contains('<') {
            return Err(refused("an entity that stands for text, not for markup"));
        }
        let mut rest = replacement.as_str();
        while let Some((text, after)) = rest.split_once('&') {
            self.push(text, offset)?;
            let Some((inner, after)) = after.split_once(';') else {
                return Err(refused("a ; after each reference in the text of an entity"));
            };
            match reference(inner, offset) {
                Ok(c) => self.push(c.encode_utf8(&mut [0; 4]), offset)?,
                Err(_) if is_ncname(inner) => self.entity(inner, level + 1, offset)?,
                Err(flaw) => return Err(flaw),
            }
            rest = after;
        }
        self.push(rest, offset)
    }

    fn push(&mut self, text: &str, offset: usize) -> Result<(), Flaw> {
        self.check_room(text.len(), offset)?;
        self.text.push_str(text);
        Ok(())
    }

    fn check_room(&self, more: usize, offset: usize) -> Result<(), Flaw> {
        if self.text.len() + self.references + more <= self.room {
            return Ok(());
        }
        Err(Flaw::limit(offset, format!("entities that add at most {MOST_GROWTH} bytes to a document")))
    }
}

/// The replacement text of a literal value: its references to characters are resolved, and those to entities stay.
fn replacement(literal: &str, offset: usize) -> Result<String, Flaw> {
    if let Some(at) = literal.find('%') {
        let flaw = Flaw::malformed(offset + at, "no parameter entity in the value of an entity");
        return Err(flaw.because(Reason::EntityRefused).found("%"));
    }
    let mut replacement = String::with_capacity(literal.len());
    let mut rest = literal;
    while let Some((text, after)) = rest.split_once('&') {
        replacement.push_str(text);
        let start = offset + literal.len() - after.len() - 1;
        let Some((name, after)) = after.split_once(';') else {
            return Err(Flaw::malformed(start, "a ; after the reference"));
        };
        if name.starts_with('#') {
            replacement.push(reference(name, start)?);
        } else if is_ncname(name) {
            replacement.push('&');
            replacement.push_str(name);
            replacement.push(';');
        } else {
            return Err(Flaw::malformed(start, "the name of an entity after &").found(name));
        }
        rest = after;
    }
    replacement.push_str(rest);
    Ok(replacement)
}

#[cfg(test)]
mod tests {
    use docmill_crds::reason::Reason;

    use super::{Declared, MOST_GROWTH};

    fn declared(entities: &[(&str, &str)]) -> Declared {
        let mut declared = Declared::default();
        for (name, literal) in entities {
            declared.declare(name, literal, 0).unwrap();
        }
        declared
    }

    fn text(entities: &[(&str, &str)], name: &str) -> String {
        declared(entities).expand(name, 0).unwrap().unwrap()
    }

    fn fault(entities: &[(&str, &str)], name: &str) -> (Reason, String) {
        let flaw = declared(entities).expand(name, 0).unwrap_err();
        (flaw.reason, flaw.expected)
    }

    #[test]
    fn a_replacement_is_text_with_characters_and_entities_in_it() {
        assert_eq!(text(&[("a", "&#8212;&#x21;")], "a"), "—!");
        assert_eq!(text(&[("a", "1&b;3"), ("b", "2&amp;")], "a"), "12&3");
        assert_eq!(text(&[("a", "&mdash;")], "a"), "—", "names of characters are known in it");
        assert_eq!(text(&[("a", "&#38;#60;")], "a"), "<", "XML 1.0, appendix D");
        assert_eq!(text(&[("a", "first"), ("a", "second")], "a"), "first");
        assert_eq!(text(&[("mdash", "own"), ("a", "&mdash;")], "a"), "own");
        assert_eq!(text(&[("a", "")], "a"), "");
        assert_eq!(declared(&[]).expand("nbsp", 0), Ok(None));
    }

    #[test]
    fn markup_and_what_is_not_declared_are_refused() {
        for (entities, expected) in [
            (&[("a", "<b/>")][..], "text, not for markup"),
            (&[("a", "&#60;b/>")], "text, not for markup"),
            (&[("a", "&b;"), ("b", "<")], "text, not for markup"),
            (&[("a", "&b;")], "declared or well known"),
            (&[("a", "&a;")], "at most 8 levels"),
            (&[("a", "&b;"), ("b", "&a;")], "at most 8 levels"),
            (&[("a", "&#38;")], "a ; after each reference"),
        ] {
            let (reason, found) = fault(entities, "a");
            assert_eq!(reason, Reason::EntityRefused, "{entities:?}: {found}");
            assert!(found.contains(expected), "{entities:?}: {found}");
        }
        for (literal, reason) in [
            ("%p;", Reason::EntityRefused),
            ("&", Reason::MalformedXml),
            ("& b;", Reason::MalformedXml),
            ("&#0;", Reason::MalformedXml),
        ] {
            assert_eq!(Declared::default().declare("a", literal, 0).unwrap_err().reason, reason, "{literal}");
        }
    }

    /// Each level has ten of the next one; the last one is long, or has no text at all.
    #[test]
    fn growth_is_bounded_in_bytes_and_in_references() {
        for last in ["lol", "", "x".repeat(50_000).as_str()] {
            let levels = (0..7).map(|n| (format!("e{n}"), format!("&e{};", n + 1).repeat(10)));
            let levels: Vec<_> = levels.chain([("e7".to_owned(), last.to_owned())]).collect();
            let levels: Vec<_> = levels.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            let (reason, expected) = fault(&levels, "e0");
            assert_eq!(reason, Reason::LimitExceeded, "{expected}");
        }
    }

    #[test]
    fn what_is_no_longer_than_its_reference_may_be_used_without_end() {
        let mut declared = declared(&[("nbsp", "&#160;"), ("long", &"x".repeat(MOST_GROWTH / 4))]);
        for _ in 0..100_000 {
            declared.expand("nbsp", 0).unwrap();
        }
        let uses = (0..10).take_while(|_| declared.expand("long", 0).is_ok()).count();
        assert_eq!(uses, 4);
    }
}
