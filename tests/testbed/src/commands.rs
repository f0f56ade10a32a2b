//! One module a command.

pub(crate) mod bench;
pub(crate) mod demo;
pub(crate) mod down;
pub(crate) mod env;
pub(crate) mod image;
pub(crate) mod logs;
pub(crate) mod parts;
pub(crate) mod release_image;
pub(crate) mod status;
pub(crate) mod test;
pub(crate) mod test_image;
pub(crate) mod test_long;
pub(crate) mod up;
