//! Model servers: the connection to one, and what is written to it and read from it.

pub mod link;
pub mod protocol;
