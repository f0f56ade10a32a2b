//! etcd, API server, controller manager, scheduler.

use std::time::Duration;

use crate::{
    cluster::kubectl::Kubectl,
    home::Home,
    ip_family::{Addresses, IpFamily},
    process::{Program, wait_ready},
    versions::Versions,
};

/// Not etcd's usual ports: the machine may have an etcd of its own.
const ETCD: &str = "http://127.0.0.1:23790";
const ETCD_PEERS: &str = "http://127.0.0.1:23800";

/// Starts what does not run, and waits until the API server is ready.
pub(crate) fn ensure(home: &Home, versions: &Versions) -> anyhow::Result<()> {
    let family = IpFamily::of(home)?;
    etcd(home, versions).ensure(home)?;
    api_server(home, versions, family).ensure(home)?;
    let kubectl = Kubectl::new(home, versions);
    wait_ready(home, "kube-apiserver", Duration::from_secs(90), || kubectl.ready())?;
    controller_manager(home, versions, family).ensure(home)?;
    scheduler(home, versions).ensure(home)?;
    Ok(())
}

fn kubernetes(home: &Home, versions: &Versions, name: &'static str, arguments: Vec<String>) -> Program {
    Program { name, path: home.bin_dir("kubernetes", &versions.kubernetes).join(name), arguments }
}

fn etcd(home: &Home, versions: &Versions) -> Program {
    let arguments = vec![
        format!("--data-dir={}", home.in_state("etcd").display()),
        format!("--listen-client-urls={ETCD}"),
        format!("--advertise-client-urls={ETCD}"),
        format!("--listen-peer-urls={ETCD_PEERS}"),
        format!("--initial-advertise-peer-urls={ETCD_PEERS}"),
        format!("--initial-cluster=default={ETCD_PEERS}"),
        // Nothing here outlives a power cut, and a small machine's disk is slow.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    Program { name: "etcd", path: home.bin_dir("etcd", &versions.etcd).join("etcd"), arguments }
}

fn api_server(home: &Home, versions: &Versions, family: IpFamily) -> Program {
    let Addresses { node, services, .. } = family.addresses();
    let pki = |file: &str| home.in_state("pki").join(file).display().to_string();
    let front_proxy = |file: &str| home.in_state("front-proxy").join(file).display().to_string();
    let arguments = vec![
        format!("--etcd-servers={ETCD}"),
        format!("--bind-address={node}"),
        format!("--advertise-address={node}"),
        "--secure-port=6443".to_owned(),
        format!("--service-cluster-ip-range={services}"),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--tls-cert-file={}", pki("apiserver.crt")),
        format!("--tls-private-key-file={}", pki("apiserver.key")),
        format!("--client-ca-file={}", pki("ca.crt")),
        format!("--service-account-key-file={}", pki("service-accounts.pub")),
        format!("--service-account-signing-key-file={}", pki("service-accounts.key")),
        format!("--kubelet-client-certificate={}", pki("admin.crt")),
        format!("--kubelet-client-key={}", pki("admin.key")),
        format!("--kubelet-certificate-authority={}", pki("ca.crt")),
        // Aggregated APIs, such as the Records API, as kubeadm sets them up.
        format!("--requestheader-client-ca-file={}", front_proxy("ca.crt")),
        "--requestheader-allowed-names=front-proxy-client".to_owned(),
        "--requestheader-username-headers=X-Remote-User".to_owned(),
        "--requestheader-group-headers=X-Remote-Group".to_owned(),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        format!("--proxy-client-cert-file={}", front_proxy("front-proxy-client.crt")),
        format!("--proxy-client-key-file={}", front_proxy("front-proxy-client.key")),
        // Straight to the pods, whether or not kube-proxy has heard of them yet.
        "--enable-aggregator-routing=true".to_owned(),
    ];
    kubernetes(home, versions, "kube-apiserver", arguments)
}

fn controller_manager(home: &Home, versions: &Versions, family: IpFamily) -> Program {
    let pki = |file: &str| home.in_state("pki").join(file).display().to_string();
    let arguments = vec![
        format!("--kubeconfig={}", home.in_state("kubeconfigs/kube-controller-manager").display()),
        "--bind-address=127.0.0.1".to_owned(),
        "--leader-elect=false".to_owned(),
        "--use-service-account-credentials=true".to_owned(),
        format!("--cluster-cidr={}", family.addresses().pods),
        // Its own place would be outside of the testbed's folder.
        format!("--flex-volume-plugin-dir={}", home.in_state("volume-plugins").display()),
        format!("--service-account-private-key-file={}", pki("service-accounts.key")),
        format!("--root-ca-file={}", pki("ca.crt")),
    ];
    kubernetes(home, versions, "kube-controller-manager", arguments)
}

fn scheduler(home: &Home, versions: &Versions) -> Program {
    let arguments = vec![
        format!("--kubeconfig={}", home.in_state("kubeconfigs/kube-scheduler").display()),
        "--bind-address=127.0.0.1".to_owned(),
        "--leader-elect=false".to_owned(),
    ];
    kubernetes(home, versions, "kube-scheduler", arguments)
}
