//! The answer to a scrape, sent while it is written: with thousands of resources, it has tens of megabytes.

use std::fmt;
use std::future::ready;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::channel::mpsc::{self, Sender};
use futures::{SinkExt as _, StreamExt as _, stream};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::telemetry::metrics::Metrics;

/// Bytes that are sent at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that wait for the client at most.
const CHUNKS: usize = 1;
/// How long one chunk waits for the client at most: as long as Prometheus scrapes by default.
const PATIENCE: Duration = Duration::from_secs(10);

/// The metrics as the body of an answer. It breaks off if they cannot be written, or if the client takes too long.
pub fn body(metrics: Arc<Metrics>) -> Body {
    written(move |out| metrics.encode(out))
}

/// What is written, as a body. Without an error at its end, one that breaks off would look whole.
fn written(write: impl FnOnce(&mut ChunkWriter) -> fmt::Result + Send + 'static) -> Body {
    let (sender, chunks) = mpsc::channel(CHUNKS);
    let writing = tokio::task::spawn_blocking(move || {
        let chunk = String::with_capacity(CHUNK_BYTES);
        let mut out = ChunkWriter { chunk, sender, runtime: Handle::current() };
        write(&mut out).and_then(|()| out.send())
    });
    let fault = stream::once(writing).filter_map(|written| {
        let is_whole = matches!(written, Ok(Ok(())));
        ready((!is_whole).then(|| Err(io::Error::other("the metrics could not be written"))))
    });
    Body::from_stream(chunks.map(Ok).chain(fault))
}

struct ChunkWriter {
    chunk: String,
    sender: Sender<Bytes>,
    runtime: Handle,
}

impl ChunkWriter {
    fn send(&mut self) -> fmt::Result {
        let chunk = Bytes::copy_from_slice(self.chunk.as_bytes());
        self.chunk.clear();
        let sent = self.runtime.block_on(timeout(PATIENCE, self.sender.send(chunk)));
        sent.map_err(|_| fmt::Error)?.map_err(|_| fmt::Error)
    }
}

impl fmt::Write for ChunkWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.chunk.push_str(text);
        if self.chunk.len() < CHUNK_BYTES { Ok(()) } else { self.send() }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{self, Write as _};
    use std::sync::Arc;

    use axum::body::to_bytes;
    use kube::core::DeserializeGuard;
    use kube::runtime::reflector;
    use kube::runtime::watcher::Event;

    use super::{CHUNK_BYTES, body, written};
    use crate::controllers::ingest_source::tests::source;
    use crate::telemetry::metrics::Metrics;

    #[tokio::test]
    async fn what_takes_several_chunks_arrives_whole_and_in_order() {
        let (view, mut writer) = reflector::store();
        for number in 0..1000 {
            let mut source = source();
            source.metadata.name = Some(format!("wire-{number}"));
            writer.apply_watcher_event(&Event::Apply(DeserializeGuard(Ok(source))));
        }
        let metrics = Arc::new(Metrics::default());
        metrics.resources.sources.add_view(view);
        let sent = to_bytes(body(Arc::clone(&metrics)), usize::MAX).await.unwrap();
        let text = String::from_utf8(sent.to_vec()).unwrap();
        assert!(text.len() > 2 * CHUNK_BYTES && text.ends_with("# EOF\n"), "{} bytes", text.len());
        let own = |text: &str| {
            text.lines().filter(|line| line.contains("docmill_")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(own(&text), own(&metrics.text()));
    }

    #[tokio::test]
    async fn what_breaks_off_does_not_look_whole() {
        let broken = written(|out| out.write_str("docmill_source_backlog 5\n").and(Err(fmt::Error)));
        assert!(to_bytes(broken, usize::MAX).await.is_err());
        let whole = written(|out| out.write_str("docmill_source_backlog 5\n"));
        assert_eq!(to_bytes(whole, usize::MAX).await.unwrap(), "docmill_source_backlog 5\n");
    }
}
