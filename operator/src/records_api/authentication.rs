//! Who sent a request: the API server alone sends requests here, and says in headers for whom.
//!
//! - `front_proxy`: how the API server proves that it is it, and which headers count; `follow`: reads that and keeps it up
//!   to date; `user`: the user whom the headers name.

pub mod follow;
mod front_proxy;
mod user;

pub use front_proxy::FrontProxy;
pub use user::User;
