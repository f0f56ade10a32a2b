//! `kubectl docmill doctor` finds the faults that are planted, names what mends each, and finds nothing once that is done.
//!
//! - `permissions`: what the stores refuse, a queue that gives up, a wrong clock, a model that does not answer;
//! - `addresses`: a wrong region and an unknown authority, mended by the commands as they are printed;
//! - `notifications`: a queue and a bucket of AWS that say nothing to each other, which proxies stand in for;
//! - `examine`: the call, and its answer; `policy`: what a printed statement permits.

mod addresses;
pub(super) mod examine;
mod notifications;
mod permissions;
mod policy;
