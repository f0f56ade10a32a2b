//! `kubectl port-forward` to a Service.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// A Service at a free port of this machine, for as long as this lives.
pub struct PortForward {
    child: Child,
    url: String,
}

impl PortForward {
    /// Starts it, and waits until the port is open.
    pub fn start(context: &str, namespace: &str, service: &str, port: u16) -> Result<Self> {
        let (service, ports) = (format!("service/{service}"), format!(":{port}"));
        let child = Command::new("kubectl")
            .args(["--context", context, "--namespace", namespace, "port-forward", &service, &ports])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start kubectl: is it on the PATH?")?;
        let mut forward = Self { child, url: String::new() };
        let output = forward.child.stdout.take().context("kubectl has no output")?;
        let (mut output, mut line) = (BufReader::new(output), String::new());
        output.read_line(&mut line).context("failed to read the output of kubectl port-forward")?;
        let port = local_port(&line).with_context(|| format!("kubectl port-forward of {service} failed"))?;
        forward.url = format!("http://127.0.0.1:{port}");
        // It writes a line for each connection, and ends when nobody reads them.
        std::thread::spawn(move || io::copy(&mut output, &mut io::sink()));
        Ok(forward)
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PortForward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port in kubectl's first line.
fn local_port(line: &str) -> Option<u16> {
    let (_, after) = line.split_once("127.0.0.1:")?;
    after.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::local_port;

    #[test]
    fn the_port_is_read_from_the_words_of_kubectl() {
        assert_eq!(local_port("Forwarding from 127.0.0.1:40123 -> 7070\n"), Some(40123));
        assert_eq!(local_port(""), None);
    }
}
