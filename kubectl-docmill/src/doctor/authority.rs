//! Where the certificate of the authority of a server belongs, as a command that puts it there.

use docmill_crds::IngestSource;
use docmill_crds::api::connection_ref::ConnectionRef;
use docmill_crds::api::credentials::SecretRef;
use docmill_crds::api::ingest_run::probe::Need;
use docmill_crds::api::ingest_source::SqsTrigger;
use docmill_crds::api::tls::Tls;
use docmill_crds::api::tls::certificate_key::AUTHORITY;
use kube::ResourceExt as _;

use crate::output::quoting::quoted;

/// How an endpoint says whom it trusts.
struct Endpoint<'a> {
    /// Its field below `spec`, with dots.
    field: &'static str,
    connection: Option<&'a ConnectionRef>,
    tls: Option<&'a Tls>,
    whole: Option<&'a SecretRef>,
}

/// What has a need that failed for an unknown authority trust the right one. The certificate itself comes from whoever runs
/// the server: one that was fetched from the server would prove nothing.
pub fn trusted(need: Need, source: &IngestSource) -> String {
    let endpoint = endpoint(need, source);
    let intro = "The certificate of the server is signed by an authority that is not known. Ask whoever runs the server for the \
                 certificate of the authority, save it as ca.crt, and";
    match endpoint.connection {
        Some(connection) => format!(
            "{intro} put it into the Secret or ConfigMap that the {} {} names (tls, or the key ca.crt of its credentials).",
            connection.kind.as_str(),
            connection.name
        ),
        None => format!("{intro} put it where the source looks for it:\n  {}", command(&endpoint, source)),
    }
}

fn endpoint(need: Need, source: &IngestSource) -> Endpoint<'_> {
    let spec = &source.spec;
    let cluster = match need {
        Need::IndexCluster | Need::IndexPrivileges => {
            spec.index_cluster().map(|one| ("index.elasticsearch", one))
        }
        Need::LedgerCluster | Need::LedgerPrivileges => {
            let own = spec.own_ledger_cluster().map(|one| ("ledger.elasticsearch", one));
            own.or_else(|| spec.index_cluster().map(|one| ("index.elasticsearch", one)))
        }
        _ => None,
    };
    if let Some((field, cluster)) = cluster {
        return Endpoint {
            field,
            connection: cluster.connection_ref.as_ref(),
            tls: cluster.tls.as_deref(),
            whole: cluster.secret_ref.as_ref(),
        };
    }
    let storage = &spec.storage;
    if let Some(sqs) = spec.trigger.sqs.as_ref().filter(|sqs| is_of_queue(need) && has_own_access(sqs)) {
        return Endpoint {
            field: "trigger.sqs",
            connection: sqs.connection_ref.as_ref(),
            tls: sqs.tls.as_deref().or(storage.tls.as_deref()),
            whole: sqs.credentials_secret_ref.as_ref().or(storage.credentials_secret_ref.as_ref()),
        };
    }
    Endpoint {
        field: "storage",
        connection: storage.connection_ref.as_ref(),
        tls: storage.tls.as_deref(),
        whole: storage.credentials_secret_ref.as_ref(),
    }
}

fn is_of_queue(need: Need) -> bool {
    matches!(
        need,
        Need::QueueClient
            | Need::ReceiveMessages
            | Need::DeleteMessages
            | Need::ReleaseMessages
            | Need::Redrive
            | Need::QueuePolicy
    )
}

/// Whether the queue is reached otherwise than the object store.
fn has_own_access(sqs: &SqsTrigger) -> bool {
    sqs.connection_ref.is_some() || sqs.tls.is_some() || sqs.credentials_secret_ref.is_some()
}

