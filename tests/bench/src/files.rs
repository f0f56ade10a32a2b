//! Files that are written.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes a file.
pub fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}
