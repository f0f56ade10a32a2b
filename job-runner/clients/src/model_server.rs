//! Model servers: the connection to one, and the requests and responses exchanged with it.

pub mod link;
pub mod protocol;
