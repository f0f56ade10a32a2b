//! The values of a Kubernetes Secret: read from a mounted folder by a worker, from the API by the operator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use docmill_crds::contract::{SECRETS_DIR, SECRETS_DIR_ENV};

/// Keys and values of one Secret. `Debug` shows the keys only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    values: BTreeMap<String, Vec<u8>>,
    /// The folder that they were read from.
    folder: Option<PathBuf>,
}

impl Secrets {
    /// Takes the `data` of a Secret.
    pub fn new(values: BTreeMap<String, Vec<u8>>) -> Self {
        Self { values, folder: None }
    }

    /// Reads the folder that a Secret is mounted at: one file per key. The kubelet's own entries (`..data`)
    /// are skipped. A missing folder is an empty Secret: the resource names none.
    pub fn read_dir(folder: &Path) -> io::Result<Self> {
        // A version that is replaced while it is read is removed; then the next one is there.
        Self::read_version(folder).or_else(|_| Self::read_version(folder))
    }

    /// The kubelet replaces all keys at once, by leading `..data` to another folder. What is read is in one of these, so that
    /// the id of a new key never comes with the secret half of the old one.
    fn read_version(folder: &Path) -> io::Result<Self> {
        let version = folder.join("..data").canonicalize().unwrap_or_else(|_| folder.to_owned());
        let entries = match fs::read_dir(&version) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound && version == folder => {
                return Ok(Self::default());
            }
            Err(error) => return Err(error),
        };
        let mut values = BTreeMap::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with("..") && entry.path().is_file() {
                values.insert(name, fs::read(entry.path())?);
            }
        }
        Ok(Self { values, folder: Some(folder.to_owned()) })
    }

    /// What is in the folder now that these were read from; these themselves if they are from none.
    pub(crate) fn read_again(&self) -> io::Result<Self> {
        self.folder.as_deref().map_or_else(|| Ok(self.clone()), Self::read_dir)
    }

    /// A value as text, without the trailing newline that `--from-file` often adds.
    pub fn text(&self, key: &str) -> Option<&str> {
        std::str::from_utf8(self.values.get(key)?).ok().map(|text| text.trim_end_matches(['\r', '\n']))
    }
}

/// A Secret that is mounted into this pod cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the mounted Secret {mount:?}: {error}")]
pub struct MountError {
    mount: String,
    error: io::Error,
}

/// Reads a Secret that the operator mounted into this pod, under one of the names in
/// [`docmill_crds::contract::secret_mount`]. Empty if the resource names none.
pub fn mounted(mount: &str) -> Result<Secrets, MountError> {
    let folder = std::env::var_os(SECRETS_DIR_ENV).unwrap_or_else(|| SECRETS_DIR.into());
    Secrets::read_dir(&Path::new(&folder).join(mount))
        .map_err(|error| MountError { mount: mount.to_owned(), error })
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secrets").field(&self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Secrets;

    #[test]
    fn debug_shows_keys_and_no_values() {
        let secrets = Secrets::new(BTreeMap::from([("password".to_owned(), b"hunter2\n".to_vec())]));
        let debug_text = format!("{secrets:?}");
        assert!(debug_text.contains("password") && !debug_text.contains("hunter2"), "{debug_text}");
        assert_eq!(secrets.text("password"), Some("hunter2"));
    }

    #[cfg(unix)]
    #[test]
    fn all_keys_are_of_one_version() {
        use std::fs;
        use std::os::unix::fs::symlink;

        let folder = std::env::temp_dir().join(format!("docmill-secret-versions-{}", std::process::id()));
        for version in ["..old", "..new"] {
            fs::create_dir_all(folder.join(version)).unwrap();
            for key in ["id", "secret"] {
                fs::write(folder.join(version).join(key), version).unwrap();
            }
        }
        // As a reader finds it that has opened one key before the kubelet replaced the version, and the other one after.
        symlink("..old/id", folder.join("id")).unwrap();
        symlink("..new/secret", folder.join("secret")).unwrap();
        symlink("..new", folder.join("..data")).unwrap();
        let secrets = Secrets::read_dir(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((secrets.text("id"), secrets.text("secret")), (Some("..new"), Some("..new")));
        assert_eq!(secrets.folder.as_deref(), Some(folder.as_path()), "it is read again from there");
    }

    #[test]
    fn a_missing_folder_is_an_empty_secret() {
        assert_eq!(Secrets::read_dir("/nonexistent/docmill".as_ref()).unwrap(), Secrets::default());
    }
}
