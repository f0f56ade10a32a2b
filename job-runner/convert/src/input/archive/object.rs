//! What an archive is read from.

use std::io::{self, Read, Seek, SeekFrom};

/// An object that can be read at any place. Only a ZIP archive is; anything else is read from start to end.
pub trait Object: Read + Seek {}

impl<T: Read + Seek> Object for T {}

/// An object that comes once, from start to end, as from a pipe.
#[derive(Debug)]
pub struct Piped<R>(pub R);

impl<R: Read> Read for Piped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R> Seek for Piped<R> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        let message =
            "a ZIP archive has its directory at its end, which a pipe cannot be read at: save it as a file";
        Err(io::Error::new(io::ErrorKind::NotSeekable, message))
    }
}
