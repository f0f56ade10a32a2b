//! What the archive of an image says of it, by the manifest that `docker load` reads.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use serde::Deserialize;

use crate::command::Failed;

/// The largest file of an archive that can be a manifest or a configuration, in bytes.
const MAX_JSON_BYTES: u64 = 1 << 20;

/// The small files of an archive, by path.
type Files = BTreeMap<String, Vec<u8>>;

/// An image in an archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Archived {
    /// Its full name with tag.
    pub(crate) name: String,
    /// What its programs run on, as OCI writes it: `amd64`, `arm64`.
    pub(crate) architecture: String,
}

/// An image in `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    config: String,
    repo_tags: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Config {
    architecture: String,
}

/// The first image of an archive. Fails when the archive names none.
pub(crate) fn read(archive: &Path) -> anyhow::Result<Archived> {
    let failed = || format!("failed to read {} as the archive of an image", archive.display());
    let files = small_files(archive).with_context(failed)?;
    let found = first(&files).with_context(failed)?;
    found.ok_or_else(|| {
        let advice = "build it with release/release.sh, whose default builder writes the full name of the image, or save \
                      an image by its name: docker save --output ARCHIVE NAME:TAG";
        Failed::with_output(format!("{} names no image", archive.display()), "").advice(advice).into()
    })
}

fn small_files(archive: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for entry in tar::Archive::new(File::open(archive)?).entries()? {
        let mut entry = entry?;
        if entry.size() > MAX_JSON_BYTES {
            continue;
        }
        let (path, mut content) = (entry.path()?.display().to_string(), Vec::new());
        entry.read_to_end(&mut content)?;
        files.insert(path, content);
    }
    Ok(files)
}

/// The first image that has a name.
fn first(files: &Files) -> anyhow::Result<Option<Archived>> {
    let Some(manifest) = files.get("manifest.json") else { return Ok(None) };
    let images: Vec<Manifest> = serde_json::from_slice(manifest).context("manifest.json is not valid")?;
    let named =
        images.into_iter().find_map(|image| Some((image.repo_tags?.into_iter().next()?, image.config)));
    let Some((name, path)) = named else { return Ok(None) };
    let config = files.get(&path).with_context(|| format!("{path} is missing"))?;
    let config: Config = serde_json::from_slice(config).with_context(|| format!("{path} is not valid"))?;
    Ok(Some(Archived { name, architecture: config.architecture }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        architecture::Architecture,
        parts::image::archive::{Image, Layer},
    };

    fn scratch(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("testbed-archived-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn an_archive_tells_name_and_architecture() {
        let folder = scratch("named");
        let (layer, archive) = (folder.join("l.tar"), folder.join("image.tar"));
        Layer::create(&layer).expect("a layer").finish().expect("finished");
        let image = Image {
            name: "localhost/x:1",
            architecture: Architecture::Arm64,
            user: "1:1",
            entrypoint: &["/a"],
            layers: &[layer],
        };
        image.write(&archive).expect("written");
        let expected = Archived { name: "localhost/x:1".to_owned(), architecture: "arm64".to_owned() };
        assert_eq!(read(&archive).expect("an image"), expected);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn an_archive_without_a_name_is_refused_in_words() {
        let folder = scratch("nameless");
        let write = |name: &str, file: &str, text: &str| {
            let archive = folder.join(name);
            let mut writer = Layer::create(&archive).expect("an archive");
            writer.text(text, Path::new(file)).expect("a file");
            writer.finish().expect("finished");
            archive
        };
        let untagged = r#"[{"Config":"c.json","RepoTags":null,"Layers":[]}]"#;
        for archive in [
            write("untagged.tar", "manifest.json", untagged),
            write("no-manifest.tar", "oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#),
        ] {
            let error = read(&archive).expect_err("a refusal");
            assert!(error.to_string().ends_with("names no image"), "{error:#}");
            let failed = error.downcast_ref::<Failed>().expect("a failure with advice");
            assert!(failed.details().contains("docker save"), "{}", failed.details());
        }
        let missing = read(&folder.join("missing.tar")).expect_err("a refusal").to_string();
        assert!(missing.contains("missing.tar as the archive of an image"), "{missing}");
        fs::remove_dir_all(folder).expect("removed");
    }
}
