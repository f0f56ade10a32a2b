//! What a path of the API names. Pure.

use docmill_crds::records::lineage::Day;
use docmill_crds::records_api::path::Subresource;
use docmill_crds::records_api::{GROUP, VERSION, document_name};
use k8s_openapi::api::authorization::v1::ResourceAttributes;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Whether the process serves.
    Health,
    /// Which API there is.
    Discovery(Discovery),
    /// Records of a namespace.
    Records(RecordsRoute),
}

/// A document that says which API there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// `/apis`.
    Groups,
    /// `/apis/<group>`.
    Group,
    /// `/apis/<group>/<version>`.
    Version,
    /// `/openapi/v2`.
    OpenApiV2,
    /// `/openapi/v3`.
    OpenApiV3,
    /// `/openapi/v3/apis/<group>/<version>`.
    OpenApiV3Version,
}

/// Records of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordsRoute {
    /// The namespace; empty: all of them, for a list.
    pub namespace: String,
    /// What of it.
    pub target: Target,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A list of units.
    Units,
    /// A unit, or a part of it.
    Unit {
        /// Its digest.
        digest: String,
        /// The part.
        part: Option<Subresource>,
    },
    /// The documents with an id.
    Documents,
    /// A document, or a part of it.
    Document {
        /// Its name.
        name: String,
        /// The id that the name stands for.
        id: String,
        /// The part.
        part: Option<Subresource>,
    },
    /// A daily manifest, or its lines.
    Manifest {
        /// The day.
        day: Day,
        /// Whether the lines are.
        lines: bool,
    },
}

impl Route {
    /// Reads a path as it was sent. Each thing has one path and no other spelling of it: nothing is decoded, and no segment is
    /// left out, so that the API server and this server never see different things in a path.
    pub fn parse(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if !segments.iter().all(|segment| is_plain(segment)) {
            return None;
        }
        match segments.as_slice() {
            ["healthz" | "readyz" | "livez"] => Some(Self::Health),
            ["apis"] => Some(Self::Discovery(Discovery::Groups)),
            ["openapi", "v2"] => Some(Self::Discovery(Discovery::OpenApiV2)),
            ["openapi", "v3"] => Some(Self::Discovery(Discovery::OpenApiV3)),
            ["openapi", "v3", "apis", GROUP, VERSION] => Some(Self::Discovery(Discovery::OpenApiV3Version)),
            ["apis", GROUP] => Some(Self::Discovery(Discovery::Group)),
            ["apis", GROUP, VERSION] => Some(Self::Discovery(Discovery::Version)),
            ["apis", GROUP, VERSION, "namespaces", namespace, rest @ ..] => {
                let target = Target::parse(rest)?;
                Some(Self::Records(RecordsRoute { namespace: (*namespace).to_owned(), target }))
            }
            ["apis", GROUP, VERSION, "units"] => Some(Self::everywhere(Target::Units)),
            ["apis", GROUP, VERSION, "documents"] => Some(Self::everywhere(Target::Documents)),
            _ => None,
        }
    }

    fn everywhere(target: Target) -> Self {
        Self::Records(RecordsRoute { namespace: String::new(), target })
    }
}

impl Target {
    fn parse(segments: &[&str]) -> Option<Self> {
        match segments {
            ["units"] => Some(Self::Units),
            ["units", digest] => Some(Self::Unit { digest: digest_of(digest)?, part: None }),
            ["units", digest, part] => {
                Some(Self::Unit { digest: digest_of(digest)?, part: Some(Subresource::of_units(part)?) })
            }
            ["documents"] => Some(Self::Documents),
            ["documents", name] => Self::document(name, None),
            ["documents", name, part] => Self::document(name, Some(Subresource::of_documents(part)?)),
            ["manifests", day] => Some(Self::Manifest { day: Day::parse(day)?, lines: false }),
            ["manifests", day, "lines"] => Some(Self::Manifest { day: Day::parse(day)?, lines: true }),
            _ => None,
        }
    }

