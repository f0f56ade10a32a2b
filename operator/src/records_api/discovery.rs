//! The documents that say which API there is. They are the same for everybody, and tell nothing that the documentation does
//! not. Pure.
//!
//! - `openapi`: what the resources are made of; here: which resources there are.

mod openapi;

use docmill_crds::records_api::path::Subresource;
use docmill_crds::records_api::{API_VERSION, GROUP, VERSION, document, error, history, manifest, unit};
use serde_json::{Value, json};
use strum::VariantArray as _;

use super::route::Discovery;

/// The document of a path.
pub fn answer(asked: Discovery) -> Value {
    match asked {
        Discovery::Groups => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group()]}),
        Discovery::Group => {
            let mut answer = group();
            answer["kind"] = json!("APIGroup");
            answer["apiVersion"] = json!("v1");
            answer
        }
        Discovery::Version => json!({
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": API_VERSION,
            "resources": resources(),
        }),
        Discovery::OpenApiV2 => json!({"swagger": "2.0", "info": openapi::info(), "paths": {}}),
        Discovery::OpenApiV3 => {
            let path = format!("apis/{API_VERSION}");
            let url = format!("/openapi/v3/{path}?hash={}", openapi::hash());
            json!({"paths": {(path): {"serverRelativeURL": url}}})
        }
        Discovery::OpenApiV3Version => openapi::document(),
    }
}

fn group() -> Value {
    let version = json!({"groupVersion": API_VERSION, "version": VERSION});
    json!({"name": GROUP, "versions": [version], "preferredVersion": version})
}

fn resources() -> Vec<Value> {
    let resource = |name: String, kind: &str, verbs: &[&str], more: Value| {
        let mut answer =
            json!({"name": name, "namespaced": true, "kind": kind, "verbs": verbs, "singularName": ""});
        if let (Value::Object(answer), Value::Object(more)) = (&mut answer, more) {
            answer.extend(more);
        }
        answer
    };
    let named = |singular: &str| json!({"singularName": singular, "categories": ["docmill-records"]});
    let mut resources = vec![
        resource("units".to_owned(), unit::KIND, &["get", "list"], named("unit")),
        resource("documents".to_owned(), document::KIND, &["get", "list"], named("document")),
        // In no category: they are got by their day, and not listed.
        resource("manifests".to_owned(), manifest::KIND, &["get"], json!({"singularName": "manifest"})),
        resource("manifests/lines".to_owned(), "Content", &["get"], json!({})),
    ];
    for part in Subresource::VARIANTS {
        let kind = match part {
            Subresource::History => history::KIND,
            Subresource::Error => error::KIND,
            Subresource::Indexed | Subresource::Enriched | Subresource::Raw | Subresource::Snapshot => {
                "Content"
            }
        };
        let of = |name: &str| resource(format!("{name}/{}", part.as_str()), kind, &["get"], json!({}));
        resources.push(of("documents"));
        resources.extend(Subresource::of_units(part.as_str()).map(|_| of("units")));
    }
    resources
}

#[cfg(test)]
mod tests {
    use super::{Discovery, answer};

    #[test]
    fn every_resource_can_be_read_and_nothing_else() {
        let answer = answer(Discovery::Version);
        let resources = answer["resources"].as_array().unwrap();
        let names: Vec<_> = resources.iter().map(|resource| resource["name"].as_str().unwrap()).collect();
        for name in
            ["units", "documents", "units/error", "documents/history", "documents/raw", "manifests/lines"]
        {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        assert!(!names.contains(&"units/history"));
        for resource in resources {
            let verbs = resource["verbs"].as_array().unwrap();
            // With `delete`, the controllers of namespaces and of garbage would come for these resources.
            assert!(verbs.iter().all(|verb| verb == "get" || verb == "list"), "{resource}");
        }
    }

    #[test]
    fn the_group_names_its_version() {
        let answer = answer(Discovery::Groups);
        assert_eq!(answer["groups"][0]["preferredVersion"]["groupVersion"], "records.docmill.io/v1alpha1");
    }
}
