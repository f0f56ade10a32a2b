//! Where a source's objects lie if it does not say so: in one bucket, each kind below a prefix of its own.

use super::IngestSourceSpec;

/// Prefixes, below `storage.prefix`, of locations that are left out.
const RAW: &str = "raw/";
const SNAPSHOTS: &str = "snapshots/";
const ERRORS: &str = "errors/";

impl IngestSourceSpec {
    /// The same spec with every bucket and prefix spelled out.
    #[must_use]
    pub fn with_locations(mut self) -> Self {
        let bucket = self.storage.bucket.clone().unwrap_or_default();
        let (above, locations) = (
            &self.storage.prefix,
            [
                (&mut self.raw.bucket, &mut self.raw.prefix, RAW),
                (&mut self.snapshots.bucket, &mut self.snapshots.prefix, SNAPSHOTS),
                (&mut self.errors.bucket, &mut self.errors.prefix, ERRORS),
            ],
        );
        for (own_bucket, own_prefix, default) in locations {
            if !own_bucket.is_empty() {
                continue;
            }
            own_bucket.clone_from(&bucket);
            if own_prefix.is_empty() {
                *own_prefix = format!("{above}{default}");
            }
        }
        self
    }
}

/// CEL: the location `field` has a bucket.
pub(super) fn has_bucket(field: &str) -> String {
    format!("has(self.storage.bucket) || has(self.{field}.bucket)")
}

/// CEL: the location `field` lies outside of the raw objects, spelled out as [`IngestSourceSpec::with_locations`] does.
pub(super) fn outside_raw(field: &str, default: &str) -> String {
    let bucket = |field: &str| {
        format!(
            "(has(self.{field}.bucket) ? self.{field}.bucket : has(self.storage.bucket) ? self.storage.bucket : '')"
        )
    };
    let prefix = |field: &str, default: &str| {
        format!(
            "(has(self.{field}.bucket) || self.{field}.prefix != '' ? self.{field}.prefix : (has(self.storage.prefix) ? self.storage.prefix : '') + '{default}')"
        )
    };
    let (raw, other) = (prefix("raw", RAW), prefix(field, default));
    format!(
        "{} != {} || {raw}.size() > 0 && !{other}.startsWith({raw}) && !{raw}.startsWith({other})",
        bucket("raw"),
        bucket(field)
    )
}

/// CEL: snapshots lie outside of the raw objects.
pub(super) fn snapshots_outside_raw() -> String {
    outside_raw("snapshots", SNAPSHOTS)
}

/// CEL: errors lie outside of the raw objects.
pub(super) fn errors_outside_raw() -> String {
    outside_raw("errors", ERRORS)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::IngestSourceSpec;

    fn locations(edit: impl Fn(&mut Value)) -> [(String, String); 3] {
        let mut spec = json!({
            "storage": {"region": "eu-west-1", "bucket": "news"},
            "trigger": {"poll": {"intervalSeconds": 60}},
            "conversion": {"preset": "nitf"},
        });
        edit(&mut spec);
        let spec: IngestSourceSpec = serde_json::from_value(spec).unwrap();
        let spec = spec.with_locations();
        [
            (spec.raw.bucket, spec.raw.prefix),
            (spec.snapshots.bucket, spec.snapshots.prefix),
            (spec.errors.bucket, spec.errors.prefix),
        ]
    }

    fn pairs(expected: [(&str, &str); 3]) -> [(String, String); 3] {
        expected.map(|(bucket, prefix)| (bucket.to_owned(), prefix.to_owned()))
    }

    #[test]
    fn one_bucket_serves_all() {
        let plain = locations(|_| ());
        assert_eq!(plain, pairs([("news", "raw/"), ("news", "snapshots/"), ("news", "errors/")]));
        let below = locations(|spec| spec["storage"]["prefix"] = json!("wire/"));
        assert_eq!(
            below,
            pairs([("news", "wire/raw/"), ("news", "wire/snapshots/"), ("news", "wire/errors/")])
        );
    }

    #[test]
    fn what_is_written_is_kept() {
        let some = locations(|spec| {
            spec["raw"] = json!({"prefix": "in/"});
            spec["errors"] = json!({"bucket": "refused"});
        });
        assert_eq!(some, pairs([("news", "in/"), ("news", "snapshots/"), ("refused", "")]));
    }
}
