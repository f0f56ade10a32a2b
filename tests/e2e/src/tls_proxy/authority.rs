//! An authority that nobody trusts by itself, and the certificate of a server that it signed, made by `openssl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// An authority with one server's certificate, in a folder that goes with this.
pub struct Authority(PathBuf);

impl Authority {
    /// Makes an authority and a certificate for `localhost`. The name tells it from others of the same process.
    pub fn create(name: &str) -> Result<Self> {
        Self::create_for(name, "DNS:localhost")
    }

    /// The same for another server, for example `IP:10.0.0.1`.
    pub fn create_for(name: &str, server: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("docmill-authority-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        let authority = Self(folder);
        let folder = &authority.0;
        let subject = format!("/CN=docmill test {name}");
        openssl(
            folder,
            &[
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                &subject,
                "-keyout",
                "ca.key",
                "-out",
                "ca.crt",
            ],
        )?;
        let names = format!("subjectAltName={server}\nbasicConstraints=CA:FALSE\n");
        fs::write(folder.join("names"), names)?;
        openssl(
            folder,
            &[
                "req",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=localhost",
                "-keyout",
                "server.key",
                "-out",
                "server.csr",
            ],
        )?;
        openssl(
            folder,
            &[
                "x509",
                "-req",
                "-in",
                "server.csr",
                "-CA",
                "ca.crt",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                "names",
                "-out",
                "server.crt",
            ],
        )?;
        Ok(authority)
    }

    /// The authority's certificate, PEM.
    pub fn certificate(&self) -> Result<Vec<u8>> {
        Ok(fs::read(self.0.join("ca.crt"))?)
    }

    /// The folder with the authority's certificate, `ca.crt`.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Certificate and key of the server, PEM. They serve a client as well.
    pub fn server_pem(&self) -> Result<(Vec<u8>, Vec<u8>)> {
        Ok((fs::read(self.0.join("server.crt"))?, fs::read(self.0.join("server.key"))?))
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<()> {
    let run = Command::new("openssl").args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    let run = run.context("failed to start openssl, which these tests make certificates with")?;
    ensure!(run.status.success(), "openssl {}: {}", arguments[0], String::from_utf8_lossy(&run.stderr));
    Ok(())
}
