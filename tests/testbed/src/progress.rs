//! Tells the person what happens: a line when a step ends, with its time, and a sign of life while a long one runs.

use std::{
    io::{IsTerminal as _, Write as _},
    sync::{Mutex, Once, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::command::Failed;

const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

static STARTED: OnceLock<Instant> = OnceLock::new();
static RUNNING: Mutex<Vec<(String, Instant)>> = Mutex::new(Vec::new());
static TICKER: Once = Once::new();

/// Runs a step and prints its name and how long it took.
pub(crate) fn step<T>(name: &str, run: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    begin(name);
    let started = Instant::now();
    let result = run();
    end(name);
    let (mark, colour) = if result.is_ok() { ("ok  ", "32") } else { ("FAIL", "31") };
    say(&format!("{} {name}  {}", coloured(mark, colour), seconds(started.elapsed())));
    result
}

/// Prints a line that is not a step.
pub(crate) fn note(text: &str) {
    say(&format!("     {text}"));
}

/// Prints an error with its causes, and the end of the log where there is one.
pub(crate) fn failure(error: &anyhow::Error) {
    say(&format!("{} {error:#}", coloured("error:", "31")));
    if let Some(failed) = error.chain().find_map(|cause| cause.downcast_ref::<Failed>()) {
        say(&failed.details());
    }
}

/// Time in words: `4.2 s` or `6 min 45 s`.
pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_mins(1) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

fn begin(name: &str) {
    STARTED.get_or_init(Instant::now);
    running().push((name.to_owned(), Instant::now()));
    TICKER.call_once(|| {
        thread::spawn(|| {
            loop {
                thread::sleep(SIGN_OF_LIFE);
                show_running();
            }
        });
    });
}

fn end(name: &str) {
    running().retain(|(other, _)| other != name);
}

fn show_running() {
    let lines: Vec<String> = running()
        .iter()
        .filter(|(_, since)| since.elapsed() >= SIGN_OF_LIFE)
        .map(|(name, since)| format!("...  {name}  {}", seconds(since.elapsed())))
        .collect();
    for line in lines {
        say(&line);
    }
}

fn running() -> std::sync::MutexGuard<'static, Vec<(String, Instant)>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Progress goes to standard error: standard output belongs to what a command prints.
fn say(text: &str) {
    let since = STARTED.get_or_init(Instant::now).elapsed().as_secs();
    let _ = writeln!(std::io::stderr(), "{:>3}:{:02} {text}", since / 60, since % 60);
}

fn coloured(text: &str, colour: &str) -> String {
    if std::io::stderr().is_terminal() { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        assert_eq!(seconds(Duration::from_millis(4_240)), "4.2 s");
        assert_eq!(seconds(Duration::from_secs(405)), "6 min 45 s");
    }
}
