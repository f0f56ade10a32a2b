//! Looks at a run until it has ended. Progress goes to standard error, the verdict to standard output.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::meter::Meter;
use super::render::{exit_status, progress, verdict};
use super::run_state::{Run, RunState};
use crate::cluster::Cluster;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::{Palette, Screen, Show, View, notice};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Looks in a row that may fail: an API server that restarts is no reason to stop following.
const MOST_FAILURES: u32 = 30;
/// Looks between two lines where nobody sees a line change.
const LINE_EVERY: u64 = 10;

/// A run as an answer: for programs the resource, for people the verdict.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct RunReport<R>(pub R);

impl<R: Run> Show for RunReport<R> {
    fn human(&self, view: View) -> String {
        verdict(&self.0.state(), view.palette)
    }

    fn names(&self) -> Vec<String> {
        vec![self.0.state().name]
    }
}

/// Creates a run. If it is to be followed, waits for its end, and shows its verdict.
pub async fn create<R: Run>(
    cluster: &Cluster,
    screen: Screen,
    run: &R,
    detach: bool,
) -> Result<ExitStatus, Failure> {
    let run: R = cluster.create(run).await?;
    let state = run.state();
    if detach {
        if screen.is_for_people() {
            screen.print(&format!("{} created\n", state.name))?;
        } else {
            screen.show(&RunReport(run))?;
        }
        return Ok(ExitStatus::Success);
    }
    notice::tell(&format!("{} created\n", state.name));
    follow::<R>(cluster, screen, run.meta().name.as_deref().unwrap_or_default()).await
}

/// Waits for the end of a run, and shows its verdict. Ctrl-C stops the following, not the run.
pub async fn follow<R: Run>(cluster: &Cluster, screen: Screen, name: &str) -> Result<ExitStatus, Failure> {
    tokio::select! {
        // Also while an API server that is away keeps a look waiting.
        _ = tokio::signal::ctrl_c() => {
            ProgressLine::new(screen).clear();
            notice::tell(&format!("{}/{name} continues: kubectl docmill top shows it\n", R::RESOURCE));
            Ok(ExitStatus::Interrupted)
        }
        ended = to_its_end::<R>(cluster, screen, name) => ended,
    }
}

async fn to_its_end<R: Run>(cluster: &Cluster, screen: Screen, name: &str) -> Result<ExitStatus, Failure> {
    let (began, mut meter, mut failures) = (Instant::now(), Meter::default(), 0);
    let mut line = ProgressLine::new(screen);
    loop {
        match cluster.get::<R>(name).await {
            Ok(run) => {
                failures = 0;
                let state = run.state();
                if state.outcome.is_some() {
                    line.clear();
                    screen.show(&RunReport(run))?;
                    return Ok(exit_status(&state));
                }
                meter.look(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX), state.processed);
                line.show(&state, &meter);
            }
            Err(failure) if failures >= MOST_FAILURES => return Err(failure),
            Err(_) => failures += 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The line of progress on standard error: one that changes on a terminal, else one every few seconds.
struct ProgressLine {
    is_terminal: bool,
    palette: Palette,
    looks: u64,
}

impl ProgressLine {
    fn new(screen: Screen) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let palette = Palette { is_on: is_terminal && screen.view().palette.is_on };
        Self { is_terminal, palette, looks: 0 }
    }

    fn show(&mut self, state: &RunState, meter: &Meter) {
        let text = progress(state, meter, self.palette);
        // Whether anybody reads standard error is no concern of the run's.
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\u{1b}[K{text}");
        } else if self.looks.is_multiple_of(LINE_EVERY) {
            let _ = writeln!(io::stderr(), "{text}");
        }
        self.looks += 1;
    }

    fn clear(&self) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
