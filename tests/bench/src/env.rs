//! Where the testbed's stores are. `cargo testbed bench` sets these variables, which `cargo testbed env` prints.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::stores::{Keys, Stores};

/// What the environment tells. It holds a secret, hence no `Debug`.
pub struct Env {
    /// The stores as this machine reaches them.
    pub stores: Stores,
    /// Keys of the object store and of the queue service.
    pub keys: Keys,
    /// Namespace of the servers' pods.
    pub namespace: String,
    /// The folder that the object store keeps its buckets in.
    pub s3_folder: PathBuf,
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
        let env = Self {
            stores: Stores {
                s3: trimmed(&get("S3_ENDPOINT")),
                sqs: trimmed(&get("SQS_ENDPOINT")),
                elastic: trimmed(&get("ES_RAW_URL")),
            },
            keys: Keys {
                access_key_id: get("AWS_ACCESS_KEY_ID"),
                secret_access_key: get("AWS_SECRET_ACCESS_KEY"),
                region: get("AWS_REGION"),
            },
            namespace: get("DOCMILL_TESTBED_NAMESPACE"),
            s3_folder: get("DOCMILL_S3_FOLDER").into(),
        };
        ensure!(
            missing.is_empty(),
            "not set: {}. Run `cargo testbed bench`, which sets them; or in a shell, once the testbed is up: \
             eval \"$(cargo testbed env)\"",
            missing.join(", ")
        );
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
        let env =
            Env::from_lookup(|name| (name != "AWS_REGION" && name != "SQS_ENDPOINT").then(|| "x".into()));
        let message = env.err().expect("an error").to_string();
        assert!(message.starts_with("not set: SQS_ENDPOINT, AWS_REGION."), "{message}");
    }
}