/// The most exact place counts, as in the pods.
fn command(endpoint: &Endpoint<'_>, source: &IngestSource) -> String {
    let (name, namespace) = (source.name_any(), source.namespace().unwrap_or_default());
    let namespace = format!("--namespace {}", quoted(&namespace));
    let of_tls = endpoint.tls.and_then(|tls| tls.ca_secret_key_ref.as_ref());
    if let Some(named) = of_tls {
        return into_secret(&named.name, key(named.key.as_deref()), &namespace);
    }
    if let Some(named) = endpoint.tls.and_then(|tls| tls.ca_config_map_key_ref.as_ref()) {
        let (map, key) = (quoted(&named.name), key(named.key.as_deref()));
        return format!(
            "kubectl create configmap {map} {namespace} --from-file={key}=ca.crt --dry-run=client -o yaml | kubectl apply {namespace} \
             -f -"
        );
    }
    if let Some(named) = endpoint.whole {
        return into_secret(&named.name, AUTHORITY, &namespace);
    }
    let secret = format!("{name}-ca");
    let reference = format!(r#"{{"tls":{{"caSecretKeyRef":{{"name":"{secret}"}}}}}}"#);
    let patch =
        endpoint.field.rsplit('.').fold(reference, |inner, field| format!(r#"{{"{field}":{inner}}}"#));
    let secret = quoted(&secret);
    format!(
        "kubectl create secret generic {secret} {namespace} --from-file=ca.crt\n  kubectl label secret {secret} {namespace} \
         docmill.io/use=true\n  kubectl patch ingestsource {} {namespace} --type merge --patch '{{\"spec\":{patch}}}'",
        quoted(&name)
    )
}

/// A key of a Secret or ConfigMap. What cannot be one must not get into a command that is copied.
fn key(named: Option<&str>) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    named.filter(|key| key.bytes().all(is_plain)).unwrap_or(AUTHORITY)
}

fn into_secret(name: &str, key: &str, namespace: &str) -> String {
    let name = quoted(name);
    format!(
        "kubectl patch secret {name} {namespace} --type merge --patch \"{{\\\"data\\\":{{\\\"{key}\\\":\\\"$(base64 < ca.crt | tr -d \
         '\\n')\\\"}}}}\""
    )
}

#[cfg(test)]
mod tests {
    use docmill_crds::IngestSource;
    use docmill_crds::api::ingest_run::probe::Need;
    use serde_json::{Value, json};

    use super::trusted;

    fn source(elasticsearch: &Value) -> IngestSource {
        serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "IngestSource",
            "metadata": {"name": "wire", "namespace": "news"},
            "spec": {
                "storage": {"region": "eu-west-1", "bucket": "news"}, "trigger": {"poll": {"intervalSeconds": 60}},
                "conversion": {"preset": "nitf"},
                "index": {"elasticsearch": elasticsearch, "name": "articles-{date:%Y}", "id": "{id}"},
            },
        }))
        .unwrap()
    }

    fn command(elasticsearch: &Value) -> String {
        let text = trusted(Need::LedgerCluster, &source(elasticsearch));
        text.lines().skip(1).map(str::trim_start).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_certificate_goes_where_the_source_looks_for_it() {
        let url = json!(["https://es:9200"]);
        let expected = r#"kubectl patch secret es --namespace news --type merge --patch "{\"data\":{\"ca.crt\":\"$(base64 < ca.crt | tr -d '\n')\"}}""#;
        assert_eq!(command(&json!({"urls": url, "secretRef": {"name": "es"}})), expected);
        let tls = json!({"caSecretKeyRef": {"name": "roots", "key": "root.pem"}});
        let named = command(&json!({"urls": url, "secretRef": {"name": "es"}, "tls": tls}));
        assert!(
            named.starts_with("kubectl patch secret roots ") && named.contains(r#"\"root.pem\""#),
            "{named}"
        );
        let map = command(&json!({"urls": url, "tls": {"caConfigMapKeyRef": {"name": "roots"}}}));
        assert!(
            map.starts_with("kubectl create configmap roots --namespace news --from-file=ca.crt=ca.crt "),
            "{map}"
        );
    }

    #[test]
    fn a_source_that_names_no_authority_gets_one() {
        let made = command(&json!({"urls": ["https://es:9200"]}));
        let patch =
            r#"--patch '{"spec":{"index":{"elasticsearch":{"tls":{"caSecretKeyRef":{"name":"wire-ca"}}}}}}'"#;
        assert!(made.starts_with("kubectl create secret generic wire-ca --namespace news"), "{made}");
        assert!(made.ends_with(patch), "{made}");
    }

    #[test]
    fn a_queue_has_its_own_place_if_it_is_reached_otherwise() {
        let mut queued = source(&json!({"urls": ["https://es:9200"]}));
        let sqs = json!({"queueURL": "https://sqs/q", "tls": {"caSecretKeyRef": {"name": "queue-roots"}}});
        queued.spec.trigger = serde_json::from_value(json!({"sqs": sqs})).unwrap();
        assert!(trusted(Need::ReceiveMessages, &queued).contains("patch secret queue-roots"));
        assert!(trusted(Need::ListRaw, &queued).contains(r#"{"spec":{"storage":{"tls":"#));
    }

    #[test]
    fn a_connection_is_named() {
        let reference = json!({"name": "search", "kind": "ClusterConnection"});
        let text = trusted(Need::IndexCluster, &source(&json!({"connectionRef": reference})));
        assert!(text.contains("ClusterConnection search"), "{text}");
    }
}
