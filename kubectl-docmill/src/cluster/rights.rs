//! What the user may do, by the API server's own word.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use super::{Cluster, Kind};
use crate::failure::Failure;

impl Cluster {
    /// Whether the user may do this to resources of a kind in the namespace. The verb is one of RBAC, such as `create`.
    pub async fn may<K: Kind>(&self, verb: &str) -> Result<bool, Failure> {
        let attributes = ResourceAttributes {
            group: Some(K::group(&()).into_owned()),
            namespace: Some(self.namespace.clone()),
            resource: Some(K::plural(&()).into_owned()),
            verb: Some(verb.to_owned()),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let reviews = Api::<SelfSubjectAccessReview>::all(self.client.clone());
        let answer = reviews.create(&PostParams::default(), &review).await;
        let answer = answer.map_err(|error| Failure::of_api("find out what you may do", &error))?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}
