//! A worker's processing of a run of files: turns verdicts into lines.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use docmill_convert::{Document, FirstLook, Losses, Object, Refusal, Verdict};
use docmill_crds::conversion::RepairCounts;
use jiff::Timestamp;
use serde::Serialize;

use super::duplicates::{FileIds, Ids};
use super::engine::Engine;
use super::run::{MOST_BYTES, Run};
use super::thread_pool::Speaker;
use super::totals::ConvertTally;
use crate::commands::explainer::Explainer;
use crate::commands::inputs::{Input, ReadError};

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

/// Lines about files, ready to be written.
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
    /// How documents get their ids, if duplicates are reported.
    ids: Option<Ids>,
    form: OutputForm,
    bytes_read: Arc<AtomicU64>,
}

impl ConvertJob {
    pub(super) fn new(engine: Engine, ids: Option<Ids>, form: OutputForm) -> Self {
        Self { engine, ids, form, bytes_read: Arc::default() }
    }

    /// Bytes that all workers have read so far.
    pub(super) fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes_read)
    }

    /// What the files so far had that the model does not name.
    pub(super) fn take_losses(&self) -> Losses {
        self.engine.take_losses()
    }

    /// Converts the files of a run and sends the results. An error is an error of reading a file; earlier output
    /// remains.
    pub(super) fn convert(&self, run: &Run, to: &Speaker<OutputLines>) -> Result<(), ReadError> {
        let (mut lines, mut buffer) = (OutputLines::default(), Vec::new());
        let unreadable = |input: &Input, source| ReadError { path: input.path.clone(), source };
        let converted = run.inputs().try_for_each(|input| {
            self.file(input, &mut buffer, &mut lines, to).map_err(|source| unreadable(input, source))
        });
        to.say(lines);
        converted
    }

    fn file(
        &self,
        input: &Input,
        buffer: &mut Vec<u8>,
        lines: &mut OutputLines,
        to: &Speaker<OutputLines>,
    ) -> io::Result<()> {
        let mut writer = Writer::new(&input.path, self, lines);
        let landed = self.engine.landed(input.written);
        if let Some(content) = whole(input, buffer)? {
            let look = self.engine.look_at(content)?;
            return self.read(Cursor::new(content), (&look, landed), &mut writer, to);
        }
        // What is streamed may come slowly.
        writer.at_once = true;
        let (file, look) = self.engine.open(&input.path)?;
        self.read(file, (&look, landed), &mut writer, to)
    }

    fn read(
        &self,
        file: impl Object,
        known: (&FirstLook, Option<Timestamp>),
        writer: &mut Writer<'_>,
        to: &Speaker<OutputLines>,
    ) -> io::Result<()> {
        let mut file = CountedFile { file, bytes: 0, total: &self.bytes_read };
        let mut written = Ok(());
        let read = self.engine.convert(writer.file, known, &mut file, |verdict| {
            written = writer.write(verdict);
            if written.is_ok() && writer.pass_on(to) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        writer.end(file.bytes, read.as_ref().ok());
        read.and(written)
    }
}

/// The content of a small file, read at once into the buffer; `None` for other inputs, and for a file whose length is not
/// what it was when the file was found.
fn whole<'b>(input: &Input, buffer: &'b mut Vec<u8>) -> io::Result<Option<&'b [u8]>> {
    let length = input.bytes.filter(|bytes| *bytes <= MOST_BYTES);
    let Some(length) = length.and_then(|bytes| usize::try_from(bytes).ok()) else { return Ok(None) };
    if buffer.len() <= length {
        buffer.resize(length + 1, 0);
    }
    // The byte more shows that a file has grown.
    let read = File::open(&input.path)?.read(&mut buffer[..=length])?;
    Ok((read == length).then(|| &buffer[..length]))
}

/// Collects the lines of one file.
struct Writer<'p> {
    file: &'p Path,
    path: Cow<'p, str>,
    form: OutputForm,
    /// Lines are sent as soon as the listener waits for them.
    at_once: bool,
    explainer: Explainer<'p>,
    ids: Option<FileIds<'p>>,
    /// With the lines of earlier files of the run.
    lines: &'p mut OutputLines,
}

impl<'p> Writer<'p> {
    fn new(file: &'p Path, job: &'p ConvertJob, lines: &'p mut OutputLines) -> Self {
        Self {
            file,
            path: file.to_string_lossy(),
            form: job.form,
            at_once: false,
            explainer: Explainer::new(file),
            ids: job.ids.as_ref().map(Ids::of_file),
            lines,
        }
    }

    /// The file has ended, or reading it failed and nothing is known of its repairs.
    fn end(&mut self, bytes: u64, repairs: Option<&RepairCounts>) {
        self.lines.tally.bytes += bytes;
        if let Some(repairs) = repairs {
            self.lines.tally.files += 1;
            self.lines.tally.repairs.merge(repairs);
        }
        if let Some(told) = self.ids.as_ref().and_then(|ids| ids.for_people(&self.path)) {
            self.lines.refusals.extend_from_slice(told.as_bytes());
        }
    }

    fn write(&mut self, verdict: Verdict) -> io::Result<()> {
        match verdict {
            Ok(document) => {
                self.lines.tally.documents += 1;
                let again = self.ids.as_mut().is_some_and(|ids| ids.take(&document));
                self.lines.tally.overwritten += u64::from(again);
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
            let member = match &document.member {
                Some(member) => format!(",\"member\":{}", serde_json::to_string(member)?),
                None => String::new(),
            };
            let dropped = match document.dropped() {
                [] => String::new(),
                dropped => format!(",\"dropped\":{}", serde_json::to_string(dropped)?),
            };
            let json = document.json();
            writeln!(lines, "{{\"path\":{path}{member},\"index\":{index},\"document\":{json}{dropped}}}")
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

    /// Sends the lines when there are enough of them; those of a file that is streamed also at once, if the listener
    /// waits for them. Returns whether to go on.
    fn pass_on(&mut self, to: &Speaker<OutputLines>) -> bool {
        let full = self.lines.documents.len() + self.lines.refusals.len() >= FULL;
        if !full && !self.at_once {
            return true;
        }
        let lines = std::mem::take(self.lines);
        if full {
            return to.say(lines);
        }
        to.try_say(lines).unwrap_or_else(|lines| {
            *self.lines = lines;
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

impl<R: Seek> Seek for CountedFile<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl<R: Read> Read for CountedFile<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes += read as u64;
        self.total.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
