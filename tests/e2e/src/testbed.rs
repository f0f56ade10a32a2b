//! Making the testbed's cluster fail, by the program that runs it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::command;

/// How soon what has started again is killed again.
const SOON: Duration = Duration::from_millis(500);

/// Calls `cargo testbed` with these arguments, for example `stop kube-apiserver`, and gives what it prints.
pub async fn testbed(arguments: &[&str]) -> Result<String> {
    let program = std::env::var("DOCMILL_TESTBED").context(
        "DOCMILL_TESTBED is not set: this test makes a cluster fail; run cargo testbed test --long",
    )?;
    let words: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let call = format!("cargo testbed {}", arguments.join(" "));
    command::run(&program, &words, None).await?.expect_ok(&call)
}

/// Kills the containers of a part as soon as they start again, for so long.
pub async fn keep_down(part: &str, time: Duration) -> Result<()> {
    let began = Instant::now();
    testbed(&["kill", part]).await?;
    while began.elapsed() < time {
        tokio::time::sleep(SOON).await;
        // Between two starts there is nothing to kill.
        let _ = testbed(&["kill", part]).await;
    }
    Ok(())
}
