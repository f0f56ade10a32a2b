//! The image of a release: the programs on Debian's C library and certificates, without a shell.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    architecture::Architecture,
    command::{output, tool},
    home::Home,
    host::{foreign_packages, packages},
    parts::{
        image::{
            archive::{Image, Layer},
            oci::OciImage,
            rootfs,
        },
        product::{PROGRAMS, USER},
    },
};

const PACKAGES: [&str; 3] = ["ca-certificates", "libc6", "libgcc-s1"];

/// What an image of a release is made of.
#[derive(Debug)]
pub(crate) struct Release<'a> {
    /// Folder of the built programs.
    pub(crate) programs: &'a Path,
    /// What they run on.
    pub(crate) architecture: Architecture,
    /// Full name of the image, with its tag.
    pub(crate) name: &'a str,
    /// Version of the programs.
    pub(crate) version: &'a str,
    /// Git commit that they were built from.
    pub(crate) revision: &'a str,
    /// Time of that commit (RFC 3339).
    pub(crate) created: &'a str,
}

/// Writes the image as an OCI archive, and gives its digest.
pub(crate) fn write(home: &Home, release: &Release<'_>, archive: &Path) -> anyhow::Result<String> {
    let work = home.cache().join("release-image");
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("failed to remove {}", work.display()))?;
    }
    fs::create_dir_all(&work).with_context(|| format!("failed to create {}", work.display()))?;
    let base = base_layer(home, release.architecture, &work)?;
    let digest = write_on(&base, release, archive, &work)?;
    fs::remove_dir_all(&work).with_context(|| format!("failed to remove {}", work.display()))?;
    Ok(digest)
}

fn write_on(base: &Path, release: &Release<'_>, archive: &Path, work: &Path) -> anyhow::Result<String> {
    let layers = [base.to_owned(), programs_layer(release.programs, work)?];
    let labels = [
        ("org.opencontainers.image.created", release.created),
        ("org.opencontainers.image.description", "The Docmill operator, its workers and its console"),
        ("org.opencontainers.image.documentation", "https://docmill.io/docs/"),
        ("org.opencontainers.image.licenses", "Apache-2.0"),
        ("org.opencontainers.image.revision", release.revision),
        ("org.opencontainers.image.title", "docmill"),
        ("org.opencontainers.image.url", "https://docmill.io"),
        ("org.opencontainers.image.version", release.version),
    ];
    let image = Image {
        name: release.name,
        architecture: release.architecture,
        user: USER,
        entrypoint: &["operator"],
        layers: &layers,
    };
    OciImage { image, created: release.created, labels: &labels }.write(archive, work)
}

fn programs_layer(programs: &Path, work: &Path) -> anyhow::Result<PathBuf> {
    let layer = work.join("programs.tar");
    let mut writer = Layer::create(&layer)?;
    for program in PROGRAMS {
        writer.file(&programs.join(program), &Path::new("usr/local/bin").join(program), 0o755)?;
    }
    writer.finish()?;
    Ok(layer)
}

fn base_layer(home: &Home, architecture: Architecture, work: &Path) -> anyhow::Result<PathBuf> {
    let (downloads, root, layer) = (work.join("downloads"), work.join("root"), work.join("base.tar"));
    fs::create_dir_all(&downloads).with_context(|| format!("failed to create {}", downloads.display()))?;
    fs::create_dir_all(&root).with_context(|| format!("failed to create {}", root.display()))?;
    if architecture == Architecture::OWN {
        packages::download(home, &PACKAGES, &downloads)?;
    } else {
        foreign_packages::download(home, architecture, &PACKAGES, &downloads, &work.join("apt"))?;
    }
    packages::unpack(&downloads, &root)?;
    let mut writer = Layer::create(&layer)?;
    rootfs::write_frame(&mut writer, &root)?;
    // Scanners learn from these which distribution and which packages the image has.
    let release = fs::read_to_string("/etc/os-release").context("failed to read /etc/os-release")?;
    writer.text(&release, Path::new("etc/os-release"))?;
    write_package_states(&mut writer, &downloads)?;
    rootfs::write_tree(&mut writer, &root, &root, &place)?;
    writer.finish()?;
    Ok(layer)
}

