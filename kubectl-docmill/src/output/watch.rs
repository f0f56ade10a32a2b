//! `--watch`: a command that looks again and again, until it is interrupted.

use std::time::Duration;

use clap::Args;

use super::Screen;
use super::screen::{Show, rendered};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;

/// Whether to keep looking.
#[derive(Args, Clone, Copy, Debug)]
pub struct WatchArgs {
    /// Look again and again, until Ctrl-C.
    #[arg(short, long)]
    pub watch: bool,

    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub interval: u64,
}

/// ANSI: the cursor to the top left, and everything below it cleared.
const TOP: &str = "\u{1b}[H\u{1b}[J";
/// ANSI: the whole screen cleared.
const CLEAR: &str = "\u{1b}[2J";

/// Looks once, or again and again: on a terminal each answer takes the place of the one before; elsewhere only an answer that
/// differs is printed.
pub async fn repeatedly<T: Show>(
    args: WatchArgs,
    screen: Screen,
    mut look: impl AsyncFnMut() -> Result<(T, ExitStatus), Failure>,
) -> Result<ExitStatus, Failure> {
    let (answer, status) = look().await?;
    let mut shown = rendered(&answer, screen.format, screen.view())?;
    let is_live = args.watch && screen.is_terminal && screen.is_for_people();
    screen.print(&if is_live { format!("{CLEAR}{TOP}{shown}") } else { shown.clone() })?;
    if !args.watch {
        return Ok(status);
    }
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(ExitStatus::Success),
            () = tokio::time::sleep(Duration::from_secs(args.interval)) => {}
        }
        let text = match look().await {
            Ok((answer, _)) => rendered(&answer, screen.format, screen.view())?,
            // An API server that restarts is no reason to stop looking.
            Err(failure) => failure.explanation(),
        };
        if is_live {
            screen.print(&format!("{TOP}{text}"))?;
        } else if text != shown {
            screen.print(&text)?;
        }
        shown = text;
    }
}
