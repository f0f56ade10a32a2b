//! The image of nginx, of Debian's own package: a proxy that authenticates, for tests of what stands behind one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    architecture::Architecture,
    cluster::images::Images,
    command::{output, tool},
    home::{Home, is_made_from, make_from},
    host::packages,
    parts::{
        image::{
            archive::{Image, Layer},
            rootfs,
        },
        product::USER,
    },
    progress::step,
};

/// Its name on the node. It has no settings: a test mounts them.
pub(crate) const IMAGE: &str = "localhost/docmill-testbed-nginx:1";

const PACKAGE: &str = "nginx";
/// Libraries that the base image has.
const OF_THE_BASE: [&str; 3] = ["libc6", "libgcc-s1", "zlib1g"];
/// Settings, pages and logs that no program of the image reads or writes.
const USELESS: [&str; 3] = ["etc", "usr/share", "var"];

fn folder(home: &Home) -> PathBuf {
    home.cache().join("image/nginx")
}

/// Builds it where it is missing.
pub(crate) fn ensure(home: &Home) -> anyhow::Result<()> {
    if is_made_from(&folder(home), PACKAGE) {
        return Ok(());
    }
    step("build the nginx image", || make_from(&folder(home), PACKAGE, |part| build(home, part)))
}

/// Imports it where the node lacks it.
pub(crate) fn import(home: &Home, images: &Images) -> anyhow::Result<()> {
    if images.has(IMAGE) { Ok(()) } else { images.import(&folder(home).join("image.tar")) }
}

fn build(home: &Home, part: &Path) -> anyhow::Result<()> {
    let (downloads, root, layer) = (part.join("downloads"), part.join("root"), part.join("layer.tar"));
    fs::create_dir_all(&downloads)?;
    fs::create_dir_all(&root)?;
    download(home, &downloads)?;
    packages::unpack(&downloads, &root)?;
    let mut writer = Layer::create(&layer)?;
    rootfs::write_tree(&mut writer, &root, &root, &place)?;
    writer.finish()?;
    let layers = [rootfs::base_layer(home), layer];
    let architecture = Architecture::OWN;
    let image = Image { name: IMAGE, architecture, user: USER, entrypoint: &[], layers: &layers };
    image.write(&part.join("image.tar"))?;
    fs::remove_dir_all(&downloads)?;
    fs::remove_dir_all(&root)?;
    Ok(())
}

/// Downloads the package and its libraries, which have other names in each Debian.
fn download(home: &Home, folder: &Path) -> anyhow::Result<()> {
    let mut known = BTreeSet::new();
    let mut missing = BTreeSet::from([PACKAGE.to_owned()]);
    while !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(String::as_str).collect();
        packages::download(home, &names, folder)?;
        known.append(&mut missing);
        for file in fs::read_dir(folder)?.flatten() {
            let depends = output(tool("dpkg-deb").arg("--field").arg(file.path()).arg("Depends"))?;
            missing.extend(libraries(&depends).map(str::to_owned).filter(|name| !known.contains(name)));
        }
    }
    Ok(())
}

/// The libraries of a list of dependencies that the base image lacks.
fn libraries(depends: &str) -> impl Iterator<Item = &str> {
    let names = depends.split(',').filter_map(|choice| choice.trim().split([' ', ':', '|']).next());
    names.filter(|name| name.starts_with("lib") && !OF_THE_BASE.contains(name))
}

fn place(path: &Path) -> Option<PathBuf> {
    rootfs::place(path).filter(|placed| !USELESS.iter().any(|folder| placed.starts_with(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_from_other_dependencies() {
        let depends = "libc6 (>= 2.34), libcrypt1 (>= 1:4.1.0), libssl3 | libssl, zlib1g, nginx-common\n";
        assert_eq!(libraries(depends).collect::<Vec<_>>(), ["libcrypt1", "libssl3"]);
        assert_eq!(libraries("libpcre2-8-0:any\n").collect::<Vec<_>>(), ["libpcre2-8-0"]);
        assert_eq!(libraries("").count(), 0);
    }

    #[test]
    fn only_programs_and_libraries_are_in_the_image() {
        let placed = |path: &str| place(Path::new(path));
        assert_eq!(placed("usr/sbin/nginx"), Some("usr/sbin/nginx".into()));
        let library = Some("usr/lib/x86_64-linux-gnu/libcrypt.so.1".into());
        assert_eq!(placed("lib/x86_64-linux-gnu/libcrypt.so.1"), library);
        assert_eq!(placed("etc/nginx/nginx.conf"), None);
    }
}
