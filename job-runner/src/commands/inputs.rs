//! Which files the paths of a command line refer to.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use docmill_convert::{Object, Piped};

/// The path that stands for standard input.
const STDIN: &str = "-";

/// A file or folder that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {}", path.display())]
pub(super) struct ReadError {
    /// Which one.
    pub(super) path: PathBuf,
    /// Why.
    #[source]
    pub(super) source: io::Error,
}

/// A file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    /// Its path.
    pub(super) path: PathBuf,
    /// Its length, as it was when the file was found; `None` for what is not a regular file.
    pub(super) bytes: Option<u64>,
    /// When it was last written; `None` where nobody knows.
    pub(super) written: Option<SystemTime>,
}

/// The files, in the order of the command line and within a folder in the order of their names. They are
/// found lazily, so that what precedes a missing path is not lost.
///
/// In a folder, hidden files and folders (`.git`, `.DS_Store`) and everything that is not a file (pipes,
/// sockets) are skipped; a path on the command line is always used. A folder that links lead to a second time
/// is not entered again.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The entries that remain, the next one last.
    stack: Vec<InputEntry>,
    /// Device and inode of each folder that was entered below the current path of the command line.
    entered: HashSet<(u64, u64)>,
}

#[derive(Debug)]
struct InputEntry {
    path: PathBuf,
    /// It is on the command line, not in a folder.
    named: bool,
}

impl Inputs {
    pub(super) fn new(paths: &[PathBuf]) -> Self {
        let named = |path: &PathBuf| InputEntry { path: path.clone(), named: true };
        Self { stack: paths.iter().rev().map(named).collect(), entered: HashSet::new() }
    }

    /// The file of this entry; `None` for a folder, whose entries come next, and for skipped entries.
    fn look(&mut self, entry: InputEntry) -> io::Result<Option<Input>> {
        if is_stdin(&entry.path) {
            return Ok(Some(Input { path: entry.path, bytes: None, written: None }));
        }
        if entry.named {
            self.entered.clear();
        }
        let metadata = fs::metadata(&entry.path)?;
        if metadata.is_dir() {
            self.enter(&entry.path, &metadata)?;
            return Ok(None);
        }
        let bytes = metadata.is_file().then_some(metadata.len());
        Ok((entry.named || bytes.is_some()).then_some(Input {
            path: entry.path,
            bytes,
            written: metadata.modified().ok(),
        }))
    }

    fn enter(&mut self, folder: &Path, metadata: &Metadata) -> io::Result<()> {
        if !self.entered.insert((metadata.dev(), metadata.ino())) {
            return Ok(());
        }
        let mut paths = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| !is_hidden(path));
        // They differ in their last part alone, so that comparing part by part would only take longer.
        paths.sort_unstable_by(|one, other| one.as_os_str().cmp(other.as_os_str()));
        self.stack.extend(paths.into_iter().rev().map(|path| InputEntry { path, named: false }));
        Ok(())
    }
}

impl Iterator for Inputs {
    type Item = Result<Input, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = self.stack.pop()?;
            let path = entry.path.clone();
            match self.look(entry) {
                Ok(None) => {}
                Ok(Some(input)) => return Some(Ok(input)),
                Err(source) => return Some(Err(ReadError { path, source })),
            }
        }
    }
}

/// Whether a path of the command line, or of [`Inputs`], is standard input. (A file of that name in a folder
/// is preceded by the folder.)
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// Opens a path that [`Inputs`] returned.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Object>> {
    if is_stdin(path) { Ok(Box::new(Piped(io::stdin()))) } else { Ok(Box::new(File::open(path)?)) }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests;
