//! Turns and rounds: everything that is measured, by turns, beside each other.

mod bench;
mod clean;
mod land;
mod notification;
mod rounds;
mod spread;
mod tune;
mod turn;
mod upload;

pub use bench::Bench;
pub use clean::remove_all;
pub use land::tell;
pub use rounds::{Counted, Rounds, rounds};
pub use spread::spread;
pub use turn::{cost, is_complete, measure};
pub use upload::upload;
