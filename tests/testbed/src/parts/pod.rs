//! What pods borrow from the machine: its Java and Python, which are too big to be copied into images.

use std::path::{Path, PathBuf};

use crate::host::toolchains::Toolchains;

/// Folders of the machine that a pod sees, read-only, under the same path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HostFolders(Vec<PathBuf>);

impl HostFolders {
    /// The machine's libraries, and what Java and Python consist of where they lie elsewhere.
    pub(crate) fn of(toolchains: &Toolchains) -> Self {
        let usr = PathBuf::from("/usr");
        let java = &toolchains.java.home;
        let elsewhere = [Some(java.clone()), java_settings(java), Some(toolchains.python.prefix.clone())];
        let elsewhere = elsewhere.into_iter().flatten().filter(|folder| !folder.starts_with(&usr));
        Self([usr.clone()].into_iter().chain(elsewhere).collect())
    }

    /// Lines of a container's `volumeMounts`.
    pub(crate) fn mounts(&self) -> String {
        self.lines(|at, path| format!("        - {{name: host-{at}, mountPath: \"{path}\", readOnly: true}}"))
    }

    /// Lines of a pod's `volumes`.
    pub(crate) fn volumes(&self) -> String {
        self.lines(|at, path| {
            format!("      - {{name: host-{at}, hostPath: {{path: \"{path}\", type: Directory}}}}")
        })
    }

    fn lines(&self, line: impl Fn(usize, std::path::Display<'_>) -> String) -> String {
        let lines = self.0.iter().enumerate().map(|(at, path)| line(at, path.display()));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Debian keeps a Java's settings under /etc, behind symbolic links.
fn java_settings(home: &Path) -> Option<PathBuf> {
    let file = home.join("conf/security/java.security").canonicalize().ok()?;
    let name = file.strip_prefix("/etc").ok()?.components().next()?;
    Some(Path::new("/etc").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::toolchains::{Java, Python};

    fn folders(java: &str, prefix: &str) -> HostFolders {
        HostFolders::of(&Toolchains {
            java: Java { release: 21, home: java.into() },
            python: Python { path: "/x".into(), prefix: prefix.into() },
        })
    }

    #[test]
    fn only_what_lies_elsewhere_is_mounted_besides_usr() {
        assert_eq!(folders("/usr/lib/jvm/none", "/usr").0, [PathBuf::from("/usr")]);
        let both = folders("/opt/jdk", "/opt/python");
        assert_eq!(both.0.len(), 3);
        assert_eq!(
            both.mounts().lines().nth(1),
            Some("        - {name: host-1, mountPath: \"/opt/jdk\", readOnly: true}")
        );
        assert_eq!(
            both.volumes().lines().nth(2),
            Some("      - {name: host-2, hostPath: {path: \"/opt/python\", type: Directory}}")
        );
    }
}
