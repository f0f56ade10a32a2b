//! An object for a thread that reads it with blocking calls: from start to end in one request, and at any other place by a
//! request of its own.

use std::io::{self, Read, Seek, SeekFrom};

use tokio::runtime::Handle;

use super::body::BodyReader;
use super::object::{self, OpenedObject};
use crate::ingest::unit::object_ref::ObjectRef;
use crate::telemetry;

/// How far ahead a place may be that is reached by reading on: less than a request takes.
const READ_ON: u64 = 256 * 1024;
/// Bytes that are left out at once.
const LEFT_OUT: usize = 8 * 1024;

/// An object that may be read at any place. Each request is for exactly the version that was opened, and the object has the
/// announced length, or reading it fails.
#[derive(Debug)]
pub struct RangeReader {
    s3: aws_sdk_s3::Client,
    pinned: ObjectRef,
    length: u64,
    runtime: Handle,
    body: BodyReader,
    /// The place of the body's next byte, …
    body_at: u64,
    /// … and of the next byte to be read.
    position: u64,
    bytes_read: usize,
    is_sequential: bool,
}

impl RangeReader {
    /// Starts receiving an object that was opened. Has to be called within the runtime.
    pub fn start(s3: &aws_sdk_s3::Client, opened: OpenedObject) -> Self {
        let OpenedObject { unit, length, body, .. } = opened;
        let etag = unit.version_id.is_none().then_some(unit.id.version);
        let pinned =
            ObjectRef { bucket: unit.id.bucket, key: unit.id.key, version_id: unit.version_id, etag };
        Self {
            s3: s3.clone(),
            pinned,
            length: u64::try_from(length).unwrap_or(0),
            runtime: Handle::current(),
            body: BodyReader::start(body),
            body_at: 0,
            position: 0,
            bytes_read: 0,
            is_sequential: true,
        }
    }

    /// Reads what follows where the reading of an object ended that went from start to end: it is still part of the object.
    /// Counts what was read.
    pub fn finish(mut self) -> io::Result<()> {
        if self.is_sequential {
            io::copy(&mut self, &mut io::sink())?;
        }
        telemetry::worker().metrics.read(self.bytes_read);
        Ok(())
    }

    /// Brings the body to the place that is to be read.
    fn reach(&mut self) -> io::Result<()> {
        let ahead = self.position.checked_sub(self.body_at).filter(|ahead| *ahead <= READ_ON);
        let Some(mut ahead) = ahead else {
            let opened = object::open_from(&self.s3, &self.pinned, self.position);
            let body = self.runtime.block_on(opened).map_err(io::Error::other)?;
            self.body = BodyReader::start(body);
            self.body_at = self.position;
            return Ok(());
        };
        let mut buffer = [0; LEFT_OUT];
        while ahead > 0 {
            let most = usize::try_from(ahead).unwrap_or(usize::MAX).min(LEFT_OUT);
            ahead -= self.receive(&mut buffer[..most])? as u64;
        }
        Ok(())
    }

    /// Reads the next bytes of the body, at least one.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        if count == 0 {
            let (received, length) = (self.body_at, self.length);
            return Err(io::Error::other(format!("the body has {received} of {length} bytes")));
        }
        self.body_at += count as u64;
        self.bytes_read += count;
        Ok(count)
    }
}

impl Read for RangeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.position >= self.length {
            return Ok(0);
        }
        self.reach()?;
        let count = self.receive(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for RangeReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        self.is_sequential = false;
        Ok(self.position)
    }
}