/// A file for each package, where images without a package manager have them.
fn write_package_states(layer: &mut Layer, downloads: &Path) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(downloads).with_context(|| format!("failed to read {}", downloads.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let name = output(tool("dpkg-deb").arg("--field").arg(&file).arg("Package"))?;
        let state = output(tool("dpkg-deb").arg("--field").arg(&file))?;
        layer.text(&state, &Path::new("var/lib/dpkg/status.d").join(name.trim()))?;
    }
    Ok(())
}

/// Where a package's file goes; nowhere when no program of the image reads it. Copyright notices stay.
fn place(path: &Path) -> Option<PathBuf> {
    const DOCUMENTATION: &str = "usr/share/doc";
    /// Single certificates, whose bundle `rootfs` writes, and what updates the bundle.
    const USELESS: [&str; 3] = ["etc/ca-certificates", "usr/sbin", "usr/share/ca-certificates"];
    if path.starts_with(DOCUMENTATION) {
        let is_folder = path.components().count() <= 4;
        return (is_folder || path.ends_with("copyright")).then(|| path.to_owned());
    }
    // Conversions of character sets, which the programs have built in.
    let is_of_iconv = path.components().any(|part| part.as_os_str() == "gconv");
    let is_useless = USELESS.iter().any(|folder| path.starts_with(folder));
    if is_of_iconv || is_useless { None } else { rootfs::place(path) }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        time::{Duration, SystemTime},
    };

    use super::*;

    /// An image of programs that were written in this order, so many seconds after 1970.
    fn image(folder: &Path, order: [&str; 3], seconds: u64) -> String {
        let programs = folder.join("programs");
        fs::create_dir_all(&programs).expect("a folder");
        for program in order {
            let path = programs.join(program);
            fs::write(&path, program).expect("a program");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            File::options().write(true).open(&path).and_then(|file| file.set_modified(time)).expect("a time");
        }
        let base = folder.join("base.tar");
        Layer::create(&base).expect("a layer").finish().expect("finished");
        let release = Release {
            programs: &programs,
            architecture: Architecture::OWN,
            name: "localhost/docmill:1",
            version: "1",
            revision: "0123abc",
            created: "2026-01-02T03:04:05Z",
        };
        write_on(&base, &release, &folder.join("image.tar"), folder).expect("an image")
    }

    #[test]
    fn times_and_the_order_of_the_files_do_not_change_the_digest() {
        let folder = std::env::temp_dir().join(format!("testbed-release-{}", std::process::id()));
        let first = image(&folder.join("1"), ["operator", "job-runner", "kubectl-docmill"], 1_000_000_000);
        let second = image(&folder.join("2"), ["kubectl-docmill", "job-runner", "operator"], 1_700_000_000);
        assert!(first.starts_with("sha256:") && first.len() == 71, "{first}");
        assert_eq!(first, second);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn copyright_notices_stay_and_what_nothing_reads_goes() {
        let placed = |path: &str| place(Path::new(path));
        assert_eq!(placed("usr/share/doc/libc6"), Some("usr/share/doc/libc6".into()));
        assert_eq!(placed("usr/share/doc/libc6/copyright"), Some("usr/share/doc/libc6/copyright".into()));
        assert_eq!(placed("usr/share/doc/libc6/changelog.Debian.gz"), None);
        assert_eq!(placed("usr/lib/x86_64-linux-gnu/gconv/UTF-16.so"), None);
        assert_eq!(placed("usr/sbin/update-ca-certificates"), None);
        assert_eq!(
            placed("lib/x86_64-linux-gnu/libc.so.6"),
            Some("usr/lib/x86_64-linux-gnu/libc.so.6".into())
        );
    }
}
