//! The architectures that images are made for.

use clap::ValueEnum;

/// What the programs of an image run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    /// x86-64.
    #[value(name = "amd64")]
    Amd64,
    /// 64-bit Arm.
    #[value(name = "arm64")]
    Arm64,
}

impl Architecture {
    /// That of this machine.
    pub(crate) const OWN: Self = if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::Amd64 };

    /// Its name in OCI images, and in Debian.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}
