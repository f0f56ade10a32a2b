//! Bulk requests of ready lines.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use hyper::body::Bytes;
use tokio::task::JoinSet;

use crate::stores::Elastic;

/// Lines of a document: the action and the source.
const LINES: usize = 2;

/// Sends the first `count` documents of a file, `batch` in a request.
pub async fn bulk(
    elastic: &str,
    index: &str,
    documents: &Path,
    count: usize,
    batch: usize,
    connections: usize,
) -> Result<()> {
    let file = std::fs::read(documents).with_context(|| format!("failed to read {}", documents.display()))?;
    let bodies = Arc::new(bodies(&Bytes::from(file), count, batch)?);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let mut elastic = Elastic::new(elastic)?;
        let (bodies, next, index) = (Arc::clone(&bodies), Arc::clone(&next), index.to_owned());
        tasks.spawn(async move {
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                elastic.bulk(&index, body.clone()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// Cuts a file into requests, without copying.
fn bodies(file: &Bytes, count: usize, batch: usize) -> Result<Vec<Bytes>> {
    let ends = file.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let ends: Vec<usize> = ends.skip(LINES - 1).step_by(LINES).take(count).collect();
    ensure!(ends.len() == count, "the file has {} documents, not {count}", ends.len());
    let mut start = 0;
    let cut = |ends: &[usize]| {
        let end = ends.last().copied().unwrap_or(start);
        let body = file.slice(start..end);
        start = end;
        body
    };
    Ok(ends.chunks(batch).map(cut).collect())
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::bodies;

    #[test]
    fn documents_stay_with_their_actions() {
        let file = Bytes::from_static(b"a1\ns1\na2\ns2\na3\ns3\n");
        assert_eq!(bodies(&file, 3, 2).expect("bodies"), ["a1\ns1\na2\ns2\n", "a3\ns3\n"]);
        assert_eq!(bodies(&file, 1, 2).expect("bodies"), ["a1\ns1\n"]);
        assert!(bodies(&file, 4, 2).is_err());
    }
}
