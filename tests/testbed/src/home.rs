//! Where things lie: one folder a user, outside any checkout, so that every checkout shares what was built and the
//! cluster that runs. `DOCMILL_TESTBED_HOME` moves it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

/// The longest path a Unix socket may have is 108 bytes; containerd's is the longest of ours.
const LONGEST_HOME: usize = 70;

/// The testbed's folder.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    cache: PathBuf,
}

impl Home {
    /// The folder that this user's environment names.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let cache = match (env::var_os("DOCMILL_TESTBED_HOME"), env::var_os("HOME")) {
            (Some(folder), _) => PathBuf::from(folder),
            (None, Some(home)) => Path::new(&home).join(".cache/docmill-testbed"),
            (None, None) => bail!("neither HOME nor DOCMILL_TESTBED_HOME is set: set one of them"),
        };
        if cache.is_relative() || cache.as_os_str().len() > LONGEST_HOME {
            bail!(
                "the testbed's folder {} must be an absolute path of at most {LONGEST_HOME} bytes: set DOCMILL_TESTBED_HOME to another",
                cache.display()
            );
        }
        Ok(Self { cache })
    }

    /// What was built and downloaded, and the state below it.
    pub(crate) fn cache(&self) -> &Path {
        &self.cache
    }

    /// What belongs to the running cluster; `down` removes it.
    pub(crate) fn state(&self) -> PathBuf {
        self.cache.join("state")
    }

    /// A file or folder of the running cluster.
    pub(crate) fn in_state(&self, name: &str) -> PathBuf {
        self.state().join(name)
    }

    /// The folder of a built command.
    pub(crate) fn bin_dir(&self, name: &str, version: &str) -> PathBuf {
        self.cache.join(format!("bin/{name}-{version}"))
    }

    /// The log of a part or of a build step, with its folder made.
    pub(crate) fn log(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.cache.join("log");
        fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
        Ok(folder.join(format!("{name}.log")))
    }

    /// Where cargo builds, for every checkout, unless the caller has chosen a place.
    pub(crate) fn cargo_target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.cache.join("target"), PathBuf::from)
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.in_state("kubeconfigs/admin")
    }

    /// Held while something changes, so that two calls do not start the same cluster. Waits for the other call.
    pub(crate) fn lock(&self) -> anyhow::Result<fs::File> {
        fs::create_dir_all(&self.cache)
            .with_context(|| format!("failed to create {}", self.cache.display()))?;
        let path = self.cache.join("lock");
        let file = fs::File::create(&path).with_context(|| format!("failed to create {}", path.display()))?;
        if file.try_lock().is_err() {
            crate::progress::note("another call of the testbed is at work: waiting for it");
            file.lock().with_context(|| format!("failed to lock {}", path.display()))?;
        }
        Ok(file)
    }
}

/// The checkout that this program was called in.
pub(crate) fn checkout() -> PathBuf {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.ancestors().nth(2).map_or_else(|| package.clone(), Path::to_path_buf)
}

/// The file in a built folder that says what it was built from.
const RECIPE: &str = "recipe";

/// Whether a folder was built from this recipe: versions, sources and settings, all that decides what is in it.
pub(crate) fn is_made_from(folder: &Path, recipe: &str) -> bool {
    fs::read_to_string(folder.join(RECIPE)).is_ok_and(|known| known == recipe)
}

/// Builds a folder anew, as [`make_once`] does, and notes the recipe.
pub(crate) fn make_from(
    folder: &Path,
    recipe: &str,
    make: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("failed to remove {}", folder.display()))?;
    }
    make_once(folder, |part| {
        make(part)?;
        fs::write(part.join(RECIPE), recipe)
            .with_context(|| format!("failed to write into {}", part.display()))
    })
}

/// Runs `make` on a folder of another name and renames it, so that an interrupted build leaves nothing half-made.
/// Does nothing when the folder is there.
pub(crate) fn make_once(folder: &Path, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = folder.with_file_name(name);
    if part.exists() {
        fs::remove_dir_all(&part).with_context(|| format!("failed to remove {}", part.display()))?;
    }
    fs::create_dir_all(&part).with_context(|| format!("failed to create {}", part.display()))?;
    make(&part)?;
    fs::rename(&part, folder).with_context(|| format!("failed to rename {}", part.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_built_once_for_a_recipe_and_never_half() {
        let folder = env::temp_dir().join(format!("testbed-home-{}/kit", std::process::id()));
        assert!(make_from(&folder, "1", |_| bail!("interrupted")).is_err());
        assert!(!folder.exists());
        make_from(&folder, "1", |part| Ok(fs::write(part.join("a"), "x")?)).expect("built");
        assert!(folder.join("a").exists() && is_made_from(&folder, "1") && !is_made_from(&folder, "2"));
        make_from(&folder, "2", |_| Ok(())).expect("built anew");
        assert!(!folder.join("a").exists() && is_made_from(&folder, "2"));
        fs::remove_dir_all(folder.parent().expect("a parent")).expect("removed");
    }
}
