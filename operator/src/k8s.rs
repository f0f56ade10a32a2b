//! The API server: connection, watches, writes, leader election, and what the operator may do for the authors
//! of resources.

pub mod apply;
pub mod cluster;
pub mod leader;
pub mod rules;
pub mod scope;
pub mod view;