    /// The subresource.
    fn part(&self) -> Option<&'static str> {
        match self {
            Self::Units | Self::Documents => None,
            Self::Unit { part, .. } | Self::Document { part, .. } => part.map(Subresource::as_str),
            Self::Manifest { lines, .. } => lines.then_some("lines"),
        }
    }

    fn document(name: &str, part: Option<Subresource>) -> Option<Self> {
        Some(Self::Document { name: name.to_owned(), id: document_name::decode(name)?, part })
    }
}

impl RecordsRoute {
    /// What a user has to be allowed to do, as rules of RBAC name it.
    pub fn attributes(&self) -> ResourceAttributes {
        let (verb, resource, name) = match &self.target {
            Target::Units => ("list", "units", None),
            Target::Unit { digest, .. } => ("get", "units", Some(digest.clone())),
            Target::Documents => ("list", "documents", None),
            Target::Document { name, .. } => ("get", "documents", Some(name.clone())),
            Target::Manifest { day, .. } => ("get", "manifests", Some(day.to_string())),
        };
        ResourceAttributes {
            group: Some(GROUP.to_owned()),
            version: Some(VERSION.to_owned()),
            namespace: Some(self.namespace.clone()),
            verb: Some(verb.to_owned()),
            resource: Some(resource.to_owned()),
            subresource: self.target.part().map(str::to_owned),
            name,
            ..ResourceAttributes::default()
        }
    }

    /// What a user has to be allowed to do who searches the content of these records: to read that of any document.
    pub fn content_attributes(&self) -> ResourceAttributes {
        let part = Some(Subresource::Indexed);
        let target = Target::Document { name: String::new(), id: String::new(), part };
        let any = Self { namespace: self.namespace.clone(), target };
        ResourceAttributes { name: None, ..any.attributes() }
    }

    /// `units`, `units/raw` and the like, for metrics and messages.
    pub fn resource(&self) -> String {
        let resource = match &self.target {
            Target::Units | Target::Unit { .. } => "units",
            Target::Documents | Target::Document { .. } => "documents",
            Target::Manifest { .. } => "manifests",
        };
        match self.target.part() {
            Some(part) => format!("{resource}/{part}"),
            None => resource.to_owned(),
        }
    }
}

/// Whether a segment is one that names of resources can have. Neither `%` nor `\` is.
fn is_plain(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(plain)
}

