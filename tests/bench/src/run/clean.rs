//! Removing what turns have made, also those of an earlier run that was killed.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::env::Env;
use crate::place::PREFIX;
use crate::stores::{Elastic, Sqs, Stores};

/// Removes everything of every run of this program. One at a time runs on a testbed.
pub async fn remove_all(env: &Env) -> Result<()> {
    remove(&env.stores, &env.s3_folder, PREFIX).await
}

/// Removes what has a name that begins so; in the names of indices it stands anywhere.
pub async fn remove(stores: &Stores, s3_folder: &Path, start: &str) -> Result<()> {
    Elastic::new(&stores.elastic)?.remove(&format!("*{start}*")).await?;
    let mut queues = Sqs::new(&stores.sqs)?;
    for url in queues.list(start).await? {
        queues.remove(&url).await?;
    }
    remove_buckets(s3_folder, start)
}

/// The object store keeps each bucket in a folder; its API would take minutes for so many objects.
fn remove_buckets(s3_folder: &Path, start: &str) -> Result<()> {
    let entries = fs::read_dir(s3_folder)
        .with_context(|| format!("failed to read the buckets in {}", s3_folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(start) {
            let path = entry.path();
            fs::remove_dir_all(&path).with_context(|| format!("failed to remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::remove_buckets;

    #[test]
    fn only_the_bench_s_own_buckets_go() {
        let folder = std::env::temp_dir().join(format!("pbench-clean-{}", std::process::id()));
        for bucket in ["pbench-1-raw", "wire-raw"] {
            fs::create_dir_all(folder.join(bucket).join("a")).expect("a bucket");
        }
        remove_buckets(&folder, "pbench-1").expect("removed");
        assert!(!folder.join("pbench-1-raw").exists() && folder.join("wire-raw").exists());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
