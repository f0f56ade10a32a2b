//! The IngestSource of what a user answered.

use docmill_crds::IngestSource;
use docmill_crds::conversion::Conversion;
use docmill_crds::template::Template;
use serde_json::{Value, json};

/// How the source learns of new objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// From the queue with this URL.
    Queue(String),
    /// By a listing every so many seconds.
    Poll(i32),
}

/// What a user answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// Name of the source.
    pub name: String,
    /// The bucket for raw objects, snapshots and errors.
    pub bucket: String,
    /// Of an own bucket for raw objects: its name.
    pub raw_bucket: Option<String>,
    /// What the keys of raw objects start with.
    pub prefix: Option<String>,
    /// Region of the object store.
    pub region: String,
    /// URL of an object store that is not AWS's.
    pub endpoint: Option<String>,
    /// Secret with the keys of the object store.
    pub storage_secret: Option<String>,
    /// How the source learns of new objects.
    pub trigger: Trigger,
    /// URL of the cluster.
    pub elasticsearch: String,
    /// Secret with the login of the cluster.
    pub elasticsearch_secret: Option<String>,
    /// Name of the index, a template.
    pub index: String,
    /// Id of a document, a template.
    pub id: String,
    /// How objects become documents.
    pub conversion: Conversion,
}

impl Answers {
    /// The source as JSON, once everything in it is valid. Errors say which answer is not.
    pub fn manifest(&self) -> Result<Value, String> {
        let manifest = self.written();
        serde_json::from_value::<IngestSource>(manifest.clone()).map_err(|error| error.to_string())?;
        let model = self.conversion.resolve().map_err(|error| format!("the model: {error}"))?;
        for (name, text) in [("index", &self.index), ("id", &self.id)] {
            let template = Template::parse(text).map_err(|error| format!("--{name} {text}: {error}"))?;
            let has = |field: &str| model.fields.iter().any(|own| own.name == field);
            let missing = template.fields().find(|field| !has(field.split('.').next().unwrap_or_default()));
            if let Some(missing) = missing {
                return Err(format!("--{name} {text}: the model has no field {missing:?}"));
            }
        }
        Ok(manifest)
    }

    fn written(&self) -> Value {
        let mut storage = json!({"region": self.region, "bucket": self.bucket});
        if let Some(endpoint) = &self.endpoint {
            storage["endpoint"] = json!(endpoint);
            storage["forcePathStyle"] = json!(true);
        }
        if let Some(secret) = &self.storage_secret {
            storage["credentialsSecretRef"] = json!({"name": secret});
        }
        let mut raw = serde_json::Map::new();
        let own = [("bucket", &self.raw_bucket), ("prefix", &self.prefix)];
        raw.extend(
            own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))),
        );
        let mut cluster = json!({"urls": [self.elasticsearch]});
        if let Some(secret) = &self.elasticsearch_secret {
            cluster["secretRef"] = json!({"name": secret});
        }
        let trigger = match &self.trigger {
            Trigger::Queue(url) => json!({"sqs": {"queueURL": url}}),
            Trigger::Poll(seconds) => json!({"poll": {"intervalSeconds": seconds}}),
        };
        let mut spec = json!({"storage": storage});
        if !raw.is_empty() {
            spec["raw"] = Value::Object(raw);
        }
        spec["trigger"] = trigger;
        spec["conversion"] = json!(self.conversion);
        spec["index"] = json!({"elasticsearch": cluster, "name": self.index, "id": self.id});
        json!({
            "apiVersion": "docmill.io/v1beta1",
            "kind": "IngestSource",
            "metadata": {"name": self.name},
            "spec": spec,
        })
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::{Conversion, Preset};
    use serde_json::json;

    use super::{Answers, Trigger};

    fn answers() -> Answers {
        Answers {
            name: "wire".to_owned(),
            bucket: "news".to_owned(),
            raw_bucket: None,
            prefix: None,
            region: "eu-west-1".to_owned(),
            endpoint: None,
            storage_secret: Some("s3".to_owned()),
            trigger: Trigger::Poll(60),
            elasticsearch: "https://es:9200".to_owned(),
            elasticsearch_secret: Some("es".to_owned()),
            index: "articles-{publishedAt:%Y.%m}".to_owned(),
            id: "{guid}".to_owned(),
            conversion: Conversion { preset: Some(Preset::Nitf), ..Conversion::default() },
        }
    }

    #[test]
    fn a_source_states_what_was_answered_and_nothing_else() {
        let spec = answers().manifest().unwrap()["spec"].clone();
        assert_eq!(spec["trigger"], json!({"poll": {"intervalSeconds": 60}}));
        assert_eq!(spec["storage"]["credentialsSecretRef"]["name"], "s3");
        assert_eq!(spec["conversion"]["preset"], "nitf");
        assert_eq!(spec.get("raw"), None, "raw objects lie below raw/ of the bucket");
    }

    #[test]
    fn an_answer_that_does_not_fit_the_model_is_told() {
        let other = Answers { id: "{number}".to_owned(), ..answers() };
        assert_eq!(other.manifest().unwrap_err(), "--id {number}: the model has no field \"number\"");
        let broken = Answers { index: "articles-{".to_owned(), ..answers() };
        assert!(broken.manifest().unwrap_err().starts_with("--index articles-{: "));
    }
}
