//! Where the cluster and the stores are. `cargo testbed env` prints these variables for the testbed; for another
//! cluster the caller sets them.

use anyhow::{Result, bail};

/// A service as this machine reaches it, and as a pod does.
#[derive(Clone, Debug)]
pub struct Service {
    /// Base URL from here.
    pub outside: String,
    /// Base URL from a pod, without a slash at its end.
    pub inside: String,
}

/// Everything that the tests and the demo have to be told. It holds a secret, hence no `Debug`.
#[derive(Clone)]
pub struct Env {
    /// Context of the kubeconfig; the current one if none is named.
    pub context: Option<String>,
    /// The product's image, with its tag.
    pub image: String,
    /// The object store.
    pub s3: Service,
    /// The queue service.
    pub sqs: Service,
    /// What takes the object store's notifications to the queues.
    pub bridge: Service,
    /// The cluster for articles and ledger.
    pub es_raw: Service,
    /// The cluster for enriched articles.
    pub es_enriched: Service,
    /// The model server.
    pub models: Service,
    /// The server of embeddings, as OpenAI and Text Embeddings Inference have them.
    pub embeddings: Service,
    /// Address at which pods reach what listens on this machine.
    pub host_address: String,
    /// Region of the object store and of the queue.
    pub region: String,
    /// Access key of both.
    pub access_key_id: String,
    /// The secret half of it.
    pub secret_access_key: String,
}

impl Env {
    /// Reads the process's environment.
    pub fn read() -> Result<Self> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut missing = Vec::new();
        let mut get = |name: &str| {
            lookup(name).filter(|value| !value.is_empty()).unwrap_or_else(|| {
                missing.push(name.to_owned());
                String::new()
            })
        };
        let mut service = |name: &str| {
            let outside = get(name);
            let inside = lookup(&format!("{name}_INTERNAL")).unwrap_or_else(|| outside.clone());
            Service { outside: trimmed(&outside), inside: trimmed(&inside) }
        };
        let env = Self {
            s3: service("S3_ENDPOINT"),
            sqs: service("SQS_ENDPOINT"),
            bridge: service("BRIDGE_URL"),
            es_raw: service("ES_RAW_URL"),
            es_enriched: service("ES_ENRICHED_URL"),
            models: service("MODELS_URL"),
            embeddings: service("EMBEDDINGS_URL"),
            host_address: lookup("DOCMILL_HOST_ADDRESS").unwrap_or_else(|| "127.0.0.1".into()),
            context: lookup("DOCMILL_CONTEXT").filter(|name| !name.is_empty()),
            image: get("DOCMILL_IMAGE"),
            region: get("AWS_REGION"),
            access_key_id: get("AWS_ACCESS_KEY_ID"),
            secret_access_key: get("AWS_SECRET_ACCESS_KEY"),
        };
        if !missing.is_empty() {
            bail!(
                "not set: {}. Run `cargo testbed demo` or `cargo testbed test`, which set them; \
                 or in a shell, once the testbed is up: eval \"$(cargo testbed env)\"",
                missing.join(", ")
            );
        }
        Ok(env)
    }
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::Env;

    #[test]
    fn what_is_missing_is_named_all_at_once() {
        let error =
            Env::from_lookup(|name| (name != "AWS_REGION" && name != "MODELS_URL").then(|| "x".into()));
        let message = error.err().expect("an error").to_string();
        assert!(message.starts_with("not set: MODELS_URL, AWS_REGION."), "{message}");
    }

    #[test]
    fn a_service_without_an_address_of_its_own_for_pods_has_one_for_both() {
        let env = Env::from_lookup(|name| (!name.ends_with("_INTERNAL")).then(|| format!("http://{name}/")));
        let env = env.expect("an environment");
        assert_eq!(
            (env.s3.outside.as_str(), env.s3.inside.as_str()),
            ("http://S3_ENDPOINT", "http://S3_ENDPOINT")
        );
    }
}
