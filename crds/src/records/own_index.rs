//! Docmill's own indices: their names and their owners.
//!
//! A namespace is a DNS label and contains no dot, so the first dot of a name ends it: no two sources of a
//! cluster have the same name. The longest one has 130 of the 255 bytes that Elasticsearch allows, as a
//! source's name has at most 52.
//!
//! Two Kubernetes clusters can share an Elasticsearch, and a source can be created again under its name. So
//! the mapping of an index says in its `_meta` who writes to it: `{"docmill": {"format": 2, "owner": {…}}}`.
//! The template of its kind has the format alone, so that a deleted index is created again without an owner,
//! and the next worker claims it.
//!
//! [`FORMAT`] says what readers can rely on. Raise it when this version could misread what an earlier one wrote, or an
//! earlier one what this one writes: another id for the same record, a field with another meaning, or one that is left
//! out where an earlier version needs it. A new field that older versions may pass over needs no new number.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The prefix of all their names. The name of an index of documents must not have it.
pub const PREFIX: &str = "docmill-";

/// The format version of their contents. 2: heads have shorter ids, and records leave out digests that can be made of
/// what they name.
pub const FORMAT: u64 = 2;

/// Maximum number of characters of an owner's names and UIDs that are shown; no resource name is longer.
const SHOWN_CHARS: usize = 63;

/// Name of an index of one source; `kind` says what is in it.
pub fn of_source(kind: &str, namespace: &str, source: &str) -> String {
    format!("{PREFIX}{kind}-{namespace}.{source}")
}

/// Settings and mapping of an index with these properties, without an owner. What they do not name is stored and not
/// searchable.
pub fn body(properties: &Value) -> Value {
    json!({
        "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
        "mappings": {"_meta": meta(None), "dynamic": false, "properties": properties},
    })
}

/// How an index is divided and copied, where its owner says so: when the index is created, and never afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Primary shards. `None`: one.
    pub shards: Option<i32>,
    /// Copies of each primary shard. `None`: one, where the cluster has a second node.
    pub replicas: Option<i32>,
}

/// One of Docmill's own indices.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnIndex {
    /// Its name.
    pub name: String,
    /// Pattern for the names of all indices of its kind.
    pub pattern: &'static str,
    /// Settings and mapping, with the format and without an owner.
    pub body: Value,
    /// Its shards and replicas. Not part of the template, which all indices of the kind share.
    pub layout: Layout,
}

impl OwnIndex {
    /// The request body that creates the index for an owner.
    pub fn body_for(&self, owner: &Owner) -> Value {
        let mut body = self.body.clone();
        body["mappings"]["_meta"] = meta(Some(owner));
        let Layout { shards, replicas } = self.layout;
        if let Some(shards) = shards {
            body["settings"]["number_of_shards"] = shards.into();
        }
        if let Some(replicas) = replicas {
            body["settings"]["number_of_replicas"] = replicas.into();
            body["settings"]["auto_expand_replicas"] = false.into();
        }
        body
    }
}

/// The `_meta` of a mapping.
pub fn meta(owner: Option<&Owner>) -> Value {
    let mut mark = json!({"format": FORMAT});
    if let Some(owner) = owner {
        mark["owner"] = json!(owner);
    }
    json!({"docmill": mark})
}

/// Who writes to an index: a source, or all enrichments of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// What tells Kubernetes clusters apart: by default, the UID of the namespace `kube-system`.
    pub cluster: String,
    /// The namespace.
    pub namespace: String,
    /// The `IngestSource`, or `None` for the enrichments of the namespace.
    #[serde(flatten)]
    pub source: Option<SourceIdentity>,
}

/// The `IngestSource` that owns an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceIdentity {
    /// Its name.
    pub name: String,
    /// Its UID. A source that is created again under the same name has another UID.
    pub uid: String,
}

/// The ownership of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It belongs to the caller.
    Own,
    /// It has no owner and can be claimed: the template of its kind created it.
    Unclaimed,
    /// It must not be touched.
    Barred(OwnershipConflict),
}

/// Why an index must not be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnershipConflict {
    /// It belongs to another owner.
    Owned(Owner),
    /// Nothing in it says that Docmill created it.
    Unmarked,
    /// A version of Docmill with an earlier [`FORMAT`] created it.
    OlderFormat,
    /// A version of Docmill with a later [`FORMAT`] created it, or its format is no number.
    Format,
}

