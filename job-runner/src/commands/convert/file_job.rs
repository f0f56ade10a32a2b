//! A worker's processing of one file: turns verdicts into lines.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use docmill_convert::{Document, Losses, Refusal, Verdict};
use serde::Serialize;

use super::engine::Engine;
use super::thread_pool::Speaker;
use super::totals::ConvertTally;
use crate::commands::explainer::Explainer;

/// Bytes of lines after which a worker waits until they are received.
const FULL: usize = 64 * 1024;

/// How verdicts are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutputForm {
    /// Documents are wrapped with the path they come from.
    pub(super) records: bool,
    /// Refusals are text for people.
    pub(super) human: bool,
}

/// Lines about a file, ready to be written.
#[derive(Debug, Default)]
pub(super) struct OutputLines {
    /// For standard output.
    pub(super) documents: Vec<u8>,
    /// For standard error.
    pub(super) refusals: Vec<u8>,
    /// What these lines add to the totals.
    pub(super) tally: ConvertTally,
}

/// What all workers share.
pub(super) struct ConvertJob {
    engine: Engine,
    form: OutputForm,
    bytes_read: Arc<AtomicU64>,
}

impl ConvertJob {
    pub(super) fn new(engine: Engine, form: OutputForm) -> Self {
        Self { engine, form, bytes_read: Arc::default() }
    }

    /// Bytes that all workers have read so far.
    pub(super) fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes_read)
    }

    /// What the files so far had that the model does not name.
    pub(super) fn take_losses(&self) -> Losses {
        self.engine.take_losses()
    }

    /// Converts a file and sends the results. An error is an error of reading the file; earlier output
    /// remains.
    pub(super) fn convert(&self, path: &Path, to: &Speaker<OutputLines>) -> io::Result<()> {
        let (file, look) = self.engine.open(path)?;
        let mut file = CountedFile { file, bytes: 0, total: &self.bytes_read };
        let mut writer = Writer::new(path, self.form);
        let mut written = Ok(());
        let read = self.engine.convert(path, &look, &mut file, |verdict| {
            written = writer.write(verdict);
            if written.is_ok() && writer.pass_on(to) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        writer.lines.tally.bytes = file.bytes;
        writer.lines.tally.files = u64::from(read.is_ok());
        if let Ok(repairs) = &read {
            writer.lines.tally.repairs.merge(repairs);
        }
        to.say(writer.lines);
        read.and(written)
    }
}

/// Collects the lines of one file.
struct Writer<'p> {
    path: Cow<'p, str>,
    form: OutputForm,
    explainer: Explainer<'p>,
    lines: OutputLines,
}

impl<'p> Writer<'p> {
    fn new(path: &'p Path, form: OutputForm) -> Self {
        Self {
            path: path.to_string_lossy(),
            form,
            explainer: Explainer::new(path),
            lines: OutputLines::default(),
        }
    }

    fn write(&mut self, verdict: Verdict) -> io::Result<()> {
        match verdict {
            Ok(document) => {
                self.lines.tally.documents += 1;
                self.document(&document)
            }
            Err(refusal) => {
                self.lines.tally.refuse(refusal.reason);
                self.refusal(&refusal)
            }
        }
    }

    fn document(&mut self, document: &Document) -> io::Result<()> {
        let lines = &mut self.lines.documents;
        if self.form.records {
            let path = serde_json::to_string(&self.path)?;
            let index = document.index_in_object;
            let dropped = match document.dropped() {
                [] => String::new(),
                dropped => format!(",\"dropped\":{}", serde_json::to_string(dropped)?),
            };
            writeln!(lines, "{{\"path\":{path},\"index\":{index},\"document\":{}{dropped}}}", document.json())
        } else {
            writeln!(lines, "{}", document.json())
        }
    }

    fn refusal(&mut self, refusal: &Refusal) -> io::Result<()> {
        if self.form.human {
            self.lines.refusals.extend_from_slice(self.explainer.explain(refusal).as_bytes());
            Ok(())
        } else {
            write_line(&mut self.lines.refusals, &RefusedDocument { path: &self.path, refusal })
        }
    }

    /// Sends the lines at once if the listener waits for them, else when there are enough of them. Returns
    /// whether to go on.
    fn pass_on(&mut self, to: &Speaker<OutputLines>) -> bool {
        let lines = std::mem::take(&mut self.lines);
        if lines.documents.len() + lines.refusals.len() >= FULL {
            return to.say(lines);
        }
        to.try_say(lines).unwrap_or_else(|lines| {
            self.lines = lines;
            true
        })
    }
}

#[derive(Serialize)]
struct RefusedDocument<'a> {
    path: &'a str,
    #[serde(flatten)]
    refusal: &'a Refusal,
}

fn write_line(to: &mut Vec<u8>, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.push(b'\n');
    Ok(())
}

/// Counts the bytes of a file as they are read.
struct CountedFile<'t, R> {
    file: R,
    bytes: u64,
    total: &'t AtomicU64,
}

impl<R: Read> Read for CountedFile<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes += read as u64;
        self.total.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
