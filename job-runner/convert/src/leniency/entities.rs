//! Entities beyond XML's own five: those that standards name, and those that an object declares itself.

pub(crate) mod declared;
pub(crate) mod named;
