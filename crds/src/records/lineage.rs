//! The daily manifest of a source: a statement, at a time, of what became of every object that landed on a day. It is
//! two objects in the snapshot bucket, below `<prefix>.docmill/manifests/<namespace>/<source>/<day>/`:
//!
//! - the lines, `<generation>-<run uid>.ndjson.zst`: NDJSON, compressed by zstd, a [`UnitEntry`] each, sorted by the bytes of
//!   key and version;
//! - the statement, `<generation>.json`: a [`DayManifest`], written last, with the number of lines and the root of a Merkle
//!   tree over them ([`merkle`]).
//!
//! A statement is never changed. If a unit of the day is processed later, the next statement is another generation, and the
//! former stays. Each names the digest of the statement of the day before and of the one that it replaces, so that none can
//! be changed unnoticed while a later one is trusted.

mod day;
mod entry;
pub mod merkle;
mod statement;

pub use day::Day;
pub use entry::UnitEntry;
pub use statement::{
    DayManifest, FORMAT, ManifestLink, day_folder, generation_of, lines_name, statement_name,
};
