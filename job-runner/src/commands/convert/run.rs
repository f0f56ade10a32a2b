//! Runs of inputs. A worker takes one at a time: small files together, so that handing them over costs little, and
//! everything else alone, so that none waits for it.

use std::iter::Peekable;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::commands::inputs::{Input, ReadError};

/// Most files of a run.
const MOST_FILES: usize = 64;

/// Most bytes of a run of several files, which is also what makes a file small.
pub(super) const MOST_BYTES: u64 = 256 * 1024;

/// Inputs that follow each other; at least one.
#[derive(Debug)]
pub(super) struct Run {
    inputs: Vec<Input>,
    /// The number of the input that was started last.
    current: AtomicUsize,
}

impl Run {
    fn of(inputs: Vec<Input>) -> Self {
        Self { inputs, current: AtomicUsize::new(0) }
    }

    /// The inputs in order, each from when it is started.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.inputs.iter().enumerate().map(|(number, input)| {
            self.current.store(number, Ordering::Relaxed);
            input
        })
    }

    /// The path of the input that was started last.
    pub(super) fn current(&self) -> &Path {
        let current = self.inputs.get(self.current.load(Ordering::Relaxed));
        current.map_or(Path::new(""), |input| input.path.as_path())
    }
}

/// The runs of these inputs, in order. An error of finding inputs comes in its place.
pub(super) struct Runs<I: Iterator<Item = Result<Input, ReadError>>>(Peekable<I>);

impl<I: Iterator<Item = Result<Input, ReadError>>> Runs<I> {
    pub(super) fn of(inputs: I) -> Self {
        Self(inputs.peekable())
    }
}

impl<I: Iterator<Item = Result<Input, ReadError>>> Iterator for Runs<I> {
    type Item = Result<Run, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = match self.0.next()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let mut room = first.bytes.and_then(|bytes| MOST_BYTES.checked_sub(bytes));
        let mut inputs = vec![first];
        while inputs.len() < MOST_FILES
            && let Some(left) = room
            && let Some(Ok(next)) = self.0.next_if(|next| fits(next, left))
        {
            room = next.bytes.and_then(|bytes| left.checked_sub(bytes));
            inputs.push(next);
        }
        Some(Ok(Run::of(inputs)))
    }
}

fn fits(input: &Result<Input, ReadError>, room: u64) -> bool {
    input.as_ref().is_ok_and(|input| input.bytes.is_some_and(|bytes| bytes <= room))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{MOST_BYTES, Runs};
    use crate::commands::inputs::{Input, ReadError};

    fn runs(bytes: &[Option<u64>]) -> Vec<usize> {
        let input = |bytes: &Option<u64>| Ok(Input { path: "x".into(), bytes: *bytes, written: None });
        Runs::of(bytes.iter().map(input)).map(|run| run.unwrap().inputs().count()).collect()
    }

    #[test]
    fn small_files_go_together_and_what_is_large_or_no_file_goes_alone() {
        assert_eq!(runs(&[Some(1); 130]), [64, 64, 2]);
        assert_eq!(runs(&[Some(MOST_BYTES / 2); 3]), [2, 1]);
        assert_eq!(runs(&[Some(0), Some(MOST_BYTES + 1), Some(0), None, None, Some(7)]), [1, 1, 1, 1, 1, 1]);
        assert_eq!(runs(&[]), [0; 0]);
    }

    #[test]
    fn an_error_comes_after_what_was_found_before_it() {
        let found = || Ok(Input { path: "a".into(), bytes: Some(1), written: None });
        let missing = || ReadError { path: "gone".into(), source: io::Error::from(io::ErrorKind::NotFound) };
        let told: Vec<_> = Runs::of([found(), found(), Err(missing()), found()].into_iter())
            .map(|run| run.map_or_else(|error| error.to_string(), |run| run.inputs().count().to_string()))
            .collect();
        assert_eq!(told, ["2", "failed to read gone", "1"]);
    }

    #[test]
    fn a_run_knows_which_input_was_started_last() {
        let input = |path: &str| Ok(Input { path: path.into(), bytes: Some(1), written: None });
        let run = Runs::of(["a", "b", "c"].map(input).into_iter()).next().unwrap().unwrap();
        assert_eq!(run.inputs().nth(1).unwrap().path, run.current());
        assert_eq!(run.current().to_str(), Some("b"));
    }
}
