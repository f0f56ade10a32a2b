//! The stores and services that stand where a user's own stand in production: each a Deployment and a Service.

use std::thread;

use crate::{
    cluster::kubectl::{Kubectl, condition, name},
    command::{Failed, output},
    home::Home,
    host::toolchains::Toolchains,
    ip_family::{IpFamily, url_host},
    parts::{elasticmq, elasticsearch, image::rootfs::BASE_IMAGE, model_server, pod::HostFolders},
    progress::step,
    template::Values,
    versions::Versions,
};

/// Their namespace.
pub(crate) const NAMESPACE: &str = "docmill-testbed";
/// The S3 server's key and region; the server is reached by this machine alone.
pub(crate) const ACCESS_KEY_ID: &str = "docmill";
/// See [`ACCESS_KEY_ID`].
pub(crate) const SECRET_ACCESS_KEY: &str = "docmill-testbed-secret";
/// See [`ACCESS_KEY_ID`].
pub(crate) const REGION: &str = "us-east-1";

/// A service of the testbed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    /// Name of its Deployment and Service.
    pub(crate) name: &'static str,
    /// What the address of its Service ends in, fixed so that an endpoint once printed stays right.
    number: u8,
    /// Port of its Service.
    pub(crate) port: u16,
}

const fn store(name: &'static str, number: u8, port: u16) -> Store {
    Store { name, number, port }
}

/// The S3 server.
pub(crate) const S3: Store = store("s3", 20, 7070);
/// The queue.
pub(crate) const SQS: Store = store("sqs", 21, 9324);
/// The notification bridge.
pub(crate) const BRIDGE: Store = store("bridge", 22, 8088);
/// The cluster for articles and ledger.
pub(crate) const ES_RAW: Store = store("es-raw", 23, 9200);
/// The cluster for enriched articles.
pub(crate) const ES_ENRICHED: Store = store("es-enriched", 24, 9200);
/// The model server.
pub(crate) const MODELS: Store = store("models", 25, 8080);
/// The server of embeddings.
pub(crate) const EMBEDDINGS: Store = store("embeddings", 26, 8090);
/// All of them.
pub(crate) const ALL: [Store; 7] = [S3, SQS, BRIDGE, ES_RAW, ES_ENRICHED, MODELS, EMBEDDINGS];

impl Store {
    /// The address of its Service.
    fn ip(&self, family: IpFamily) -> String {
        family.service(self.number)
    }

    /// Its URL from this machine, and from pods that know no names.
    pub(crate) fn url(&self, family: IpFamily) -> String {
        format!("http://{}:{}", url_host(&self.ip(family)), self.port)
    }

    /// Its URL from a pod.
    pub(crate) fn internal_url(&self) -> String {
        format!("http://{}.{NAMESPACE}.svc:{}", self.name, self.port)
    }
}

/// Applies all manifests.
pub(crate) fn apply(
    home: &Home,
    versions: &Versions,
    toolchains: &Toolchains,
    bridge_image: &str,
    kubectl: &Kubectl,
) -> anyhow::Result<()> {
    forget_broken_pods(kubectl);
    kubectl.apply(&manifests(home, versions, toolchains, bridge_image, IpFamily::of(home)?)?)
}

/// Waits until all are ready.
pub(crate) fn wait(kubectl: &Kubectl) -> anyhow::Result<()> {
    let parts = ALL.map(|store| (NAMESPACE, store.name)).into_iter().chain([("kube-system", "coredns")]);
    thread::scope(|scope| {
        let waiting: Vec<_> = parts
            .map(|(namespace, name)| {
                scope.spawn(move || step(&format!("{name} is ready"), || wait_one(kubectl, namespace, name)))
            })
            .collect();
        // All are joined, so that each says how it went, before the first failure counts.
        let results: Vec<_> = waiting.into_iter().map(thread::ScopedJoinHandle::join).collect();
        results
            .into_iter()
            .try_for_each(|result| result.unwrap_or_else(|_| anyhow::bail!("a thread panicked")))
    })
}

fn wait_one(kubectl: &Kubectl, namespace: &str, name: &str) -> anyhow::Result<()> {
    let deployment = format!("deployment/{name}");
    let status = ["rollout", "status", "--namespace", namespace, &deployment, "--timeout=150s"];
    if output(&mut kubectl.command(&status)).is_ok() {
        return Ok(());
    }
    let logs = ["logs", "--namespace", namespace, &deployment, "--all-containers", "--tail=30"];
    let mut said = output(&mut kubectl.command(&logs)).unwrap_or_default();
    if said.trim().is_empty() {
        let events = ["events", "--namespace", namespace, "--types=Warning"];
        said = output(&mut kubectl.command(&events)).unwrap_or_default();
    }
    let advice = format!(
        "kubectl describe pods --namespace {namespace} tells more (see `cargo testbed env`); then run `cargo testbed up` again"
    );
    Err(Failed::with_output(format!("{name} did not become ready"), said).advice(advice).into())
}

/// A pod that keeps failing is started again later and later: one that `up` finds broken gets a fresh start.
fn forget_broken_pods(kubectl: &Kubectl) {
    for namespace in [NAMESPACE, "kube-system"] {
        let pods = kubectl.list(&["pods", "--namespace", namespace]).unwrap_or_default();
        for pod in pods.iter().filter(|pod| !condition(pod, "Ready")) {
            let delete =
                ["delete", "pod", "--namespace", namespace, name(pod), "--wait=false", "--grace-period=1"];
            let _ = output(&mut kubectl.command(&delete));
        }
    }
}

