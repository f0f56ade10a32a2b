//! The images of what this checkout builds: the product, and the notification bridge.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{
    cluster::images::Images,
    command::{Failed, run_logged, tool},
    home::{Home, checkout},
    parts::{
        archive::{self, Image, Layer, sha256},
        rootfs,
    },
    progress::step,
};

/// One profile for the image and for the tests, so that both are built from the same compiled dependencies.
pub(crate) const PROFILE: &str = "testing";
const PRODUCT: &str = "localhost/docmill:testbed-";
const BRIDGE: &str = "localhost/docmill-bridge:testbed-";
const USER: &str = "65532:65532";

/// What a checkout's images are called on the node.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Names {
    checkout: PathBuf,
    /// The product's image: operator and job-runner.
    pub(crate) product: String,
    /// The bridge's image.
    pub(crate) bridge: String,
}

/// A call of cargo in this checkout that builds where every checkout builds.
pub(crate) fn cargo(home: &Home) -> Command {
    let mut cargo = tool(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(checkout());
    // What `cargo run` told this program about its own package would reach the inner cargo, whose build scripts take
    // it for a change: TLS and all that stands on it would be built anew each time, for ten minutes.
    for (name, _) in env::vars_os().filter(|(name, _)| is_about_a_package(name)) {
        cargo.env_remove(name);
    }
    cargo.env("CARGO_TARGET_DIR", home.cargo_target());
    cargo
}

/// Whether an environment variable is one that cargo sets for a package that it builds or runs.
fn is_about_a_package(name: &OsStr) -> bool {
    const PREFIXES: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_"];
    name.to_str().is_some_and(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// Builds the programs.
pub(crate) fn build(home: &Home) -> anyhow::Result<()> {
    let log = home.log("build-product")?;
    let mut build = cargo(home);
    // The whole workspace, since cargo builds dependencies anew for each other choice of packages.
    build.args(["build", "--locked", "--profile", PROFILE, "--workspace", "--bins"]);
    run_logged(&mut build, &log).map_err(|_| {
        let advice = "mend the error that the compiler shows, then run it again";
        Failed::with_log("failed to build the product", &log).advice(advice).into()
    })
}

/// Makes images of the built programs, imports those that the node lacks, and remembers their names.
pub(crate) fn import(home: &Home, images: &Images) -> anyhow::Result<Names> {
    let programs = home.cargo_target().join(PROFILE);
    let [operator, runner, bridge] = ["operator", "job-runner", "bridge"].map(|name| programs.join(name));
    let names = Names {
        checkout: checkout(),
        product: format!("{PRODUCT}{}{}", short_digest(&operator)?, short_digest(&runner)?),
        bridge: format!("{BRIDGE}{}", short_digest(&bridge)?),
    };
    for (name, programs) in [(&names.product, vec![operator, runner]), (&names.bridge, vec![bridge])] {
        if !images.has(name) {
            step(&format!("import {name}"), || import_one(home, images, name, &programs))?;
        }
    }
    remember(home, &names)?;
    forget_unused(home, images);
    Ok(names)
}

/// The names of this checkout's images, once they are imported.
pub(crate) fn names(home: &Home) -> anyhow::Result<Names> {
    remembered(home)
        .into_iter()
        .find(|names| names.checkout == checkout())
        .context("this checkout's image is not imported: run `cargo testbed up`")
}

fn short_digest(program: &Path) -> anyhow::Result<String> {
    Ok(sha256(program)?.chars().take(8).collect())
}

fn import_one(home: &Home, images: &Images, name: &str, programs: &[PathBuf]) -> anyhow::Result<()> {
    let file = |ending: &str| home.in_state(&format!("import.{ending}"));
    let (layer, archive) = (file("layer"), file("tar"));
    let mut writer = Layer::create(&layer)?;
    for program in programs {
        let name = program.file_name().unwrap_or_default();
        writer.file(program, &Path::new("usr/local/bin").join(name), 0o755)?;
    }
    writer.finish()?;
    let layers = [rootfs::base_layer(home), layer.clone()];
    Image { name, user: USER, entrypoint: &[], layers: &layers }.write(&archive)?;
    images.import(&archive)?;
    archive::remove(&layer);
    archive::remove(&archive);
    Ok(())
}

fn remember(home: &Home, names: &Names) -> anyhow::Result<()> {
    let mut all = remembered(home);
    all.retain(|other| other.checkout != names.checkout && other.checkout.exists());
    all.push(names.clone());
    let path = home.in_state("images.json");
    fs::write(&path, serde_json::to_vec_pretty(&all)?)
        .with_context(|| format!("failed to write {}", path.display()))
}

fn remembered(home: &Home) -> Vec<Names> {
    fs::read(home.in_state("images.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Every build makes new images; those that no checkout names any more would fill the disk.
fn forget_unused(home: &Home, images: &Images) {
    let used: Vec<String> =
        remembered(home).into_iter().flat_map(|names| [names.product, names.bridge]).collect();
    let known = [PRODUCT, BRIDGE].into_iter().flat_map(|start| images.starting_with(start));
    known.filter(|name| !used.contains(name)).for_each(|name| images.remove(&name));
}
