//! `--watch`: a command that looks again and again, until it is interrupted.

use std::time::Duration;

use clap::Args;

use super::screen::{Show, rendered};
use super::{Screen, notice, untrusted};
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
/// differs is printed, and that a look failed is told on standard error. It ends with Ctrl-C, also during a look, and when
/// nobody reads any more.
pub async fn repeatedly<T: Show>(
    args: WatchArgs,
    screen: Screen,
    mut look: impl AsyncFnMut() -> Result<(T, ExitStatus), Failure>,
) -> Result<ExitStatus, Failure> {
    if !args.watch {
        let (answer, status) = look().await?;
        screen.show(&answer)?;
        return Ok(status);
    }
    let is_live = screen.is_terminal && screen.is_for_people();
    let looking = async {
        let (answer, _) = look().await?;
        let mut shown = rendered(&answer, screen.format, screen.view())?;
        let mut is_read =
            screen.print_if_read(&if is_live { format!("{CLEAR}{TOP}{shown}") } else { shown.clone() })?;
        while is_read {
            tokio::time::sleep(Duration::from_secs(args.interval)).await;
            let (text, is_failure) = match look().await {
                Ok((answer, _)) => (rendered(&answer, screen.format, screen.view())?, false),
                // An API server that restarts is no reason to stop looking.
                Err(failure) => (untrusted::lines(&failure.explanation()), true),
            };
            if is_live {
                is_read = screen.print_if_read(&format!("{TOP}{text}"))?;
            } else if text != shown && is_failure {
                notice::tell(&text);
            } else if text != shown {
                is_read = screen.print_if_read(&text)?;
            }
            shown = text;
        }
        Ok::<_, Failure>(ExitStatus::Success)
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Ok(ExitStatus::Success),
        ended = looking => ended,
    }
}
