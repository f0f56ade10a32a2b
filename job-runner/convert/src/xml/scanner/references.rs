//! References to other entities than XML's own five, and ampersands that begin none.

use docmill_crds::conversion::{Entities, Repair};
use docmill_crds::reason::Reason;

use super::{Scanner, XmlState};
use crate::events::Sink;
use crate::fault::Flaw;
use crate::leniency::entities::declared::Within;
use crate::leniency::entities::named;
use crate::leniency::repairs::{bare_ampersand, control_characters};

/// What a reference stands for that strict reading refuses.
pub(super) enum StandsFor {
    /// The text of an entity, in which white space is like any other.
    Text(String),
    /// The characters that a name stands for.
    Characters(&'static str),
    /// Nothing: the character is left out.
    Nothing,
    /// It is no reference: the ampersand is one.
    Ampersand,
}

impl Scanner<'_, '_> {
    /// What the object used so far: `Named`, if it was the name of a character.
    pub(crate) const fn used_entities(&self) -> Entities {
        self.state.used_entities
    }
}

impl XmlState<'_> {
    /// What the reference with this text between `&` and `;` stands for; `flaw` if nothing is allowed.
    pub(super) fn stands_for(&mut self, name: &str, within: Within, flaw: Flaw) -> Result<StandsFor, Flaw> {
        if self.entities == Entities::Declared
            && let Some(text) = self.declared.expand(name, (flaw.offset, within), &mut self.log)?
        {
            return Ok(StandsFor::Text(text));
        }
        if self.entities != Entities::Refuse
            && let Some(characters) = named::characters(name)
        {
            self.used_entities = Entities::Named;
            return Ok(StandsFor::Characters(characters));
        }
        if control_characters::is_reference_to_one(name) && self.log.mend(Repair::ControlCharacters) {
            return Ok(StandsFor::Nothing);
        }
        if bare_ampersand::is_no_reference(name) && self.log.mend(Repair::BareAmpersand) {
            return Ok(StandsFor::Ampersand);
        }
        Err(self.with_what_is_allowed(flaw))
    }

    /// The flaw of an unknown entity, which says what the model allows beyond XML's own five.
    fn with_what_is_allowed(&self, flaw: Flaw) -> Flaw {
        if flaw.reason != Reason::EntityRefused {
            return flaw;
        }
        let expected = match self.entities {
            Entities::Refuse => return flaw,
            Entities::Named => "one of the entities of XML, HTML, ISO and MathML",
            Entities::Declared => {
                "one of the entities of XML, HTML, ISO and MathML, or one that the object declares as text"
            }
        };
        Flaw { expected: expected.to_owned(), ..flaw }
    }

    /// A reference in the content of an element that strict reading refuses for `flaw`, which is where it starts. `at`,
    /// its end, moves back behind the ampersand if there is nothing more to it.
    pub(super) fn other_reference(
        &mut self,
        name: &str,
        flaw: Flaw,
        at: &mut usize,
        sink: &mut impl Sink,
    ) -> Result<(), Flaw> {
        let start = flaw.offset;
        match self.stands_for(name, Within::Content, flaw)? {
            StandsFor::Text(text) => sink.text(&text, start),
            StandsFor::Characters(characters) => {
                characters.chars().try_for_each(|c| sink.character(c, start))
            }
            StandsFor::Nothing => Ok(()),
            StandsFor::Ampersand => {
                *at = start + 1;
                sink.text("&", start)
            }
        }
    }
}
