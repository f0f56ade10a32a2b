//! The images that everything runs on: the pause program, and a small Debian of Debian's own packages.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    architecture::Architecture,
    cluster::images::Images,
    command::{output, run_logged, tool},
    home::{Home, is_made_from, make_from},
    host::packages,
    parts::image::archive::{Image, Layer},
    progress::step,
};

/// The image of a pod's sandbox; `containerd.toml` names it too.
pub(crate) const PAUSE_IMAGE: &str = "localhost/pause:1";
/// The image of parts that bring their programs along by volume.
pub(crate) const BASE_IMAGE: &str = "localhost/docmill-testbed-base:1";

const PAUSE_SOURCE: &str = include_str!("../../../parts/pause/pause.c");
const PACKAGES: [&str; 6] = ["libc6", "libgcc-s1", "zlib1g", "ca-certificates", "tzdata", "busybox"];
/// In today's Debian these folders at the root are links into `usr`, while some packages still name them.
const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];
const USERS: &str = "root:x:0:0:root:/root:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/sh\n";
const GROUPS: &str = "root:x:0:\nnonroot:x:65532:\n";

/// The lowest layer of every image but that of the sandbox.
pub(crate) fn base_layer(home: &Home) -> PathBuf {
    home.cache().join("image/base/layer.tar")
}

/// Builds both where they are missing or were made from something else.
pub(crate) fn ensure(home: &Home) -> anyhow::Result<()> {
    let folder = home.cache().join("image");
    fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    let recipe = [&PACKAGES.join("\n"), USERS, GROUPS].concat();
    if !is_made_from(&folder.join("base"), &recipe) {
        step("build the base image", || {
            make_from(&folder.join("base"), &recipe, |part| build_base(home, part))
        })?;
    }
    if !is_made_from(&folder.join("pause"), PAUSE_SOURCE) {
        step("build the pause image", || {
            make_from(&folder.join("pause"), PAUSE_SOURCE, |part| build_pause(home, part))
        })?;
    }
    Ok(())
}

/// Imports both where the node lacks them.
pub(crate) fn import(home: &Home, images: &Images) -> anyhow::Result<()> {
    for (name, folder) in [(PAUSE_IMAGE, "pause"), (BASE_IMAGE, "base")] {
        if !images.has(name) {
            images.import(&home.cache().join("image").join(folder).join("image.tar"))?;
        }
    }
    Ok(())
}

fn build_pause(home: &Home, part: &Path) -> anyhow::Result<()> {
    let (source, program, layer) = (part.join("pause.c"), part.join("pause"), part.join("layer.tar"));
    fs::write(&source, PAUSE_SOURCE)?;
    run_logged(
        tool("cc").args(["-Os", "-static", "-s", "-o"]).arg(&program).arg(&source),
        &home.log("build-pause")?,
    )?;
    let mut writer = Layer::create(&layer)?;
    writer.file(&program, Path::new("pause"), 0o755)?;
    writer.finish()?;
    let image = Image {
        name: PAUSE_IMAGE,
        architecture: Architecture::OWN,
        user: "65535:65535",
        entrypoint: &["/pause"],
        layers: &[layer],
    };
    image.write(&part.join("image.tar"))
}

fn build_base(home: &Home, part: &Path) -> anyhow::Result<()> {
    let (downloads, root) = (part.join("downloads"), part.join("root"));
    fs::create_dir_all(&downloads)?;
    fs::create_dir_all(&root)?;
    packages::download(home, &PACKAGES, &downloads)?;
    packages::unpack(&downloads, &root)?;
    let layer = part.join("layer.tar");
    let mut writer = Layer::create(&layer)?;
    write_frame(&mut writer, &root)?;
    write_applets(&mut writer, &root)?;
    write_tree(&mut writer, &root, &root, &place)?;
    writer.finish()?;
    let image = Image {
        name: BASE_IMAGE,
        architecture: Architecture::OWN,
        user: "0:0",
        entrypoint: &[],
        layers: &[layer],
    };
    image.write(&part.join("image.tar"))?;
    fs::remove_dir_all(&downloads)?;
    fs::remove_dir_all(&root)?;
    Ok(())
}

/// What the packages' own scripts would make when they are installed.
pub(in crate::parts) fn write_frame(layer: &mut Layer, root: &Path) -> anyhow::Result<()> {
    for name in MERGED {
        layer.link(&Path::new("usr").join(name), Path::new(name))?;
    }
    layer.folder(Path::new("tmp"), 0o1777)?;
    layer.text(USERS, Path::new("etc/passwd"))?;
    layer.text(GROUPS, Path::new("etc/group"))?;
    layer.text(&authorities(root)?, Path::new("etc/ssl/certs/ca-certificates.crt"))
}

fn write_applets(layer: &mut Layer, root: &Path) -> anyhow::Result<()> {
    let busybox =
        ["bin/busybox", "usr/bin/busybox"].map(|path| root.join(path)).into_iter().find(|path| path.exists());
    let applets = output(tool(busybox.context("the package busybox has no busybox")?).arg("--list"))?;
    for applet in applets.lines().filter(|applet| *applet != "busybox") {
        layer.link(Path::new("busybox"), &Path::new("usr/bin").join(applet))?;
    }
    Ok(())
}

fn authorities(root: &Path) -> anyhow::Result<String> {
    let folder = root.join("usr/share/ca-certificates/mozilla");
    let files = fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let texts = files.iter().map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.join("\n"))
}

/// Writes the files below a folder of unpacked packages, each to where `place` has it.
pub(in crate::parts) fn write_tree(
    layer: &mut Layer,
    root: &Path,
    folder: &Path,
    place: &impl Fn(&Path) -> Option<PathBuf>,
) -> anyhow::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for source in entries {
        let Some(path) = place(source.strip_prefix(root)?) else { continue };
        let kind = fs::symlink_metadata(&source)?.file_type();
        if kind.is_symlink() {
            layer.link(&fs::read_link(&source)?, &path)?;
        } else if kind.is_dir() {
            write_tree(layer, root, &source, place)?;
        } else {
            layer.file(&source, &path, mode(&source)?)?;
        }
    }
    Ok(())
}

fn mode(file: &Path) -> anyhow::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(file)?.permissions().mode() & 0o7777)
}

/// Where a package's file goes; nowhere when it is of no use in an image.
pub(in crate::parts) fn place(path: &Path) -> Option<PathBuf> {
    let useless = ["usr/share/doc", "usr/share/lintian", "usr/share/man", "usr/share/bug"];
    if useless.iter().any(|folder| path.starts_with(folder)) {
        return None;
    }
    match path.components().next() {
        Some(Component::Normal(first)) if MERGED.iter().any(|name| first == *name) => {
            Some(Path::new("usr").join(path))
        }
        _ => Some(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_where_todays_debian_has_them() {
        let placed = |path: &str| place(Path::new(path));
        assert_eq!(
            placed("lib/x86_64-linux-gnu/libc.so.6"),
            Some("usr/lib/x86_64-linux-gnu/libc.so.6".into())
        );
        assert_eq!(placed("lib64/ld-linux-x86-64.so.2"), Some("usr/lib64/ld-linux-x86-64.so.2".into()));
        assert_eq!(placed("usr/share/zoneinfo/UTC"), Some("usr/share/zoneinfo/UTC".into()));
        assert_eq!(placed("library/x"), Some("library/x".into()));
        assert_eq!(placed("usr/share/doc/libc6/copyright"), None);
    }
}