fn manifests(
    home: &Home,
    versions: &Versions,
    toolchains: &Toolchains,
    bridge_image: &str,
    family: IpFamily,
) -> anyhow::Result<String> {
    let any = family.addresses().any;
    let folders = HostFolders::of(toolchains);
    let release = elasticsearch::release(versions, &toolchains.java);
    let values = Values::default()
        .set("BASE_IMAGE", BASE_IMAGE)
        .set("BRIDGE_IMAGE", bridge_image)
        .set("ACCESS_KEY_ID", ACCESS_KEY_ID)
        .set("SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .set("REGION", REGION)
        .set("LISTEN_IP", any)
        .set("LISTEN_HOST", url_host(any))
        .set("S3_IP", S3.ip(family))
        .set("SQS_IP", SQS.ip(family))
        .set("SQS_URL", SQS.url(family))
        .set("BRIDGE_IP", BRIDGE.ip(family))
        .set("BRIDGE_URL", BRIDGE.url(family))
        .set("BRIDGE_HOST", url_host(&BRIDGE.ip(family)))
        .set("MODELS_IP", MODELS.ip(family))
        .set("MODELS_HOSTNAME", model_server::HOSTNAME)
        .set("EMBEDDINGS_IP", EMBEDDINGS.ip(family))
        .set("DATA", home.in_state("data").display().to_string())
        .set("JAVA_HOME", toolchains.java.home.display().to_string())
        .set("VERSITYGW_DIR", home.bin_dir("versitygw", &versions.versitygw).display().to_string())
        .set("ELASTICMQ_DIR", elasticmq::folder(home, versions).display().to_string())
        .set("ELASTICSEARCH_DIR", release.folder(home).display().to_string())
        .set("MODELS_DIR", model_server::folder(home, versions).display().to_string())
        .set("NATIVE_ACCESS", release.native_access)
        .set("HOST_MOUNTS", folders.mounts())
        .set("HOST_VOLUMES", folders.volumes());
    let elasticsearch = include_str!("../../parts/manifests/elasticsearch.yaml");
    let of = |store: Store| values.clone().set("NAME", store.name).set("IP", store.ip(family));
    let documents = [
        values.fill(include_str!("../../parts/manifests/namespace.yaml"))?,
        values.fill(include_str!("../../parts/manifests/bridge.yaml"))?,
        values.fill(include_str!("../../parts/manifests/sqs.yaml"))?,
        values.fill(include_str!("../../parts/manifests/s3.yaml"))?,
        of(ES_RAW).fill(elasticsearch)?,
        of(ES_ENRICHED).fill(elasticsearch)?,
        values.fill(include_str!("../../parts/manifests/models.yaml"))?,
        values.fill(include_str!("../../parts/manifests/embeddings.yaml"))?,
    ];
    Ok(documents.join("---\n"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::host::toolchains::{Java, Python};

    fn manifests_of(family: IpFamily) -> String {
        let home = Home::find().expect("a home");
        let versions = Versions::read().expect("versions.toml");
        let toolchains = Toolchains {
            java: Java { release: 21, home: PathBuf::from("/usr/lib/jvm/none") },
            python: Python { path: "/usr/bin/python3.11".into(), prefix: "/usr".into() },
        };
        manifests(&home, &versions, &toolchains, "localhost/bridge:1", family).expect("manifests")
    }

    #[test]
    fn every_store_has_its_service_with_its_address() {
        for family in [IpFamily::Ipv4, IpFamily::Ipv6] {
            let text = manifests_of(family);
            for store in ALL {
                let ip = store.ip(family);
                let service = text.split("---\n").find(|document| {
                    document.contains("kind: Service") && document.contains(&format!("clusterIP: {ip}"))
                        || document.contains(&format!("clusterIP: \"{ip}\""))
                });
                let service = service.unwrap_or_else(|| panic!("{} has no service", store.name));
                assert!(service.contains(&format!("port: {}", store.port)), "{}", store.name);
            }
        }
    }

    #[test]
    fn without_ipv4_no_store_listens_on_it_or_asks_it() {
        let (ipv4, ipv6) = (manifests_of(IpFamily::Ipv4), manifests_of(IpFamily::Ipv6));
        for (other, one) in [
            ("0.0.0.0:8088", "[::]:8088"),
            ("0.0.0.0:4222", "[::]:4222"),
            ("\"8090\", \"0.0.0.0\"", "\"8090\", \"::\""),
            ("value: \"http://10.96.0.21:9324/\"", "value: \"http://[fd96::21]:9324/\""),
            ("http://10.96.0.22:8088/healthz", "http://[fd96::22]:8088/healthz"),
            ("--event-nats-url=nats://10.96.0.22:4222", "--event-nats-url=nats://[fd96::22]:4222"),
        ] {
            assert!(ipv4.contains(other) && !ipv4.contains(one), "{other}");
            assert!(ipv6.contains(one) && !ipv6.contains(other), "{one}");
        }
        assert!(!ipv6.contains("10.96.0.") && !ipv6.contains("0.0.0.0"), "{ipv6}");
    }

    #[test]
    fn urls_from_outside_and_inside() {
        assert_eq!(S3.url(IpFamily::Ipv4), "http://10.96.0.20:7070");
        assert_eq!(S3.url(IpFamily::Ipv6), "http://[fd96::20]:7070");
        assert_eq!(S3.internal_url(), "http://s3.docmill-testbed.svc:7070");
    }
}
