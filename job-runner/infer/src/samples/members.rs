//! Which members of archives are samples. Pure.

use std::collections::BTreeSet;

use docmill_convert::Member;
use docmill_crds::conversion::Archive;

/// Patterns in a model at most.
const MOST_PATTERNS: usize = 16;
/// Bytes of what a person would call the extension of a name.
const LONGEST: usize = 8;

/// The members of archives that are samples, by the end of their names.
#[derive(Debug, Default)]
pub(super) struct Members {
    endings: BTreeSet<String>,
    /// One has a name without such an end.
    is_any: bool,
    found: bool,
}

impl Members {
    /// Adds a sample, if it is the member of an archive.
    pub(super) fn extend(&mut self, member: Option<&Member>) {
        let Some(member) = member else { return };
        self.found = true;
        match ending(&member.name) {
            Some(ending) if self.endings.len() < MOST_PATTERNS || self.endings.contains(ending) => {
                self.endings.insert(ending.to_owned());
            }
            _ => self.is_any = true,
        }
    }

    /// How a model reads archives with such members; `None` if there was none.
    pub(super) fn archive(&self) -> Option<Archive> {
        let patterns = || self.endings.iter().map(|ending| format!("*.{ending}")).collect();
        let members = if self.is_any { Vec::new() } else { patterns() };
        self.found.then(|| Archive { members, ..Archive::default() })
    }
}

/// The letters and digits after the last dot of a name.
fn ending(name: &str) -> Option<&str> {
    let (_, ending) = name.rsplit_once('.')?;
    let is_plain = ending.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_plain && (1..=LONGEST).contains(&ending.len())).then_some(ending)
}

#[cfg(test)]
mod tests {
    use docmill_convert::Member;

    use super::Members;

    fn patterns(names: &[&str]) -> Option<Vec<String>> {
        let mut members = Members::default();
        for (number, name) in (0..).zip(names) {
            members.extend(Some(&Member { number, name: (*name).into() }));
        }
        members.archive().map(|archive| archive.members)
    }

    #[test]
    fn members_are_told_by_the_end_of_their_names() {
        assert_eq!(patterns(&[]), None);
        assert_eq!(patterns(&["a/1.xml", "a/2.xml", "b.nitf"]).unwrap(), ["*.nitf", "*.xml"]);
        assert_eq!(patterns(&["a/1.xml", "v1.2/plain"]).unwrap(), [""; 0], "all members are read");
    }
}
