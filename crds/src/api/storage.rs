//! Buckets and how to reach them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection_ref::ConnectionRef;
use super::credentials::{CredentialSource, SecretRef};
use super::tls::{Tls, with_certificates};

/// The folder, below a bucket's prefix, for Docmill's internal files. Objects in such a folder are never
/// ingested.
pub const OWN_FOLDER: &str = ".docmill/";

/// How to reach the object store. One store serves all buckets of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.region) != has(self.connectionRef)")
        .message("exactly one of region and connectionRef must be set"),
    validation = Rule::new("!has(self.connectionRef) || !has(self.endpoint) && !self.forcePathStyle && !has(self.credentialsSecretRef) && !has(self.tls)")
        .message("the connection says how to reach the object store: leave out all other fields but bucket and prefix beside connectionRef")
        .field_path(".connectionRef")
)]
pub struct Storage {
    /// Region of the buckets and of the queue, for example `eu-west-1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(min = 1, max = 64))]
    pub region: String,
    /// A Connection or ClusterConnection of type `objectStore`, which says all that the other fields would, but for `bucket`
    /// and `prefix`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionRef>,
    /// Base URL of an S3-compatible store. Left out: AWS itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^https?://[^/]+')").message("must be an http:// or https:// URL"))]
    pub endpoint: Option<String>,
    /// Put the bucket in the path instead of the host name; most S3-compatible stores need it.
    #[serde(default)]
    pub force_path_style: bool,
    /// Secret in this namespace with the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and
    /// `AWS_SESSION_TOKEN` if there is one. Left out: the pod's own identity (IRSA, EKS Pod Identity,
    /// instance role), which an administrator must allow in the operator for this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretRef>,
    /// Certificates: whom to trust, and for mutual TLS the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<Tls>>,
    /// An IngestSource's bucket for everything that names no bucket of its own: raw objects, snapshots and errors. It
    /// must exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    pub bucket: Option<String>,
    /// What the prefixes of such locations begin with if they are left out, for example `wire/`, which gives `wire/raw/`,
    /// `wire/snapshots/` and `wire/errors/`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 150))]
    pub prefix: String,
}

impl Storage {
    /// Where the credentials and certificates come from.
    pub fn credentials(&self) -> Vec<CredentialSource<'_>> {
        with_certificates(self.credentials_secret_ref.as_ref(), self.tls.as_deref())
    }
}

/// Which raw objects are ingested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawLocation {
    /// The bucket's own name, as in its notifications (not an access point's alias). Docmill only reads from
    /// it. Left out: `storage.bucket`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    pub bucket: String,
    /// Only keys that start with this are ingested. Notifications of other keys are acknowledged and skipped.
    // Always serialized, because only then does the schema have a default, which the resource's rules rely
    // on.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub prefix: String,
    /// Only keys that end with one of these are ingested, for example `.xml`. Empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    pub suffixes: Vec<String>,
    /// What happens to documents when their object is removed from the bucket, or when a newer version of it
    /// no longer contains them. `Keep`: they stay. `Delete`: they are deleted.
    #[serde(default)]
    pub on_delete: OnDelete,
}

/// What happens to documents whose object is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnDelete {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted.
    Delete,
}

impl RawLocation {
    /// Whether an object of this bucket with this key (decoded) is to be ingested.
    pub fn covers(&self, bucket: &str, key: &str) -> bool {
        bucket == self.bucket
            && key.starts_with(&self.prefix)
            && !is_own(key)
            && (self.suffixes.is_empty() || self.suffixes.iter().any(|suffix| key.ends_with(suffix)))
    }
}

/// Key endings of the empty objects that stand for folders: of the S3 console and most tools, and of Hadoop.
const FOLDER_MARKERS: [&str; 2] = ["/", "_$folder$"];

/// Whether an object of this key and length only marks a folder, with nothing to ingest.
pub fn is_folder_marker(key: &str, bytes: i64) -> bool {
    bytes == 0 && FOLDER_MARKERS.iter().any(|end| key.ends_with(end))
}

/// Whether a key lies in one of Docmill's own folders.
fn is_own(key: &str) -> bool {
    key.starts_with(OWN_FOLDER) || key.contains(&format!("/{OWN_FOLDER}"))
}

/// A bucket for output, and the prefix of everything written there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BucketLocation {
    /// Name of the bucket. It must exist. Left out: `storage.bucket`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    pub bucket: String,
    /// Prefix of every key, for example `wire/`. Below it, each source has its own folder,
    /// `<namespace>/<name>/`.
    #[schemars(length(max = 180))]
    // Always serialized, because only then does the schema have a default, which the resource's rules rely
    // on.
    #[serde(default)]
    pub prefix: String,
}

/// Where snapshots are kept, and in what form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotLocation {
    /// Name of the bucket. It must exist. Left out: `storage.bucket`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    pub bucket: String,
    /// Prefix of every key, for example `wire/`. Below it, each source has its own folder,
    /// `<namespace>/<name>/`.
    #[schemars(length(max = 180))]
    // Always serialized, because only then does the schema have a default, which the resource's rules rely
    // on.
    #[serde(default)]
    pub prefix: String,
    /// `PerUnit`: each unit's JSON is an object of its own,
    /// `<prefix><namespace>/<source>/<raw key>/<unit digest>/<revision>.json`. `Packed`: many units share one
    /// object,
    /// `<prefix>.docmill/packs/<yyyy>/<mm>/<dd>/<digest>.json.zst`, which saves most of the writes if there
    /// are many small articles; units whose raw object exceeds 4 MiB, or whose JSON exceeds 8 MiB, still have
    /// an object of their own. If another source reads these snapshots as its raw objects, use `PerUnit`.
    #[serde(default)]
    pub packing: Packing,
}

impl SnapshotLocation {
    /// Bucket and prefix.
    pub fn location(&self) -> BucketLocation {
        BucketLocation { bucket: self.bucket.clone(), prefix: self.prefix.clone() }
    }
}

/// How snapshots share objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Packing {
    /// Each unit has an object of its own.
    #[default]
    PerUnit,
    /// Many units share one object.
    Packed,
}

#[cfg(test)]
mod tests {
    use super::{OnDelete, RawLocation, is_folder_marker};

    #[test]
    fn a_location_covers_its_own_bucket_prefix_and_suffixes() {
        let raw = RawLocation {
            bucket: "raw".into(),
            prefix: "wire/".into(),
            suffixes: vec![".xml".into()],
            on_delete: OnDelete::Keep,
        };
        assert!(raw.covers("raw", "wire/a b.xml"));
        assert!(!raw.covers("other", "wire/a.xml"));
        assert!(!raw.covers("raw", "a.xml"));
        assert!(!raw.covers("raw", "wire/a.json"));
    }

    #[test]
    fn only_an_empty_object_marks_a_folder() {
        assert!(is_folder_marker("wire/2026/", 0) && is_folder_marker("wire/2026_$folder$", 0));
        assert!(!is_folder_marker("wire/2026/", 1), "some put data there");
        assert!(!is_folder_marker("wire/a.xml", 0));
    }

    #[test]
    fn no_suffix_means_every_key() {
        let raw = RawLocation {
            bucket: "raw".into(),
            prefix: String::new(),
            suffixes: vec![],
            on_delete: OnDelete::Keep,
        };
        assert!(raw.covers("raw", "anything"));
    }
}
