//! URLs of the API, below that of the API server.

use strum::{IntoStaticStr, VariantArray};

use super::document_name;
use super::manifest::ManifestQuery;
use super::query::{DocumentQuery, UnitQuery};
use super::search::SearchQuery;
use super::{GROUP, VERSION};
use crate::records::lineage::Day;

/// A subresource. All but `history` answer content: parts of documents and objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Subresource {
    /// The object, byte by byte.
    Raw,
    /// The JSON of the snapshot: of a unit all documents, one a line; of a document its own.
    Snapshot,
    /// The document as the index has it. Of documents alone.
    Indexed,
    /// The enriched copy as its index has it. Of documents alone.
    Enriched,
    /// Why the unit was refused, as [`UnitError`](super::error::UnitError).
    Error,
    /// The units of a document, as [`DocumentHistory`](super::history::DocumentHistory). Of documents alone.
    History,
}

impl Subresource {
    /// The name as it stands in URLs and in rules of RBAC.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The subresource of documents with this name.
    pub fn of_documents(name: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|subresource| subresource.as_str() == name)
    }

    /// The subresource of units with this name.
    pub fn of_units(name: &str) -> Option<Self> {
        Self::of_documents(name).filter(|named| matches!(named, Self::Raw | Self::Snapshot | Self::Error))
    }
}

/// Lists units.
pub fn units(namespace: &str, query: &UnitQuery) -> String {
    with_query(in_namespace(namespace, "units"), &query.to_query())
}

/// Gets a unit, or a subresource of it. Of the query, `source` counts.
pub fn unit(
    namespace: &str,
    digest: &str,
    subresource: Option<Subresource>,
    query: &DocumentQuery,
) -> String {
    let path = format!("{}/{digest}", in_namespace(namespace, "units"));
    with_query(with_subresource(path, subresource), &query.to_query())
}

/// Lists the documents with the id of the query, which has to be set.
pub fn documents(namespace: &str, query: &DocumentQuery) -> String {
    with_query(in_namespace(namespace, "documents"), &query.to_query())
}

/// Searches documents by words of their content.
pub fn search(namespace: &str, query: &SearchQuery) -> String {
    with_query(in_namespace(namespace, "documents"), &query.to_query())
}

/// Gets a document by its id, or a subresource of it.
pub fn document(
    namespace: &str,
    id: &str,
    subresource: Option<Subresource>,
    query: &DocumentQuery,
) -> String {
    let path = format!("{}/{}", in_namespace(namespace, "documents"), document_name::encode(id));
    with_query(with_subresource(path, subresource), &query.to_query())
}

/// Gets the manifest of a day, or its lines: some of their bytes, compressed by zstd.
pub fn manifest(namespace: &str, day: Day, lines: bool, query: &ManifestQuery) -> String {
    let path = format!("{}/{day}", in_namespace(namespace, "manifests"));
    with_query(if lines { format!("{path}/lines") } else { path }, &query.to_query())
}

/// The group's own path, which answers whether the API is served.
pub fn group_version() -> String {
    format!("/apis/{GROUP}/{VERSION}")
}

fn in_namespace(namespace: &str, resource: &str) -> String {
    format!("{}/namespaces/{namespace}/{resource}", group_version())
}

fn with_subresource(path: String, subresource: Option<Subresource>) -> String {
    match subresource {
        Some(subresource) => format!("{path}/{}", subresource.as_str()),
        None => path,
    }
}

fn with_query(path: String, query: &str) -> String {
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::{Subresource, document, manifest, search, unit, units};
    use crate::records::lineage::Day;
    use crate::records_api::manifest::ManifestQuery;
    use crate::records_api::query::{DocumentQuery, UnitQuery};
    use crate::records_api::search::SearchQuery;

    #[test]
    fn paths_are_those_of_a_namespaced_resource() {
        let of_wire = DocumentQuery { source: Some("wire".into()), ..DocumentQuery::default() };
        let base = "/apis/records.docmill.io/v1alpha1/namespaces/news";
        assert_eq!(units("news", &UnitQuery::default()), format!("{base}/units"));
        assert_eq!(
            document("news", "urn:1/a", Some(Subresource::Raw), &of_wire),
            format!("{base}/documents/urn_3A1_2Fa/raw?source=wire")
        );
        assert_eq!(unit("news", "00", None, &of_wire), format!("{base}/units/00?source=wire"));
        let words = SearchQuery { text: "two words".into(), ..SearchQuery::default() };
        assert_eq!(search("news", &words), format!("{base}/documents?text=two%20words"));
        let (day, newest) = (Day::parse("2026-11-29").unwrap(), ManifestQuery::default());
        assert_eq!(manifest("news", day, false, &newest), format!("{base}/manifests/2026-11-29"));
        let second = ManifestQuery { offset: Some(7), ..newest };
        assert_eq!(
            manifest("news", day, true, &second),
            format!("{base}/manifests/2026-11-29/lines?offset=7")
        );
    }

    #[test]
    fn units_have_fewer_subresources_than_documents() {
        assert_eq!(Subresource::of_documents("history"), Some(Subresource::History));
        assert_eq!(Subresource::of_units("error"), Some(Subresource::Error));
        for name in ["indexed", "enriched", "history", "Raw", "status", ""] {
            assert_eq!(Subresource::of_units(name), None, "{name}");
        }
    }
}
