//! A progress bar on a terminal, for long work.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::totals::ConvertTally;
use crate::commands::inputs::Inputs;

/// Shorter work needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// With the size of all inputs, and while it is not known, or never will be.
const BAR: &str = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}";
const SPINNER: &str = "{spinner} {bytes} {bytes_per_sec} {elapsed} {msg}";

/// The bar. It is shown if standard error is a terminal and standard output is not: documents that scroll
/// over the screen are progress enough.
pub(super) struct ConvertProgress {
    started: Instant,
    done: Arc<AtomicU64>,
    /// Bytes of all inputs; 0 while they are being counted, and if they cannot be.
    total: Arc<AtomicU64>,
    paths: Vec<PathBuf>,
    wanted: bool,
    bar: Option<ProgressBar>,
}

impl ConvertProgress {
    /// `done` are the bytes that have been read so far.
    pub(super) fn new(paths: &[PathBuf], done: Arc<AtomicU64>) -> Self {
        Self {
            started: Instant::now(),
            done,
            total: Arc::default(),
            paths: paths.to_vec(),
            wanted: io::stderr().is_terminal() && !io::stdout().is_terminal(),
            bar: None,
        }
    }

    /// Shows the progress.
    pub(super) fn show(&mut self, tally: &ConvertTally) {
        if !self.wanted || self.started.elapsed() < PATIENCE {
            return;
        }
        if self.bar.is_none() {
            count(self.paths.clone(), Arc::clone(&self.total));
        }
        let bar = self.bar.get_or_insert_with(|| ProgressBar::new(0).with_style(style(SPINNER)));
        let total = self.total.load(Ordering::Relaxed);
        if total > 0 && bar.length() != Some(total) {
            bar.set_length(total);
            bar.set_style(style(BAR));
        }
        bar.set_position(self.done.load(Ordering::Relaxed));
        let (documents, refused) = (HumanCount(tally.documents), HumanCount(tally.refusals()));
        let rate = HumanCount(tally.documents / self.started.elapsed().as_secs().max(1));
        bar.set_message(format!("{documents} documents {rate}/s, {refused} refused"));
    }

    /// Runs something that writes to the terminal while the bar is hidden.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Drop for ConvertProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Counts the bytes of all inputs, concurrently with the work. Anything that cannot be counted leaves the
/// total unknown.
fn count(paths: Vec<PathBuf>, total: Arc<AtomicU64>) {
    thread::spawn(move || {
        let sum = Inputs::new(&paths).try_fold(0, |sum, input| Some(sum + input.ok()?.bytes?));
        total.store(sum.unwrap_or(0), Ordering::Relaxed);
    });
}

/// An invalid template would be shown in the default style; the tests parse both.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    use super::{BAR, SPINNER};

    #[test]
    fn the_templates_can_be_read() {
        for template in [BAR, SPINNER] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
