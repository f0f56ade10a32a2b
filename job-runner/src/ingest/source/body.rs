//! Streams the body of an object to a thread that reads it.

use std::io::{self, Read};

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf as _, Bytes};
use tokio::sync::mpsc;

/// Pieces that are buffered; a piece is what arrived at once.
const PIECES: usize = 4;

/// A body that a thread may read with blocking calls.
#[derive(Debug)]
pub struct BodyReader {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl BodyReader {
    /// Starts receiving the body. It ends with the body, or when the reader is dropped.
    pub fn start(mut body: ByteStream) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES);
        tokio::spawn(async move {
            while let Some(piece) = body.next().await {
                if sender.send(piece.map_err(io::Error::other)).await.is_err() {
                    return;
                }
            }
        });
        Self { pieces, piece: Bytes::new() }
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