fn digest_of(text: &str) -> Option<String> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    (text.len() == 32 && is_hex).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::lineage::Day;
    use docmill_crds::records_api::manifest::ManifestQuery;
    use docmill_crds::records_api::path::{self, Subresource};
    use docmill_crds::records_api::query::{DocumentQuery, UnitQuery};
    use docmill_crds::records_api::search::SearchQuery;

    use super::{Discovery, Route, Target};

    const DIGEST: &str = "0123456789abcdef0123456789abcdef";

    fn target(path: &str) -> Option<(String, Target)> {
        match Route::parse(path)? {
            Route::Records(route) => Some((route.namespace, route.target)),
            _ => None,
        }
    }

    #[test]
    fn the_paths_of_clients_are_understood() {
        let news = |target| Some(("news".to_owned(), target));
        assert_eq!(target(&path::units("news", &UnitQuery::default())), news(Target::Units));
        let query = DocumentQuery::default();
        assert_eq!(target(&path::documents("news", &query)), news(Target::Documents));
        for part in [None, Some(Subresource::Raw), Some(Subresource::Error)] {
            let unit = Target::Unit { digest: DIGEST.to_owned(), part };
            assert_eq!(target(&path::unit("news", DIGEST, part, &query)), news(unit));
        }
        let document = Target::Document {
            name: "urn_3Aa_2Fb".to_owned(),
            id: "urn:a/b".to_owned(),
            part: Some(Subresource::History),
        };
        let asked = path::document("news", "urn:a/b", Some(Subresource::History), &query);
        assert_eq!(target(&asked), news(document));
        let day = Day::parse("2026-11-29").unwrap();
        for lines in [false, true] {
            let asked = path::manifest("news", day, lines, &ManifestQuery::default());
            assert_eq!(target(&asked), news(Target::Manifest { day, lines }));
        }
        assert_eq!(Route::parse(&path::group_version()), Some(Route::Discovery(Discovery::Version)));
    }

    #[test]
    fn tricks_with_paths_name_nothing() {
        let base = "/apis/records.docmill.io/v1alpha1/namespaces/news";
        for rest in [
            "/units/",
            "//units",
            "/units/../documents/a/raw",
            "/units/%2e%2e/documents",
            "/documents/a%2Fraw",
            "/documents/a/raw/",
            "/documents/a/raw/b",
            "/documents/a_2fb",
            "/documents/..",
            "/documents/a;x=1/raw",
            "/documents/a\\raw",
            "/documents/a/RAW",
            "/documents/a/status",
            "/units/0123456789ABCDEF0123456789ABCDEF",
            "/units/0123",
            "/units/0123456789abcdef0123456789abcdef/history",
            "/manifests",
            "/manifests/2026-02-30",
            "/manifests/2026-11-29/lines/",
            "/manifests/2026-11-29/raw",
            "/pods",
            "",
        ] {
            assert_eq!(target(&format!("{base}{rest}")), None, "{rest}");
        }
        for path in ["", "apis", "/", "/api", "/metrics", "/apis/docmill.io", "/apis/records.docmill.io/v1"] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
        assert_eq!(target("/apis/records.docmill.io/v1alpha1/units"), Some((String::new(), Target::Units)));
        assert_eq!(target("/apis/records.docmill.io/v1alpha1/documents/a"), None, "of no namespace");
    }

    #[test]
    fn a_search_needs_the_right_to_read_the_content_of_any_document() {
        let words = SearchQuery { text: "interest rates".to_owned(), ..SearchQuery::default() };
        let asked = path::search("news", &words);
        let (without_query, _) = asked.split_once('?').unwrap();
        let Some(Route::Records(route)) = Route::parse(without_query) else { panic!("{asked}") };
        assert_eq!(route.target, Target::Documents);
        let needed = route.content_attributes();
        assert_eq!((needed.verb.as_deref(), needed.namespace.as_deref()), (Some("get"), Some("news")));
        assert_eq!(
            (needed.resource.as_deref(), needed.subresource.as_deref(), needed.name),
            (Some("documents"), Some("indexed"), None)
        );
    }

    #[test]
    fn a_user_needs_the_right_that_the_path_names() {
        let asked = path::document("news", "a", Some(Subresource::Raw), &DocumentQuery::default());
        let Some(Route::Records(route)) = Route::parse(&asked) else { panic!("{asked}") };
        let needed = route.attributes();
        assert_eq!(needed.verb.as_deref(), Some("get"));
        assert_eq!(needed.group.as_deref(), Some("records.docmill.io"));
        assert_eq!(needed.namespace.as_deref(), Some("news"));
        assert_eq!(
            (needed.resource.as_deref(), needed.subresource.as_deref()),
            (Some("documents"), Some("raw"))
        );
        assert_eq!(needed.name.as_deref(), Some("a"));
        assert_eq!(route.resource(), "documents/raw");
        let day = Day::parse("2026-11-29").unwrap();
        let asked = path::manifest("news", day, true, &ManifestQuery::default());
        let Some(Route::Records(route)) = Route::parse(&asked) else { panic!("{asked}") };
        let needed = route.attributes();
        assert_eq!((needed.verb.as_deref(), needed.resource.as_deref()), (Some("get"), Some("manifests")));
        assert_eq!(
            (needed.subresource.as_deref(), needed.name.as_deref()),
            (Some("lines"), Some("2026-11-29"))
        );
    }
}
