//! The entities that an object declares itself, as far as they stand for text: XML 1.0, sections 4.2.1 and 4.4.

use std::collections::HashMap;

use docmill_crds::conversion::Repair;
use docmill_crds::reason::Reason;

use super::named;
use crate::fault::Flaw;
use crate::leniency::repairs::log::RepairLog;
use crate::leniency::repairs::{bare_ampersand, control_characters};
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

/// Where a reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// In the content of an element.
    Content,
    /// In the value of an attribute.
    Attribute,
}

/// A text that is being put together.
struct Expansion<'d> {
    replacements: &'d HashMap<String, String>,
    within: Within,
    log: &'d mut RepairLog,
    text: String,
    /// References that were resolved for it. They count like bytes: entities without any text cost time as well.
    references: usize,
    /// Maximum of both together.
    room: usize,
}

impl Declared {
    /// Adds a declaration whose literal value starts at `offset`. The first one of a name counts.
    pub(crate) fn declare(
        &mut self,
        name: &str,
        (literal, offset): (&str, usize),
        log: &mut RepairLog,
    ) -> Result<(), Flaw> {
        let replacement = replacement(literal, offset, log)?;
        self.replacements.entry(name.to_owned()).or_insert(replacement);
        Ok(())
    }

    /// The text that a reference at `offset` to this entity stands for; `None` if it is not declared.
    pub(crate) fn expand(
        &mut self,
        name: &str,
        (offset, within): (usize, Within),
        log: &mut RepairLog,
    ) -> Result<Option<String>, Flaw> {
        if !self.replacements.contains_key(name) {
            return Ok(None);
        }
        // The reference itself, with its two delimiters, is part of the object.
        let written = name.len() + 2;
        let room = MOST_GROWTH - self.growth + written;
        let replacements = &self.replacements;
        let mut expansion = Expansion { replacements, within, log, text: String::new(), references: 0, room };
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
            self.push_plain(text, offset)?;
            let inner = inner(after);
            rest = match inner.map(|(name, after)| (name, after, reference(name, offset))) {
                Some((_, after, Ok(c))) => {
                    self.push(c.encode_utf8(&mut [0; 4]), offset)?;
                    after
                }
                Some((name, after, Err(_))) if is_ncname(name) => {
                    self.entity(name, level + 1, offset)?;
                    after
                }
                Some((name, after, Err(_))) if left_out(name, self.log) => after,
                _ if is_ampersand(inner.map(|(name, _)| name), self.log) => {
                    self.push("&", offset)?;
                    after
                }
                Some((_, _, Err(flaw))) => return Err(flaw),
                None => return Err(refused("a ; after each reference in the text of an entity")),
            };
        }
        self.push_plain(rest, offset)
    }

    /// Appends characters that are not written as references.
    fn push_plain(&mut self, text: &str, offset: usize) -> Result<(), Flaw> {
        if self.within == Within::Content && text.contains("]]>") {
            return Err(
                Flaw::malformed(offset, "]]&gt; outside of CDATA in the text of an entity").found("]]>")
            );
        }
        self.push(text, offset)
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

/// What is between an `&` and the next `;`, and what comes after that; `None` if another `&` or the end comes first.
pub(crate) fn inner(after: &str) -> Option<(&str, &str)> {
    let (name, rest) = after.split_at(memchr::memchr2(b';', b'&', after.as_bytes())?);
    Some((name, rest.strip_prefix(';')?))
}

/// Whether what is between `&` and `;` is the number of a character that is left out, which is counted.
pub(crate) fn left_out(inner: &str, log: &mut RepairLog) -> bool {
    control_characters::is_reference_to_one(inner) && log.mend(Repair::ControlCharacters)
}

/// Whether an `&` stands for itself, which is counted. `inner` is what is between it and the next `;`, if there is one.
pub(crate) fn is_ampersand(inner: Option<&str>, log: &mut RepairLog) -> bool {
    inner.is_none_or(bare_ampersand::is_no_reference) && log.mend(Repair::BareAmpersand)
}

/// The replacement text of a literal value: its references to characters are resolved, and those to entities stay. An `&`
/// that is mended becomes a reference to itself, so that it begins nothing with what follows.
fn replacement(literal: &str, offset: usize, log: &mut RepairLog) -> Result<String, Flaw> {
    if let Some(at) = literal.find('%') {
        let flaw = Flaw::malformed(offset + at, "no parameter entity in the value of an entity");
        return Err(flaw.because(Reason::EntityRefused).found("%"));
    }
    let mut replacement = String::with_capacity(literal.len());
    let mut rest = literal;
    while let Some((text, after)) = rest.split_once('&') {
        replacement.push_str(text);
        let start = offset + literal.len() - after.len() - 1;
        let inner = inner(after);
        rest = match inner {
            Some((name, after)) if is_ncname(name) => {
                replacement.extend(["&", name, ";"]);
                after
            }
            Some((name, after)) if left_out(name, log) => after,
            _ if is_ampersand(inner.map(|(name, _)| name), log) => {
                replacement.push_str("&#38;");
                after
            }
            Some((name, after)) => {
                replacement.push(reference(name, start)?);
                after
            }
            None => return Err(Flaw::malformed(start, "a ; after the reference")),
        };
    }
    replacement.push_str(rest);
    Ok(replacement)
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Repair;
    use docmill_crds::reason::Reason;

    use super::Within::{Attribute, Content};
    use super::{Declared, MOST_GROWTH, RepairLog};
    use crate::leniency::repairs::Repairs;

    fn declared(entities: &[(&str, &str)]) -> Declared {
        let mut declared = Declared::default();
        for (name, literal) in entities {
            declared.declare(name, (literal, 0), &mut RepairLog::default()).unwrap();
        }
        declared
    }

    fn expanded(declared: &mut Declared, name: &str) -> Result<Option<String>, crate::fault::Flaw> {
        declared.expand(name, (0, Content), &mut RepairLog::default())
    }

    fn text(entities: &[(&str, &str)], name: &str) -> String {
        expanded(&mut declared(entities), name).unwrap().unwrap()
    }

    fn fault(entities: &[(&str, &str)], name: &str) -> (Reason, String) {
        let flaw = expanded(&mut declared(entities), name).unwrap_err();
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
        assert_eq!(expanded(&mut declared(&[]), "nbsp"), Ok(None));
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
            let declared = Declared::default().declare("a", (literal, 0), &mut RepairLog::default());
            assert_eq!(declared.unwrap_err().reason, reason, "{literal}");
        }
    }

    /// What the repairs make of a reference to an entity with this literal value, and how often each was made.
    fn mended(literal: &str) -> (String, [u64; 2]) {
        let mut log = RepairLog::new(Repairs::of(&[Repair::BareAmpersand, Repair::ControlCharacters]));
        let mut declared = Declared::default();
        declared.declare("a", (literal, 0), &mut log).unwrap();
        declared.declare("T", ("wrong", 0), &mut log).unwrap();
        let text = declared.expand("a", (0, Content), &mut log).unwrap().unwrap();
        (text, [Repair::BareAmpersand, Repair::ControlCharacters].map(|repair| log.counts().get(repair)))
    }

    #[test]
    fn a_value_is_mended_as_text_is() {
        for (literal, expected, times) in [
            ("A & B", "A & B", [1, 0]),
            ("AT&T &amp; B", "AT&T & B", [1, 0]),
            ("AT&T&#59;", "AT&T;", [1, 0]),
            ("&T;", "wrong", [0, 0]),
            ("A &#38; B", "A & B", [1, 0]),
            ("&#38;#60;&#38;amp;", "<&", [0, 0]),
            ("A&#1;B&#x0;", "AB", [0, 2]),
            ("A&#38;#1;B", "AB", [0, 1]),
            ("&;&&", "&;&&", [3, 0]),
        ] {
            assert_eq!(mended(literal), (expected.to_owned(), times), "{literal}");
        }
        let mut log = RepairLog::new(Repairs::of(&Repair::ALL));
        for (literal, reason) in [("50% & more", Reason::EntityRefused), ("&#xD800;", Reason::MalformedXml)] {
            let flaw = Declared::default().declare("a", (literal, 0), &mut log).unwrap_err();
            assert_eq!(flaw.reason, reason, "{literal}");
        }
    }

    /// XML 1.0, production 14: also in the text of an entity, as it stands when it is included.
    #[test]
    fn the_end_of_cdata_is_no_text_of_an_entity() {
        for literal in ["a]]>b", "a]]&#62;b"] {
            let mut declared = declared(&[("a", literal), ("b", "&a;")]);
            for name in ["a", "b"] {
                let flaw = expanded(&mut declared, name).unwrap_err();
                assert_eq!(
                    (flaw.reason, flaw.found.as_deref()),
                    (Reason::MalformedXml, Some("]]>")),
                    "{literal}"
                );
                let value = declared.expand(name, (0, Attribute), &mut RepairLog::default());
                assert_eq!(value, Ok(Some("a]]>b".to_owned())), "{literal}");
            }
        }
        assert_eq!(text(&[("a", "a]]&#38;#62;b")], "a"), "a]]>b");
        assert_eq!(text(&[("a", "]]&b;"), ("b", ">")], "a"), "]]>");
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
            expanded(&mut declared, "nbsp").unwrap();
        }
        let uses = (0..10).take_while(|_| expanded(&mut declared, "long").is_ok()).count();
        assert_eq!(uses, 4);
    }
}
