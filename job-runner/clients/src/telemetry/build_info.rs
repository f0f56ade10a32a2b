//! What a program tells of its own build.

use std::env::consts::{ARCH, OS};
use std::sync::LazyLock;

static VERSION: LazyLock<String> = LazyLock::new(|| describe(commit()));

/// For `--version`: version, git commit, platform and TLS provider.
pub fn version() -> &'static str {
    &VERSION
}

/// The version alone.
pub const fn number() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The git commit, which `release/release.sh` sets when it builds; `unknown` in other builds, so that a commit does not
/// make cargo build everything anew.
pub fn commit() -> &'static str {
    option_env!("DOCMILL_COMMIT").unwrap_or("unknown")
}

fn describe(commit: &str) -> String {
    format!("{} (commit {commit}, {OS}-{ARCH}, TLS: rustls with ring)", number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_first_and_then_the_build() {
        let text = describe("0123abc");
        assert!(text.starts_with(concat!(env!("CARGO_PKG_VERSION"), " (commit 0123abc, linux-")), "{text}");
        assert!(text.ends_with("TLS: rustls with ring)"), "{text}");
        assert!(version().contains(commit()), "{}", version());
    }
}
