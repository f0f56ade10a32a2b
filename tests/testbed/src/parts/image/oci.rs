//! Writes an image as an OCI archive: an image layout in one tar file, with the manifest of `docker load` beside it, as
//! Docker itself writes them. Equal layers and settings make equal archives, and so one digest.
//!
//! Sources: the image layout, manifest and annotations of the OCI image specification 1.1.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::{
    command::{output, tool},
    parts::image::archive::{Image, Layer, sha256},
};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image to write as an OCI archive.
#[derive(Debug)]
pub(crate) struct OciImage<'a> {
    /// Name, user, entrypoint and layers.
    pub(crate) image: Image<'a>,
    /// When its content was made, as RFC 3339 has it: the time of the commit, not of the build.
    pub(crate) created: &'a str,
    /// Labels of the configuration, and annotations of the manifest.
    pub(crate) labels: &'a [(&'a str, &'a str)],
}

/// A part of an image, stored under its digest.
struct Blob {
    file: PathBuf,
    digest: String,
    size: u64,
}

impl Blob {
    fn of(file: PathBuf) -> anyhow::Result<Self> {
        let size = fs::metadata(&file).with_context(|| format!("failed to read {}", file.display()))?.len();
        Ok(Self { digest: sha256(&file)?, size, file })
    }

    fn of_json(value: &Value, file: PathBuf) -> anyhow::Result<Self> {
        fs::write(&file, value.to_string()).with_context(|| format!("failed to write {}", file.display()))?;
        Self::of(file)
    }

    fn path(&self) -> String {
        format!("blobs/sha256/{}", self.digest)
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": format!("sha256:{}", self.digest), "size": self.size})
    }
}

impl OciImage<'_> {
    /// Writes the archive, and gives the digest of the image (of its manifest): `sha256:…`. Files of the work stay in
    /// this folder.
    pub(crate) fn write(&self, archive: &Path, work: &Path) -> anyhow::Result<String> {
        let (mut layers, mut contents) = (Vec::new(), Vec::new());
        for layer in self.image.layers {
            contents.push(format!("sha256:{}", sha256(layer)?));
            layers.push(Blob::of(compress(layer)?)?);
        }
        let config = Blob::of_json(&self.config(&contents), work.join("config.json"))?;
        let manifest = Blob::of_json(&self.manifest(&config, &layers), work.join("manifest.json"))?;

        let mut writer = Layer::create(archive)?;
        writer.text(r#"{"imageLayoutVersion":"1.0.0"}"#, Path::new("oci-layout"))?;
        writer.text(&self.index(&manifest).to_string(), Path::new("index.json"))?;
        writer.text(&self.docker_manifest(&config, &layers).to_string(), Path::new("manifest.json"))?;
        for blob in layers.iter().chain([&config, &manifest]) {
            writer.file(&blob.file, Path::new(&blob.path()), 0o644)?;
        }
        writer.finish()?;
        Ok(format!("sha256:{}", manifest.digest))
    }

    fn config(&self, contents: &[String]) -> Value {
        let mut config = self.image.config(contents);
        config["created"] = self.created.into();
        config["config"]["Labels"] = self.labels();
        config
    }

    fn manifest(&self, config: &Blob, layers: &[Blob]) -> Value {
        let layers: Vec<Value> = layers.iter().map(|layer| layer.descriptor(LAYER)).collect();
        json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(CONFIG),
            "layers": layers,
            "annotations": self.labels(),
        })
    }

    fn index(&self, manifest: &Blob) -> Value {
        let name = self.image.name;
        let mut descriptor = manifest.descriptor(MANIFEST);
        descriptor["annotations"] = json!({
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name.rsplit_once(':').map_or(name, |(_, tag)| tag),
        });
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor]})
    }

    fn docker_manifest(&self, config: &Blob, layers: &[Blob]) -> Value {
        let layers: Vec<String> = layers.iter().map(Blob::path).collect();
        json!([{"Config": config.path(), "RepoTags": [self.image.name], "Layers": layers}])
    }

    fn labels(&self) -> Value {
        let labels = self.labels.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        Value::Object(labels.collect::<Map<String, Value>>())
    }
}

/// Compresses a layer into a file beside it. Without name and time in the header, equal layers stay equal.
fn compress(layer: &Path) -> anyhow::Result<PathBuf> {
    output(tool("gzip").args(["--no-name", "--best", "--force", "--keep"]).arg(layer))?;
    let mut compressed = layer.as_os_str().to_owned();
    compressed.push(".gz");
    Ok(compressed.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Architecture;

    fn write(folder: &Path, created: &str) -> (String, Vec<u8>) {
        fs::create_dir_all(folder).expect("a folder");
        let layer = folder.join("layer.tar");
        let mut writer = Layer::create(&layer).expect("a layer");
        writer.text("x", Path::new("a")).expect("a file");
        writer.finish().expect("finished");
        let layers = [layer];
        let image = Image {
            name: "localhost/x:1",
            architecture: Architecture::OWN,
            user: "1:1",
            entrypoint: &["/a"],
            layers: &layers,
        };
        let archive = folder.join("image.tar");
        let labels = [("org.opencontainers.image.version", "1")];
        let image = OciImage { image, created, labels: &labels };
        let digest = image.write(&archive, folder).expect("an archive");
        (digest, fs::read(archive).expect("bytes"))
    }

    #[test]
    fn an_archive_is_a_layout_of_blobs_under_their_digests_and_the_same_each_time() {
        let folder = std::env::temp_dir().join(format!("testbed-oci-{}", std::process::id()));
        let (digest, bytes) = write(&folder.join("1"), "2026-01-02T03:04:05Z");
        let mut files = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            let (path, mut content) = (entry.path().expect("a path").display().to_string(), Vec::new());
            std::io::Read::read_to_end(&mut entry, &mut content).expect("content");
            files.insert(path, content);
        }
        let read = |path: &str| serde_json::from_slice::<Value>(&files[path]).expect("JSON");
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().and_then(|digest| digest.strip_prefix("sha256:"));
            format!("blobs/sha256/{}", digest.expect("a digest"))
        };
        let index = read("index.json");
        assert_eq!(index["manifests"][0]["digest"], digest);
        assert_eq!(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], "1");
        let manifest = read(&blob(&index["manifests"][0]));
        let config = read(&blob(&manifest["config"]));
        assert_eq!(config["created"], "2026-01-02T03:04:05Z");
        assert_eq!(config["config"]["Labels"], json!({"org.opencontainers.image.version": "1"}));
        assert_eq!(manifest["annotations"], config["config"]["Labels"]);
        let layer = &files[&blob(&manifest["layers"][0])];
        assert_eq!(manifest["layers"][0]["size"], layer.len());
        assert!(layer.starts_with(&[0x1f, 0x8b]), "the layer is not gzip");
        assert_eq!(read("manifest.json")[0]["Layers"], json!([blob(&manifest["layers"][0])]));

        assert_eq!(write(&folder.join("2"), "2026-01-02T03:04:05Z"), (digest.clone(), bytes));
        assert_ne!(write(&folder.join("3"), "2027-01-02T03:04:05Z").0, digest);
        fs::remove_dir_all(folder).expect("removed");
    }
}
