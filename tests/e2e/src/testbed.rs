//! Making the testbed's cluster fail, by the program that runs it.

use anyhow::{Context as _, Result};

use crate::command;

/// Calls `cargo testbed` with these arguments, for example `stop kube-apiserver`.
pub async fn testbed(arguments: &[&str]) -> Result<()> {
    let program = std::env::var("DOCMILL_TESTBED").context(
        "DOCMILL_TESTBED is not set: this test makes a cluster fail; run cargo testbed test --long",
    )?;
    let words: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let call = format!("cargo testbed {}", arguments.join(" "));
    command::run(&program, &words, None).await?.expect_ok(&call).map(drop)
}
