//! What contenders are started with.

use std::path::PathBuf;

use crate::stores::Keys;

/// The programs and files that contenders are started with.
pub struct Programs {
    /// The worker, as it ships.
    pub job_runner: PathBuf,
    /// An interpreter with the Python stack's packages, and the stack; none where the packages could not be installed.
    pub python: Option<(PathBuf, PathBuf)>,
    /// Keys of the stores.
    pub keys: Keys,
    /// Folder of files and logs.
    pub work: PathBuf,
}

impl Programs {
    /// The file with the keys of all raw objects, one a line.
    pub fn keys_file(&self) -> PathBuf {
        self.work.join("keys.txt")
    }

    /// The file with the worker's own documents, as lines of a bulk request.
    pub fn documents_file(&self) -> PathBuf {
        self.work.join("documents.ndjson")
    }
}
