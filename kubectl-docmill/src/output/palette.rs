//! Colour: a meaning for each, and none where the output is no terminal.

/// What a text means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// It is well: green.
    Good,
    /// It failed: red.
    Bad,
    /// It waits, or needs attention: yellow.
    Warn,
    /// Less important: dim.
    Dim,
    /// A heading: bold.
    Bold,
}

impl Tone {
    /// Parameter of the ANSI sequence (SGR).
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Bad => Some("31"),
            Self::Warn => Some("33"),
            Self::Dim => Some("2"),
            Self::Bold => Some("1"),
        }
    }
}

/// Whether texts are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// Whether they are.
    pub is_on: bool,
}

impl Palette {
    /// A text in the colour of its meaning.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        match tone.code().filter(|_| self.is_on && !text.is_empty()) {
            Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            None => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Palette, Tone};

    #[test]
    fn only_a_palette_that_is_on_colours() {
        assert_eq!(Palette { is_on: true }.paint(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Palette { is_on: true }.paint(Tone::Plain, "x"), "x");
        assert_eq!(Palette { is_on: false }.paint(Tone::Bad, "x"), "x");
    }
}
