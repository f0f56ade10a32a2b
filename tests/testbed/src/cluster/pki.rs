//! The cluster's certificates: one authority made on the spot, and what it signs.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use crate::{
    command::{output, tool},
    home::{Home, make_once},
    ip_family::IpFamily,
    template::Values,
};

const DAYS: &str = "3650";
/// Elliptic keys are made in no time, where RSA keys take seconds on a small machine.
const KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/// A certificate: file name, subject, and the names it serves under, with placeholders for addresses.
struct Certificate {
    name: &'static str,
    subject: &'static str,
    names: &'static str,
}

const CERTIFICATES: [Certificate; 6] = [
    Certificate {
        name: "apiserver",
        subject: "/CN=kube-apiserver",
        names: "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:${KUBERNETES_IP},IP:${NODE_IP}",
    },
    Certificate { name: "admin", subject: "/O=system:masters/CN=admin", names: "DNS:admin" },
    Certificate {
        name: "node",
        subject: "/O=system:nodes/CN=system:node:testbed",
        names: "DNS:testbed,IP:127.0.0.1,IP:${NODE_IP}",
    },
    Certificate {
        name: "kube-controller-manager",
        subject: "/CN=system:kube-controller-manager",
        names: "DNS:kube-controller-manager",
    },
    Certificate { name: "kube-scheduler", subject: "/CN=system:kube-scheduler", names: "DNS:kube-scheduler" },
    Certificate { name: "kube-proxy", subject: "/CN=system:kube-proxy", names: "DNS:kube-proxy" },
];

/// By which the API server proves to aggregated APIs that it is it.
const FRONT_PROXY: Certificate = Certificate {
    name: "front-proxy-client",
    subject: "/CN=front-proxy-client",
    names: "DNS:front-proxy-client",
};

/// Makes everything, once in the life of a cluster.
pub(crate) fn ensure(home: &Home) -> anyhow::Result<()> {
    let addresses = addresses(IpFamily::of(home)?);
    make_once(&home.in_state("pki"), |folder| make(folder, &addresses))?;
    // Another authority than that of users and nodes, whose certificates must not pass for the API server's.
    make_once(&home.in_state("front-proxy"), |folder| {
        authority(folder, "/CN=testbed-front-proxy-ca")?;
        sign(folder, &FRONT_PROXY, &addresses)
    })
}

fn authority(folder: &Path, subject: &str) -> anyhow::Result<()> {
    openssl(folder, &["req", "-x509", "-nodes", "-days", DAYS, "-subj", subject], &KEY, "ca.key", "ca.crt")
}

/// The addresses that certificates name: of the Service `kubernetes`, the first of its network, and of the node.
fn addresses(family: IpFamily) -> Values {
    Values::default().set("KUBERNETES_IP", family.service(1)).set("NODE_IP", family.addresses().node)
}

fn make(folder: &Path, addresses: &Values) -> anyhow::Result<()> {
    authority(folder, "/CN=testbed-ca")?;
    output(tool("openssl").current_dir(folder).args([
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        KEY[3],
        "-out",
        "service-accounts.key",
    ]))?;
    output(tool("openssl").current_dir(folder).args([
        "pkey",
        "-in",
        "service-accounts.key",
        "-pubout",
        "-out",
        "service-accounts.pub",
    ]))?;
    thread::scope(|scope| {
        let signing: Vec<_> = CERTIFICATES
            .iter()
            .map(|certificate| scope.spawn(|| sign(folder, certificate, addresses)))
            .collect();
        signing
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked")))
    })
}

fn sign(folder: &Path, certificate: &Certificate, addresses: &Values) -> anyhow::Result<()> {
    let Certificate { name, subject, names } = certificate;
    let names = addresses.fill(names)?;
    let file = |ending: &str| format!("{name}.{ending}");
    openssl(folder, &["req", "-nodes", "-subj", subject], &KEY, &file("key"), &file("csr"))?;
    fs::write(
        folder.join(file("ext")),
        format!("subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n"),
    )?;
    let serial = PathBuf::from(file("serial"));
    output(
        tool("openssl").current_dir(folder).args(["x509", "-req", "-CA", "ca.crt", "-CAkey", "ca.key"]).args(
            [
                "-CAcreateserial",
                "-CAserial",
                &serial.display().to_string(),
                "-days",
                DAYS,
                "-in",
                &file("csr"),
                "-extfile",
                &file("ext"),
                "-out",
                &file("crt"),
            ],
        ),
    )?;
    Ok(())
}

fn openssl(folder: &Path, request: &[&str], key: &[&str], key_file: &str, out: &str) -> anyhow::Result<()> {
    output(
        tool("openssl").current_dir(folder).args(request).args(key).args(["-keyout", key_file, "-out", out]),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_certified_under_the_addresses_of_the_family() {
        for (family, kubernetes, node) in
            [(IpFamily::Ipv4, "10.96.0.1", "10.88.0.1"), (IpFamily::Ipv6, "fd96::1", "fd88::1")]
        {
            let names = CERTIFICATES.map(|certificate| addresses(family).fill(certificate.names));
            let names = names.map(|names| names.expect("no other placeholder"));
            assert!(names[0].ends_with(&format!("IP:127.0.0.1,IP:{kubernetes},IP:{node}")), "{}", names[0]);
            assert_eq!(names[2], format!("DNS:testbed,IP:127.0.0.1,IP:{node}"));
        }
    }
}
