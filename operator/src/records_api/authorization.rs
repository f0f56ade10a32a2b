//! Whether a user may have what a request asks for: the API server decides (`SubjectAccessReview`), by the cluster's roles.
//! Answers are cached for a short time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::cause::with_causes;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::PostParams;
use kube::{Api, Client};
use sha2::{Digest as _, Sha256};

use super::answer::Failure;
use super::authentication::User;

/// How long a positive answer is cached: as in Kubernetes' own delegation.
const ALLOWED_FOR: Duration = Duration::from_secs(10);
/// How long a negative answer is cached: shorter, so that a new role takes effect soon.
const DENIED_FOR: Duration = Duration::from_secs(3);
/// Maximum number of cached answers.
const REMEMBERED: usize = 4096;

/// Asks the API server, and caches the answers.
pub struct Authorizer {
    client: Client,
    /// Keyed by the digest of the question.
    known: Mutex<HashMap<[u8; 32], (Instant, bool)>>,
}

impl Authorizer {
    /// Creates it with an empty cache.
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// Fails unless the user may.
    pub async fn check(&self, user: &User, needed: ResourceAttributes) -> Result<(), Failure> {
        let refusal = refusal(user, &needed);
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(user.name.clone()),
                uid: user.uid.clone(),
                groups: Some(user.groups.clone()),
                extra: Some(user.extra.clone()).filter(|extra| !extra.is_empty()),
                resource_attributes: Some(needed),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let question = serde_json::to_vec(&review.spec).unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest(&question).into();
        let known = self.known(&digest);
        let allowed = match known {
            Some(allowed) => allowed,
            None => self.ask(&review, digest).await?,
        };
        if allowed { Ok(()) } else { Err(refusal) }
    }

    async fn ask(&self, review: &SubjectAccessReview, digest: [u8; 32]) -> Result<bool, Failure> {
        let reviews = Api::<SubjectAccessReview>::all(self.client.clone());
        let answer = reviews.create(&PostParams::default(), review).await.map_err(|error| {
            tracing::warn!(error = with_causes(&error), "failed to check whether a user may read records");
            Failure::unavailable("the API server did not say whether you may have this; repeat the request")
        })?;
        let allowed = answer.status.is_some_and(|status| status.allowed && status.denied != Some(true));
        let mut known = self.all();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(digest, (Instant::now(), allowed));
        Ok(allowed)
    }

    fn known(&self, digest: &[u8; 32]) -> Option<bool> {
        let known = self.all();
        let (since, allowed) = known.get(digest)?;
        let kept = if *allowed { ALLOWED_FOR } else { DENIED_FOR };
        (since.elapsed() < kept).then_some(*allowed)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], (Instant, bool)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Kubernetes says in such a case.
fn refusal(user: &User, needed: &ResourceAttributes) -> Failure {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let resource = match &needed.subresource {
        Some(subresource) => format!("{}/{subresource}", text(&needed.resource)),
        None => text(&needed.resource),
    };
    let (group, namespace, verb) = (text(&needed.group), text(&needed.namespace), text(&needed.verb));
    Failure::forbidden(format!(
        "{}.{group} is forbidden: User {:?} cannot {verb} resource {resource:?} in API group {group:?} in the \
         namespace {namespace:?}",
        text(&needed.resource),
        user.name
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use docmill_crds::records_api::path::{Subresource, document};
    use docmill_crds::records_api::query::DocumentQuery;
    use serde_json::{Value, json};

    use super::super::route::{RecordsRoute, Route};
    use super::{Authorizer, User};
    use crate::testing::{Asked, api, refusal};

    fn route(namespace: &str, part: Option<Subresource>) -> RecordsRoute {
        match Route::parse(&document(namespace, "a", part, &DocumentQuery::default())) {
            Some(Route::Records(route)) => route,
            other => panic!("{other:?}"),
        }
    }

    fn user(name: &str) -> User {
        User { name: name.into(), groups: vec!["readers".into()], ..User::default() }
    }

    /// `anna` may get documents, without content, in `news`.
    fn answer(asked: &Asked) -> (u16, Value) {
        let (spec, mut body) = (&asked.body["spec"], asked.body.clone());
        let needed = &spec["resourceAttributes"];
        let allowed = spec["user"] == "anna"
            && spec["groups"] == json!(["readers"])
            && needed["verb"] == "get"
            && needed["resource"] == "documents"
            && needed["namespace"] == "news"
            && needed["name"] == "a"
            && needed.get("subresource").is_none();
        body["status"] = json!({"allowed": allowed});
        (201, body)
    }

    #[tokio::test]
    async fn the_cluster_decides_by_user_namespace_and_part_and_is_asked_once() {
        let (client, log) = api(answer);
        let authorizer = Authorizer::new(client);
        let check =
            async |name: &str, route: RecordsRoute| authorizer.check(&user(name), route.attributes()).await;
        assert_eq!(check("anna", route("news", None)).await, Ok(()));
        assert_eq!(check("anna", route("news", None)).await, Ok(()));
        assert_eq!(log.lock().unwrap().len(), 1, "it is remembered");
        for (name, route) in [
            ("anna", route("news", Some(Subresource::Raw))),
            ("anna", route("sport", None)),
            ("bert", route("news", None)),
        ] {
            let refused = check(name, route).await.unwrap_err();
            assert_eq!(refused.code, StatusCode::FORBIDDEN);
            assert!(refused.message.contains(name), "{}", refused.message);
        }
    }

    #[tokio::test]
    async fn without_an_answer_nobody_may() {
        let (client, _) = api(|_| refusal(500, "InternalError"));
        let refused = Authorizer::new(client).check(&user("anna"), route("news", None).attributes()).await;
        assert_eq!(refused.unwrap_err().code, StatusCode::SERVICE_UNAVAILABLE);
    }
}
