//! The images of what this checkout builds: the product, and the notification bridge.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{
    architecture::Architecture,
    cluster::images::Images,
    command::{Failed, run_logged},
    home::{Home, checkout},
    parts::{
        cargo::{PROFILE, cargo, programs},
        image::{
            archive::{self, Image, Layer, sha256},
            rootfs,
        },
    },
    progress::step,
};

const PRODUCT: &str = "localhost/docmill:testbed-";
const BRIDGE: &str = "localhost/docmill-bridge:testbed-";
/// The programs of the product's image.
pub(crate) const PROGRAMS: [&str; 3] = ["job-runner", "kubectl-docmill", "operator"];
/// User and group of the product.
pub(crate) const USER: &str = "65532:65532";

/// What a checkout's images are called on the node.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Names {
    checkout: PathBuf,
    /// The product's image: operator, job-runner, and the plugin of kubectl, which serves the console.
    pub(crate) product: String,
    /// The bridge's image.
    pub(crate) bridge: String,
}

/// Builds the programs.
pub(crate) fn build(home: &Home) -> anyhow::Result<()> {
    let log = home.log("build-product")?;
    let mut build = cargo(home)?;
    // The whole workspace, since cargo builds dependencies anew for each other choice of packages.
    build.args(["build", "--locked", "--profile", PROFILE, "--workspace", "--bins"]);
    run_logged(&mut build, &log).map_err(|_| {
        let advice = "mend the error that the compiler shows, then run it again";
        Failed::with_log("failed to build the product", &log).advice(advice).into()
    })
}

/// Makes images of the built programs, imports those that the node lacks, and remembers their names.
pub(crate) fn import(home: &Home, images: &Images) -> anyhow::Result<Names> {
    let product = PROGRAMS.map(|name| programs(home).join(name));
    let bridge = programs(home).join("bridge");
    let digests = product.iter().map(|program| short_digest(program)).collect::<anyhow::Result<String>>()?;
    let names = Names {
        checkout: checkout(),
        product: format!("{PRODUCT}{digests}"),
        bridge: format!("{BRIDGE}{}", short_digest(&bridge)?),
    };
    for (name, programs) in [(&names.product, product.to_vec()), (&names.bridge, vec![bridge])] {
        if !images.has(name) {
            step(&format!("import {name}"), || import_one(home, images, name, &programs))?;
        }
    }
    remember(home, &names)?;
    forget_unused(home, images);
    Ok(names)
}

/// Imports the programs again as another image, which stands for the next release, and gives its name.
pub(crate) fn import_next(home: &Home, images: &Images) -> anyhow::Result<String> {
    let name = format!("{}-next", names(home)?.product);
    if !images.has(&name) {
        let programs = PROGRAMS.map(|program| programs(home).join(program));
        import_one(home, images, &name, &programs)?;
    }
    Ok(name)
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
    // So that images of the same programs have digests of their own.
    writer.text(name, Path::new("usr/share/docmill/image"))?;
    writer.finish()?;
    let layers = [rootfs::base_layer(home), layer.clone()];
    let architecture = Architecture::OWN;
    Image { name, architecture, user: USER, entrypoint: &[], layers: &layers }.write(&archive)?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use crate::home::checkout;

    /// Packages and their features, for these kinds of dependencies.
    fn packages(kinds: &str) -> BTreeSet<String> {
        let mut tree = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        tree.args([
            "tree",
            "--locked",
            "--offline",
            "--workspace",
            "--prefix",
            "none",
            "--format",
            "{p} {f}",
        ]);
        let tree = tree.args(["--edges", kinds]).current_dir(checkout()).output().unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let text = String::from_utf8(tree.stdout).unwrap();
        text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    }

    /// Otherwise cargo builds those crates twice, and the whole workspace with them.
    #[test]
    fn programs_and_tests_share_every_crate() {
        let (programs, tests) = (packages("normal,build"), packages("normal,build,dev"));
        let others: Vec<_> = programs.difference(&tests).collect();
        assert!(others.is_empty(), "the tests' own dependencies change the features of {others:#?}");
    }
}
