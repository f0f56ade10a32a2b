//! A GET of each raw object and a PUT of each document.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use hyper::body::Bytes;
use tokio::task::JoinSet;

use crate::env::Env;
use crate::stores::S3;

/// Reads the first `count` keys of a file, and writes as many documents of the other as there are.
pub async fn objects(
    s3: &str,
    raw: &str,
    snapshots: &str,
    (keys, documents): (&Path, &Path),
    count: usize,
    connections: usize,
) -> Result<()> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
    };
    let keys: Vec<String> = read(keys)?.lines().take(count).map(str::to_owned).collect();
    // Every second line is an action.
    let documents = read(documents)?;
    let documents: Vec<Bytes> =
        documents.lines().skip(1).step_by(2).map(|line| Bytes::copy_from_slice(line.as_bytes())).collect();
    let work = Arc::new((keys, documents));
    let next = Arc::new(AtomicUsize::new(0));
    let access = Env::read()?.keys;
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let mut s3 = S3::new(s3, &access)?;
        let (work, next) = (Arc::clone(&work), Arc::clone(&next));
        let (raw, snapshots) = (raw.to_owned(), snapshots.to_owned());
        tasks.spawn(async move {
            let (keys, documents) = &*work;
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(key) = keys.get(place) else { return anyhow::Ok(()) };
                s3.get(&raw, key).await?;
                if let Some(document) = documents.get(place) {
                    s3.put(&snapshots, &format!("json/{place:08}.json"), document.clone()).await?;
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}
