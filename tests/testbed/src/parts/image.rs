//! Images: their archives, the layout of OCI, the base that everything runs on, and a proxy.

pub(crate) mod archive;
pub(crate) mod archived;
pub(crate) mod nginx;
pub(crate) mod oci;
pub(crate) mod rootfs;
