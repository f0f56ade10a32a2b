//! The line of progress of a run, and its verdict. Pure.

use super::meter::Meter;
use super::run_state::{Outcome, RunState};
use crate::exit_status::ExitStatus;
use crate::output::amounts::{count, seconds};
use crate::output::untrusted::one_line;
use crate::output::{Palette, Tone};

/// Characters of the bar.
const BAR: i64 = 24;

/// One line: bar, numbers, rate and time left, or why the run waits.
pub fn progress(state: &RunState, meter: &Meter, palette: Palette) -> String {
    let mut parts = vec![match state.percent.or_else(|| share(state)) {
        Some(percent) => format!("[{}] {percent:>3}%", bar(percent)),
        None => state.phase.clone(),
    }];
    if let Some(selected) = state.selected {
        let processed = count(state.processed);
        parts.push(if state.counted == "key ranges" {
            format!("{processed} units of {} {}", count(selected), state.counted)
        } else {
            format!("{processed} of {} {}", count(selected), state.counted)
        });
    }
    let refused = state.numbers.iter().find(|(word, _)| *word == "failed");
    let refused = refused.map(|(word, number)| format!("{} {word}", count(*number)));
    parts.extend(refused.map(|refused| palette.paint(Tone::Bad, &refused)));
    parts.extend(meter.tenths_per_second().map(|rate| format!("{}.{}/s", rate / 10, rate % 10)));
    let rest = state.selected.map(|selected| selected.saturating_sub(state.processed));
    let left = rest.filter(|_| state.counted != "key ranges").and_then(|rest| meter.seconds_for(rest));
    parts.extend(left.map(|left| format!("{} left", seconds(left))));
    parts.extend(state.waits.as_ref().map(|waits| palette.paint(Tone::Warn, &one_line(waits))));
    parts.join("  ")
}

fn share(state: &RunState) -> Option<i64> {
    let selected = state.selected.filter(|selected| *selected > 0 && state.counted != "key ranges")?;
    Some((state.processed.saturating_mul(100) / selected).clamp(0, 100))
}

fn bar(percent: i64) -> String {
    let full = usize::try_from(percent.clamp(0, 100) * BAR / 100).unwrap_or_default();
    let empty = usize::try_from(BAR).unwrap_or_default().saturating_sub(full);
    format!("{}{}", "#".repeat(full), "-".repeat(empty))
}

/// How the run ended, in a few lines, and what to do next.
pub fn verdict(state: &RunState, palette: Palette) -> String {
    let word = match state.outcome {
        Some(Outcome::Complete) if state.findings == 0 => palette.paint(Tone::Good, "Complete"),
        Some(Outcome::Complete) => palette.paint(Tone::Warn, "Complete"),
        Some(Outcome::Failed) => palette.paint(Tone::Bad, "Failed"),
        None => state.phase.clone(),
    };
    let selected = state.selected.map(|selected| format!("{} {} selected", count(selected), state.counted));
    let mut parts: Vec<String> = selected.into_iter().collect();
    parts.extend(state.numbers.iter().map(|(word, number)| format!("{} {word}", count(*number))));
    parts.extend(state.duration.as_ref().map(|duration| format!("in {duration}")));
    let colon = if parts.is_empty() { "" } else { ": " };
    let mut lines = vec![format!("{} {word}{colon}{}", state.name, parts.join(", "))];
    lines.extend(state.waits.as_ref().map(|waits| format!("  {}", one_line(waits))));
    lines.extend(state.report.as_ref().map(|report| format!("  report: {}", one_line(report))));
    if let (true, Some(source)) = (state.findings > 0 && state.counted == "units", &state.source) {
        lines.push(format!("  next: kubectl docmill failures {source}"));
    }
    lines.join("\n") + "\n"
}

/// What scripts learn of a run that has ended.
pub fn exit_status(state: &RunState) -> ExitStatus {
    match state.outcome {
        Some(Outcome::Complete) if state.findings == 0 => ExitStatus::Success,
        Some(Outcome::Complete) => ExitStatus::Findings,
        Some(Outcome::Failed) | None => ExitStatus::Failed,
    }
}
