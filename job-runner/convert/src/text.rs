//! What text is made of: the characters that XML admits, the declaration that names an encoding, a cursor over the text of
//! a window, and JSON's way to write it.

pub(crate) mod chars;
pub(crate) mod cursor;
pub(crate) mod declaration;
pub(crate) mod json_writer;
