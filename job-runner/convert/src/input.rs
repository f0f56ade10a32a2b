//! The bytes of an object as they come in: decompressed, decoded strictly, and examined window by window; and the members
//! of one that is an archive. Beside them, what is known of the object ([`object_info`]).

pub(crate) mod archive;
pub(crate) mod byte_table;
pub(crate) mod decode;
pub(crate) mod decoding;
pub(crate) mod decompress;
pub(crate) mod foreign;
mod gzip;
pub(crate) mod object_info;
pub(crate) mod replacing;
pub(crate) mod window;
