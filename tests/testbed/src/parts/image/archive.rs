//! Writes image archives as `docker save` does: layers, configuration and manifest in one tar file.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use crate::{
    architecture::Architecture,
    command::{output, tool},
};

/// A layer that is being written. Owners are root and times are zero, so that equal content makes equal layers.
pub(crate) struct Layer {
    tar: Builder<File>,
    folders: BTreeSet<PathBuf>,
}

impl Layer {
    /// Starts a layer in this file.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("failed to create {}", path.display()))?;
        Ok(Self { tar: Builder::new(file), folders: BTreeSet::new() })
    }

    /// Adds a folder and those above it.
    pub(crate) fn folder(&mut self, path: &Path, mode: u32) -> anyhow::Result<()> {
        if path.as_os_str().is_empty() || !self.folders.insert(path.to_owned()) {
            return Ok(());
        }
        self.parent(path)?;
        self.append(EntryType::Directory, path, mode, 0, std::io::empty())
    }

    /// Adds a file with the content of another.
    pub(crate) fn file(&mut self, source: &Path, path: &Path, mode: u32) -> anyhow::Result<()> {
        let file = File::open(source).with_context(|| format!("failed to open {}", source.display()))?;
        let size = file.metadata()?.len();
        self.parent(path)?;
        self.append(EntryType::Regular, path, mode, size, file)
    }

    /// Adds a file with this content.
    pub(crate) fn text(&mut self, text: &str, path: &Path) -> anyhow::Result<()> {
        self.parent(path)?;
        self.append(EntryType::Regular, path, 0o644, text.len() as u64, text.as_bytes())
    }

    /// Adds a symbolic link.
    pub(crate) fn link(&mut self, target: &Path, path: &Path) -> anyhow::Result<()> {
        self.parent(path)?;
        let mut header = header(EntryType::Symlink, 0o777, 0);
        self.tar
            .append_link(&mut header, path, target)
            .with_context(|| format!("failed to add {}", path.display()))
    }

    /// Ends the layer.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.tar.finish().context("failed to write a layer")
    }

    fn parent(&mut self, path: &Path) -> anyhow::Result<()> {
        path.parent().map_or(Ok(()), |parent| self.folder(parent, 0o755))
    }

    fn append(
        &mut self,
        kind: EntryType,
        path: &Path,
        mode: u32,
        size: u64,
        data: impl Read,
    ) -> anyhow::Result<()> {
        let mut header = header(kind, mode, size);
        self.tar
            .append_data(&mut header, path, data)
            .with_context(|| format!("failed to add {}", path.display()))
    }
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// An image to write.
#[derive(Debug)]
pub(crate) struct Image<'a> {
    /// Its full name with tag.
    pub(crate) name: &'a str,
    /// What its programs run on.
    pub(crate) architecture: Architecture,
    /// User and group that its processes run as, for example `65532:65532`.
    pub(crate) user: &'a str,
    /// What it runs unless told otherwise.
    pub(crate) entrypoint: &'a [&'a str],
    /// Its layers, the lowest first.
    pub(crate) layers: &'a [PathBuf],
}

impl Image<'_> {
    /// Writes the archive.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut digests = Vec::new();
        let mut archive = Layer::create(path)?;
        for (at, layer) in self.layers.iter().enumerate() {
            digests.push(format!("sha256:{}", sha256(layer)?));
            archive.file(layer, &PathBuf::from(format!("layer-{at}.tar")), 0o644)?;
        }
        archive.text(&self.config(&digests).to_string(), Path::new("config.json"))?;
        archive.text(&self.manifest(), Path::new("manifest.json"))?;
        archive.finish()
    }

    /// The configuration, with the digests of the layers' contents.
    pub(super) fn config(&self, digests: &[String]) -> Value {
        json!({
            "architecture": self.architecture.name(),
            "os": "linux",
            "config": {
                "User": self.user,
                "Entrypoint": self.entrypoint,
                "Env": ["PATH=/usr/local/bin:/usr/bin:/usr/sbin"],
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": digests},
        })
    }

    fn manifest(&self) -> String {
        let layers: Vec<String> = (0..self.layers.len()).map(|at| format!("layer-{at}.tar")).collect();
        json!([{"Config": "config.json", "RepoTags": [self.name], "Layers": layers}]).to_string()
    }
}

/// A file's SHA-256 in hexadecimal digits. The system's own program is many times faster than an unoptimised build.
pub(crate) fn sha256(path: &Path) -> anyhow::Result<String> {
    let line = output(tool("sha256sum").arg("--binary").arg(path))?;
    let digest = line.trim_start_matches('\\').split(' ').next();
    digest.map(str::to_owned).with_context(|| format!("failed to read the digest of {}", path.display()))
}

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(path: &Path) -> Vec<(String, EntryType, u32)> {
        let mut archive = tar::Archive::new(File::open(path).expect("a tar"));
        let entries = archive.entries().expect("entries").map(|entry| {
            let entry = entry.expect("an entry");
            let header = entry.header();
            (
                entry.path().expect("a path").display().to_string(),
                header.entry_type(),
                header.mode().expect("a mode"),
            )
        });
        entries.collect()
    }

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("testbed-archive-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn a_layer_holds_every_parent_once_and_is_the_same_each_time() {
        let folder = scratch("layer");
        let write = |name: &str| {
            let path = folder.join(name);
            let mut layer = Layer::create(&path).expect("a layer");
            layer.folder(Path::new("tmp"), 0o1777).expect("a folder");
            layer.text("x", Path::new("usr/bin/a")).expect("a file");
            layer.link(Path::new("a"), Path::new("usr/bin/b")).expect("a link");
            layer.finish().expect("finished");
            path
        };
        let first = write("1.tar");
        let expected = [
            ("tmp", EntryType::Directory, 0o1777),
            ("usr", EntryType::Directory, 0o755),
            ("usr/bin", EntryType::Directory, 0o755),
            ("usr/bin/a", EntryType::Regular, 0o644),
            ("usr/bin/b", EntryType::Symlink, 0o777),
        ];
        assert_eq!(entries(&first), expected.map(|(path, kind, mode)| (path.to_owned(), kind, mode)));
        assert_eq!(fs::read(&first).expect("bytes"), fs::read(write("2.tar")).expect("bytes"));
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn an_archive_names_its_layers_by_digest() {
        let folder = scratch("image");
        let layer = folder.join("l.tar");
        Layer::create(&layer).expect("a layer").finish().expect("finished");
        let archive = folder.join("image.tar");
        let image = Image {
            name: "localhost/x:1",
            architecture: Architecture::Arm64,
            user: "1:1",
            entrypoint: &["/a"],
            layers: std::slice::from_ref(&layer),
        };
        image.write(&archive).expect("written");
        let names: Vec<String> = entries(&archive).into_iter().map(|(name, _, _)| name).collect();
        assert_eq!(names, ["layer-0.tar", "config.json", "manifest.json"]);
        let config = image.config(&[format!("sha256:{}", sha256(&layer).expect("a digest"))]);
        // Of the two empty blocks that end a tar file.
        let empty = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
        assert_eq!(config["rootfs"]["diff_ids"], json!([empty]));
        assert_eq!((&config["config"]["User"], &config["architecture"]), (&json!("1:1"), &json!("arm64")));
        fs::remove_dir_all(folder).expect("removed");
    }
}
