//! What a model may have mended in an object that is not well-formed: each repair is one rule in a file of its own.
//!
//! Strict reading does not pay for them. They are asked where it ends with a fault, and where an object begins and ends;
//! what was mended is counted.

pub(crate) mod bare_ampersand;
pub(crate) mod control_characters;
pub(crate) mod encoding;
pub(crate) mod leading_space;
pub(crate) mod log;
pub(crate) mod trailing_data;
pub(crate) mod unclosed_at_end;
pub(crate) mod undeclared_prefix;

use docmill_crds::conversion::Repair;

/// The repairs that a model allows, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repairs(u8);

impl Repairs {
    pub(crate) fn of(repairs: &[Repair]) -> Self {
        Self(repairs.iter().fold(0, |bits, repair| bits | bit(*repair)))
    }

    pub(crate) const fn has(self, repair: Repair) -> bool {
        self.0 & bit(repair) != 0
    }
}

const fn bit(repair: Repair) -> u8 {
    1 << repair as u8
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Repair;

    use super::Repairs;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        for repair in Repair::ALL {
            let one = Repairs::of(&[repair]);
            assert!(Repair::ALL.into_iter().all(|other| one.has(other) == (other == repair)), "{repair:?}");
            assert!(Repairs::of(&Repair::ALL).has(repair) && !Repairs::default().has(repair));
        }
    }
}