impl Ownership {
    /// Reads the `_meta` of a mapping, as `me`. The contents are untrusted.
    pub fn read(meta: Option<&Value>, me: &Owner) -> Self {
        let Some(mark) = meta.and_then(|meta| meta.get("docmill")) else {
            return Self::Barred(OwnershipConflict::Unmarked);
        };
        match mark.get("format").and_then(Value::as_u64) {
            Some(FORMAT) => {}
            Some(format) if format < FORMAT => return Self::Barred(OwnershipConflict::OlderFormat),
            _ => return Self::Barred(OwnershipConflict::Format),
        }
        let Some(owner) = mark.get("owner") else { return Self::Unclaimed };
        match serde_json::from_value::<Owner>(owner.clone()) {
            Ok(owner) if owner == *me => Self::Own,
            Ok(owner) => Self::Barred(OwnershipConflict::Owned(owner)),
            Err(_) => Self::Barred(OwnershipConflict::Unmarked),
        }
    }
}

impl OwnershipConflict {
    /// Whether the caller can take over the index explicitly.
    pub const fn yields(&self) -> bool {
        !matches!(self, Self::OlderFormat | Self::Format)
    }

    /// Why `me` may not use this index, and what to do.
    pub fn in_words(&self, index: &str, me: &Owner) -> String {
        let (adopt, elsewhere, anew) = match me.source {
            Some(_) => (
                "spec.ledger.adopt",
                "give this source another name, or spec.ledger.elasticsearch another cluster",
                "delete the three indices of this ledger and start an IngestRun of mode Process",
            ),
            None => (
                "spec.to.adopt",
                "give spec.to.elasticsearch another cluster",
                "delete it and enrich everything",
            ),
        };
        let take = format!("{adopt}: true takes it over, if nothing else writes to it any more");
        match self {
            Self::Owned(owner) if owner.is_earlier(me) => format!(
                "the index {index} belongs to an earlier IngestSource of this name (UID {}), which was deleted; {take}; \
                 without it, {elsewhere}, or delete the index to begin anew",
                owner.source.as_ref().map_or("", |source| source.uid.as_str()).shown()
            ),
            Self::Owned(owner) => {
                format!("the index {index} belongs to {}; {elsewhere}; or: {take}", owner.in_words())
            }
            Self::Unmarked => format!(
                "the index {index} has no mark of Docmill in the _meta of its mapping: an older version or somebody else made \
                 it; delete it, or {elsewhere}; or: {take}"
            ),
            Self::OlderFormat => format!(
                "the index {index} has records of an earlier version of Docmill, and this one (form {FORMAT}) does not read \
                 them: to begin anew, {anew}; or use the version that wrote it, or {elsewhere}"
            ),
            Self::Format => format!(
                "the index {index} has records in a form that this version of Docmill (form {FORMAT}) does not read; use the \
                 version that wrote it, or {elsewhere}"
            ),
        }
    }
}

impl Owner {
    /// All enrichments of a namespace.
    pub fn of_enrichments(cluster: &str, namespace: &str) -> Self {
        Self { cluster: cluster.to_owned(), namespace: namespace.to_owned(), source: None }
    }

    /// Whether this is the same source before it was deleted and created again.
    fn is_earlier(&self, me: &Self) -> bool {
        let name = |owner: &Self| owner.source.as_ref().map(|source| source.name.clone());
        (&self.cluster, &self.namespace) == (&me.cluster, &me.namespace)
            && me.source.is_some()
            && name(self) == name(me)
    }

    fn in_words(&self) -> String {
        let (cluster, namespace) = (self.cluster.shown(), self.namespace.shown());
        match &self.source {
            Some(SourceIdentity { name, uid }) => format!(
                "the IngestSource {namespace}/{} (UID {}) of the Kubernetes cluster {cluster}",
                name.shown(),
                uid.shown()
            ),
            None => {
                format!("the enrichments of the namespace {namespace} of the Kubernetes cluster {cluster}")
            }
        }
    }
}

/// Untrusted text, in a form that is safe to show.
trait Shown {
    fn shown(&self) -> String;
}

