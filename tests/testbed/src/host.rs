//! The machine: what it must have, what the testbed changes on it, and how that is undone.

pub(crate) mod cgroups;
pub(crate) mod foreign_packages;
pub(crate) mod iptables;
pub(crate) mod mounts;
pub(crate) mod network;
pub(crate) mod packages;
pub(crate) mod settings;
pub(crate) mod toolchains;
pub(crate) mod venv;
