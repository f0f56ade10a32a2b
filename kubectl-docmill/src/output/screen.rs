//! Where output goes: people at a terminal, or programs.

use std::io::{self, ErrorKind, IsTerminal as _, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::args::{Format, OutputArgs};
use super::palette::Palette;
use super::untrusted;
use crate::failure::Failure;

/// An answer that can be shown in every format.
pub trait Show: Serialize {
    /// For people.
    fn human(&self, view: View) -> String;
    /// For `-o name`: what names the parts of the answer.
    fn names(&self) -> Vec<String>;
}

/// How something is shown to people.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Colours.
    pub palette: Palette,
    /// Whether all columns are shown.
    pub is_wide: bool,
    /// The present, for ages.
    pub now: Timestamp,
}

/// Standard output, and in which form it is written.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// The form.
    pub format: Format,
    /// Whether a person looks at it.
    pub is_terminal: bool,
    palette: Palette,
}

impl Screen {
    /// By the flags, and by what standard output is.
    pub fn new(args: &OutputArgs) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let forbidden = args.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { format: args.output, is_terminal, palette: Palette { is_on: is_terminal && !forbidden } }
    }

    /// Whether the form is one for people.
    pub const fn is_for_people(&self) -> bool {
        matches!(self.format, Format::Table | Format::Wide)
    }

    /// How something is shown to people now.
    pub fn view(&self) -> View {
        let is_wide = self.format == Format::Wide;
        View { palette: self.palette, is_wide, now: Timestamp::now() }
    }

    /// Shows an answer.
    pub fn show(&self, answer: &impl Show) -> Result<(), Failure> {
        self.print(&rendered(answer, self.format, self.view())?)
    }

    /// Prints a text.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        self.print_bytes(text.as_bytes())
    }

    /// Prints these very bytes. A reader that has closed its end, such as `head`, is no error.
    pub fn print_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        print_to(&mut io::stdout().lock(), bytes).map(|_| ())
    }

    /// Prints a text, and says whether anybody still reads.
    pub fn print_if_read(&self, text: &str) -> Result<bool, Failure> {
        print_to(&mut io::stdout().lock(), text.as_bytes())
    }
}

/// Writes bytes, and says whether anybody still reads.
fn print_to(out: &mut impl Write, bytes: &[u8]) -> Result<bool, Failure> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(format!("failed to write to standard output: {error}"))),
    }
}

/// An answer as a text.
pub fn rendered(answer: &impl Show, format: Format, view: View) -> Result<String, Failure> {
    let failed = |error: String| Failure::new(format!("failed to write the answer: {error}"));
    Ok(match format {
        Format::Table | Format::Wide => answer.human(view),
        Format::Json => {
            let text = serde_json::to_string_pretty(answer).map_err(|error| failed(error.to_string()))?;
            format!("{}\n", untrusted::escaped(&text))
        }
        Format::Yaml => serde_saphyr::to_string(answer).map_err(|error| failed(error.to_string()))?,
        Format::Name => answer.names().iter().map(|name| untrusted::one_line(name) + "\n").collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind, Write};

    use jiff::Timestamp;
    use serde::Serialize;

    use super::{Format, Palette, Show, View, print_to, rendered};

    /// A reader that has closed its end, or that fails otherwise.
    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_told_from_one_that_fails() {
        assert_eq!(print_to(&mut Vec::new(), b"a"), Ok(true));
        assert_eq!(print_to(&mut Broken(ErrorKind::BrokenPipe), b"a"), Ok(false));
        assert!(print_to(&mut Broken(ErrorKind::StorageFull), b"a").is_err());
    }

    #[derive(Serialize)]
    struct Answer {
        state: &'static str,
    }

    impl Show for Answer {
        fn human(&self, _view: View) -> String {
            format!("It is {}.\n", self.state)
        }
        fn names(&self) -> Vec<String> {
            vec![self.state.to_owned()]
        }
    }

    #[test]
    fn an_answer_has_a_form_for_people_and_forms_for_programs() {
        let view = View { palette: Palette::default(), is_wide: false, now: Timestamp::UNIX_EPOCH };
        let shown = |format| rendered(&Answer { state: "indexed" }, format, view).unwrap();
        assert_eq!(shown(Format::Table), "It is indexed.\n");
        assert_eq!(shown(Format::Json), "{\n  \"state\": \"indexed\"\n}\n");
        let hostile = rendered(&Answer { state: "a\u{9b}2J\u{202e}" }, Format::Json, view).unwrap();
        assert_eq!(hostile, "{\n  \"state\": \"a\\u009b2J\\u202e\"\n}\n");
        assert_eq!(shown(Format::Yaml), "state: indexed\n");
        assert_eq!(shown(Format::Name), "indexed\n");
        let hostile = rendered(&Answer { state: "a\n\u{1b}[2J" }, Format::Name, view).unwrap();
        assert_eq!(hostile, "a \u{fffd}[2J\n");
    }
}