impl Shown for str {
    /// Characters that names and UIDs of resources do not have become `?`, and longer text is cut.
    fn shown(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '?' };
        self.chars().take(SHOWN_CHARS).map(plain).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        FORMAT, Layout, OwnIndex, Owner, Ownership, OwnershipConflict, SourceIdentity, body, meta, of_source,
    };

    fn index(layout: Layout) -> OwnIndex {
        OwnIndex { name: "i".into(), pattern: "i*", body: body(&json!({})), layout }
    }

    fn owner(cluster: &str, uid: &str) -> Owner {
        let source = Some(SourceIdentity { name: "wire".into(), uid: uid.into() });
        Owner { cluster: cluster.into(), namespace: "news".into(), source }
    }

    fn enrichments(cluster: &str) -> Owner {
        Owner { cluster: cluster.into(), namespace: "news".into(), source: None }
    }

    fn bar(meta: &Value, me: &Owner) -> OwnershipConflict {
        match Ownership::read(Some(meta), me) {
            Ownership::Barred(bar) => bar,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_two_sources_share_a_name() {
        assert_ne!(of_source("units", "news", "prod-wire"), of_source("units", "news-prod", "wire"));
        assert_ne!(of_source("units", "news", "prod.wire"), of_source("units", "news-prod", "wire"));
        let longest = of_source("enrichments", &"n".repeat(63), &"s".repeat(52));
        assert!(longest.len() <= 255, "{} bytes", longest.len());
    }

    #[test]
    fn an_index_knows_its_owner_again_and_nobody_else() {
        let index = OwnIndex { body: json!({"mappings": {"dynamic": false}}), ..index(Layout::default()) };
        for me in [owner("c1", "u1"), enrichments("c1")] {
            let body = index.body_for(&me);
            assert_eq!(body["mappings"]["dynamic"], false);
            let written = &body["mappings"]["_meta"];
            assert_eq!(Ownership::read(Some(written), &me), Ownership::Own);
            for other in [owner("c1", "u2"), owner("c2", "u1"), enrichments("c2")] {
                assert_eq!(bar(written, &other), OwnershipConflict::Owned(me.clone()));
            }
        }
        assert_eq!(Ownership::read(Some(&meta(None)), &owner("c1", "u1")), Ownership::Unclaimed);
    }

    #[test]
    fn what_docmill_did_not_write_is_barred() {
        let me = owner("c1", "u1");
        assert_eq!(Ownership::read(None, &me), Ownership::Barred(OwnershipConflict::Unmarked));
        for (strange, expected) in [
            (json!({"other": 1}), OwnershipConflict::Unmarked),
            (json!({"docmill": {"format": FORMAT, "owner": "me"}}), OwnershipConflict::Unmarked),
            (json!({"docmill": {"format": FORMAT - 1, "owner": me}}), OwnershipConflict::OlderFormat),
            (json!({"docmill": {"format": FORMAT + 1, "owner": me}}), OwnershipConflict::Format),
            (json!({"docmill": "x"}), OwnershipConflict::Format),
        ] {
            assert_eq!(bar(&strange, &me), expected, "{strange}");
        }
        assert!(OwnershipConflict::Unmarked.yields() && !OwnershipConflict::Format.yields());
        assert!(!OwnershipConflict::OlderFormat.yields());
    }

    #[test]
    fn shards_and_replicas_are_those_that_the_owner_wants() {
        let settings = |layout| index(layout).body_for(&owner("c1", "u1"))["settings"].clone();
        assert_eq!(
            settings(Layout::default()),
            json!({"number_of_shards": 1, "auto_expand_replicas": "0-1"})
        );
        assert_eq!(
            settings(Layout { shards: Some(8), replicas: Some(2) }),
            json!({"number_of_shards": 8, "number_of_replicas": 2, "auto_expand_replicas": false})
        );
        let layout = Layout { shards: None, replicas: Some(0) };
        assert_eq!(index(layout).body, index(Layout::default()).body, "the template is that of all");
    }

    #[test]
    fn the_words_name_the_owner_and_the_remedy_and_quote_nothing_foreign() {
        let me = owner("c1", "u1");
        let another = OwnershipConflict::Owned(owner("c2", "u2")).in_words("i", &me);
        assert!(another.contains("news/wire (UID u2) of the Kubernetes cluster c2"), "{another}");
        assert!(another.contains("another name") && another.contains("spec.ledger.adopt: true"), "{another}");
        let earlier = OwnershipConflict::Owned(owner("c1", "u0")).in_words("i", &me);
        assert!(earlier.contains("earlier IngestSource of this name (UID u0)"), "{earlier}");
        let hostile =
            OwnershipConflict::Owned(owner(&format!("<b>\n{}", "x".repeat(900)), "u2")).in_words("i", &me);
        assert!(hostile.contains("cluster ?b??xxx") && hostile.len() < 500, "{hostile}");
        let older = OwnershipConflict::OlderFormat.in_words("i", &me);
        assert!(older.contains("delete the three indices of this ledger and start"), "{older}");
        let enrichment = OwnershipConflict::Owned(enrichments("c2")).in_words("i", &enrichments("c1"));
        assert!(
            enrichment.contains("enrichments of the namespace news") && enrichment.contains("spec.to.adopt")
        );
    }
}
