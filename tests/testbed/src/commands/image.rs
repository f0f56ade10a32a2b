//! `image`: builds this checkout's programs and imports their images into the running node.

use std::io::{self, Write as _};

use anyhow::bail;

use crate::{cluster::images::Images, home::Home, parts::product, progress::step};

/// Imports the programs that are built under a second name, for tests of upgrades, and prints that name.
pub(crate) fn next(home: &Home) -> anyhow::Result<()> {
    let _lock = home.lock()?;
    writeln!(io::stdout(), "{}", product::import_next(home, &Images::new(home))?)?;
    Ok(())
}

/// Builds, imports, and prints the product's image name.
pub(crate) fn run(home: &Home) -> anyhow::Result<()> {
    let _lock = home.lock()?;
    let images = Images::new(home);
    if !images.ready() {
        bail!("the testbed does not run: run `cargo testbed up`, which imports the image too");
    }
    step("build the product", || product::build(home))?;
    let names = step("images", || product::import(home, &images))?;
    writeln!(io::stdout(), "{}", names.product)?;
    Ok(())
}
