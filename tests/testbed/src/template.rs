//! Fills `${NAME}` in the files under `parts/`.

use std::collections::BTreeMap;

use anyhow::bail;

/// Values by placeholder name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// Sets a value.
    pub(crate) fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.insert(name, value.into());
        self
    }

    /// Fills a text; fails when it names a value that was not set.
    pub(crate) fn fill(&self, text: &str) -> anyhow::Result<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                bail!("the placeholder after {before:?} has no end");
            };
            let Some(value) = self.0.get(name) else { bail!("the placeholder {name} has no value") };
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_filled_and_dollars_stay() {
        let values = Values::default().set("A", "1").set("B", "2");
        assert_eq!(values.fill("${A} $HOME ${B}${A}").expect("filled"), "1 $HOME 21");
    }

    #[test]
    fn a_placeholder_without_a_value_or_an_end_is_refused() {
        assert!(Values::default().fill("x ${NOPE}").is_err());
        assert!(Values::default().fill("x ${NOPE").is_err());
    }
}
