//! What each server does at the least for an article, with nothing around it.

mod bulk;
mod messages;
mod objects;

pub use bulk::bulk;
pub use messages::messages;
pub use objects::objects;
