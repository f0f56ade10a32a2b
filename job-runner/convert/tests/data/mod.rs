//! Large collections of documents that are not part of the repository: the folder that `DOCMILL_DATA` names.

use std::env;
use std::path::PathBuf;

/// A folder of the data; nothing (and a line that says so) when it is not there.
pub fn folder(name: &str) -> Option<PathBuf> {
    let folder = env::var_os("DOCMILL_DATA").map(|data| PathBuf::from(data).join(name));
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no folder {name}; DOCMILL_DATA names the folder of the data");
    }
    found
}
