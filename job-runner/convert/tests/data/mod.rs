//! Large collections of documents that are not part of the repository: the folder that `DOCMILL_DATA` names, or
//! `shared/data` beside the repository.

use std::env;
use std::path::{Path, PathBuf};

/// A folder of the data; nothing (and a line that says so) when it is not there.
pub fn folder(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = env::var_os("DOCMILL_DATA").map_or_else(beside, PathBuf::from).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there; DOCMILL_DATA names the folder of the data", folder.display());
    None
}
