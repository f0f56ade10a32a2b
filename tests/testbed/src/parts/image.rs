//! Images: their archives, the layout of OCI, and the base that everything runs on.

pub(crate) mod archive;
pub(crate) mod archived;
pub(crate) mod oci;
pub(crate) mod rootfs;
