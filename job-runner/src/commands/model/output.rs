//! Prints the output of a command.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::commands::exit_status::{UNUSABLE, complain};

pub(super) fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&error);
            ExitCode::from(UNUSABLE)
        }
        _ => ExitCode::SUCCESS,
    }
}
