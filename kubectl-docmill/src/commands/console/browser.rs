//! Opens the user's browser.

use std::process::{Command, Stdio};
use std::thread;

/// Opens an address. That there is no browser is no failure: the terminal shows the address.
pub fn open(address: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Ok(mut child) = command.spawn() {
        // So that no zombie of it stays.
        thread::spawn(move || child.wait());
    }
}
