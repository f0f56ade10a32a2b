//! Calls of cargo in this checkout, which build in the folder that all checkouts share.
//!
//! Cargo takes the same package of another checkout for this one's, and what has changed it tells by the files' times
//! alone: a checkout whose files are older than the last build of another would be handed the other's programs. So when
//! another checkout comes, what was built of the workspace's own packages is removed first. The dependencies, where
//! nearly all of the time goes, stay.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use crate::{
    command::{Failed, run_logged, tool},
    home::{Home, checkout},
};

/// One profile for the image and for the tests, so that both are built from the same compiled dependencies.
pub(crate) const PROFILE: &str = "testing";

/// The profile of what ships.
pub(crate) const RELEASE: &str = "release";

/// The file in the target folder that says whose programs lie there.
const OWNER: &str = "docmill-checkout";

/// Where the programs of this checkout are, once they are built.
pub(crate) fn programs(home: &Home) -> PathBuf {
    home.cargo_target().join(PROFILE)
}

/// A call of cargo in this checkout that builds where every checkout builds.
pub(crate) fn cargo(home: &Home) -> anyhow::Result<Command> {
    own_target(home)?;
    Ok(call(home))
}

fn call(home: &Home) -> Command {
    let mut cargo = tool(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(checkout());
    // What `cargo run` told this program about its own package would reach the inner cargo, whose build scripts take
    // it for a change: TLS and all that stands on it would be built anew each time, for ten minutes.
    for (name, _) in env::vars_os().filter(|(name, _)| is_about_a_package(name)) {
        cargo.env_remove(name);
    }
    cargo.env("CARGO_TARGET_DIR", home.cargo_target());
    // A test's failure is told by its message; the backtrace would be the test harness's, and hide it.
    cargo.env("RUST_LIB_BACKTRACE", "0");
    cargo
}

/// Whether an environment variable is one that cargo sets for a package that it builds or runs.
fn is_about_a_package(name: &OsStr) -> bool {
    const PREFIXES: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_"];
    name.to_str().is_some_and(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// Sees to it that nothing in the target folder is another checkout's.
fn own_target(home: &Home) -> anyhow::Result<()> {
    let (target, own) = (home.cargo_target(), checkout());
    if is_owned_by(&target, &own) {
        return Ok(());
    }
    let log = home.log("clean-product")?;
    for profile in [PROFILE, RELEASE] {
        let mut clean = call(home);
        clean.args(["clean", "--locked", "--profile", profile, "--workspace"]);
        run_logged(&mut clean, &log)
            .map_err(|_| Failed::with_log("failed to remove another checkout's programs", &log))?;
    }
    fs::create_dir_all(&target).with_context(|| format!("failed to create {}", target.display()))?;
    fs::write(target.join(OWNER), own.as_os_str().as_encoded_bytes())
        .with_context(|| format!("failed to write into {}", target.display()))
}

fn is_owned_by(target: &Path, checkout: &Path) -> bool {
    fs::read(target.join(OWNER)).is_ok_and(|known| known == checkout.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_folder_belongs_to_the_checkout_that_it_names() {
        let target = env::temp_dir().join(format!("testbed-cargo-{}", std::process::id()));
        fs::create_dir_all(&target).expect("a folder");
        assert!(!is_owned_by(&target, Path::new("/a")));
        fs::write(target.join(OWNER), "/a").expect("written");
        assert!(is_owned_by(&target, Path::new("/a")) && !is_owned_by(&target, Path::new("/a/b")));
        fs::remove_dir_all(&target).expect("removed");
    }

    #[test]
    fn what_cargo_says_of_a_package_is_told_from_what_a_user_sets() {
        let about = ["CARGO_PKG_VERSION", "CARGO_MANIFEST_DIR", "CARGO_BIN_NAME", "CARGO_PRIMARY_PACKAGE"];
        assert!(about.iter().all(|name| is_about_a_package(OsStr::new(name))));
        let users = ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_BUILD_JOBS", "CARGO"];
        assert!(!users.iter().any(|name| is_about_a_package(OsStr::new(name))));
    }
}
