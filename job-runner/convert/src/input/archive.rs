//! Objects that are archives: ZIP, and tar as it is or compressed. Their members come one after the other, in bounded
//! memory, however many there are and whatever they hold.
//!
//! - [`walk`]: the members that a model names, in the order of the archive; [`member`]: which one it is;
//! - [`tar`]: from start to end, out of a [`stream`], header by header ([`tar_header`]); [`links`]: what shares a content;
//! - [`zip`]: by the [`directory`] at its end; [`zip_path`], [`numbers`]: the names and numbers in it;
//! - [`format`]: which of the two; [`object`]: what is read; [`content`]: the bytes of a member;
//! - [`name`], [`code_page_437`], [`pattern`]: what members are called, and which of them are meant; [`added`]: which of
//!   them nobody means.

mod added;
mod code_page_437;
pub(crate) mod content;
mod directory;
pub(crate) mod format;
mod links;
mod name;
mod numbers;
pub(crate) mod object;
mod pattern;
mod stream;
mod tar;
pub(crate) mod tar_header;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod walk;
mod zip;
mod zip_path;
