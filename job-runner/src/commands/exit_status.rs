//! How the commands that run locally end: their exit status, and why.

use std::error::Error;
use std::io::{self, Write};

/// When something was refused.
pub(crate) const REFUSED: u8 = 1;
/// When a command cannot do its work.
pub(crate) const UNUSABLE: u8 = 2;

/// Reports on standard error why a command cannot do its work.
pub(crate) fn complain(error: &(dyn Error + 'static)) {
    let chain = std::iter::successors(Some(error), |cause| (*cause).source()).map(ToString::to_string);
    // If this fails, there is nobody left to notify.
    let _ = writeln!(io::stderr(), "error: {}", chain.collect::<Vec<_>>().join(": "));
}
