//! Names of datasets, by the conventions of OpenLineage (<https://openlineage.io/docs/spec/naming>): for buckets
//! `s3://<bucket>` and the prefix; for indices, of which they say nothing, the address of the cluster and the pattern.

use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::template::Template;
use serde::Serialize;

/// Something that runs read or write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dataset {
    namespace: String,
    name: String,
}

impl Dataset {
    /// The objects of a bucket whose keys start with a prefix.
    pub fn bucket(bucket: &str, prefix: &str) -> Self {
        let name = prefix.trim_end_matches('/');
        let name = if name.is_empty() { "/" } else { name };
        Self { namespace: format!("s3://{bucket}"), name: name.to_owned() }
    }

    /// The indices of a cluster with a name or pattern; `None` if the address of the cluster is not known.
    pub fn indices(cluster: &ElasticsearchCluster, pattern: String) -> Option<Self> {
        let url = cluster.urls.first()?;
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host).trim_end_matches('/');
        Some(Self { namespace: format!("elasticsearch://{host}"), name: pattern })
    }

    /// The indices of a cluster that a template names.
    pub fn templated(cluster: &ElasticsearchCluster, template: &str) -> Option<Self> {
        Self::indices(cluster, Template::parse(template).ok()?.wildcard())
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::elasticsearch::ElasticsearchCluster;
    use serde_json::json;

    use super::Dataset;

    fn named(dataset: &Dataset) -> (&str, &str) {
        (&dataset.namespace, &dataset.name)
    }

    #[test]
    fn datasets_are_named_by_where_they_are() {
        assert_eq!(named(&Dataset::bucket("news-raw", "wire/")), ("s3://news-raw", "wire"));
        assert_eq!(named(&Dataset::bucket("news-raw", "")), ("s3://news-raw", "/"));
        let cluster = |urls: &[&str]| -> ElasticsearchCluster {
            serde_json::from_value(json!({"urls": urls})).unwrap()
        };
        let dataset =
            Dataset::templated(&cluster(&["https://es:9200/"]), "articles-{publishedAt:%Y}").unwrap();
        assert_eq!(named(&dataset), ("elasticsearch://es:9200", "articles-*"));
        assert_eq!(Dataset::templated(&cluster(&[]), "articles"), None);
    }
}
