//! The CustomResourceDefinitions as the chart installs them.

mod conventions;
mod embedded;
mod walk;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};
use kube::CustomResourceExt as _;

use super::api::connection::{ClusterConnection, Connection};
use super::api::conversion_model::ConversionModel;
use super::api::enrichment_run::EnrichmentRun;
use super::api::ingest_run::IngestRun;
use super::api::ingest_source::IngestSource;
use super::api::schedule::enrichment_schedule::EnrichmentSchedule;
use super::api::schedule::ingest_schedule::IngestSchedule;

/// Path of the generated files from the root of the repository. Helm can read only files inside a chart, so
/// they are only there.
pub const FOLDER: &str = "charts/docmill/files/crds";

/// File name and text of each definition.
pub fn all() -> Result<Vec<(String, String)>, serde_saphyr::ser::Error> {
    definitions().iter().map(manifest).collect()
}

/// The definition of each kind.
pub(crate) fn definitions() -> Vec<CustomResourceDefinition> {
    let derived = [
        IngestSource::crd(),
        IngestRun::crd(),
        IngestSchedule::crd(),
        ConversionModel::crd(),
        EnrichmentRun::crd(),
        EnrichmentSchedule::crd(),
        Connection::crd(),
        ClusterConnection::crd(),
    ];
    derived.into_iter().map(completed).collect()
}

/// The derived definition, with what its types do not say.
fn completed(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    let schemas = definition.spec.versions.iter_mut().filter_map(|version| version.schema.as_mut());
    for root in schemas.filter_map(|schema| schema.open_api_v3_schema.as_mut()) {
        describe(root);
        embedded::shorten(root);
        conventions::complete(root);
    }
    definition
}

/// The derived schema says of a resource only how it was derived. What its `spec` is says what the resource is.
fn describe(root: &mut JSONSchemaProps) {
    let spec = root.properties.as_ref().and_then(|properties| properties.get("spec"));
    root.description = spec.and_then(|spec| spec.description.clone());
}

fn manifest(definition: &CustomResourceDefinition) -> Result<(String, String), serde_saphyr::ser::Error> {
    let text = serde_saphyr::to_string(definition)?;
    let head = "# Generated from the types in crds/src. To change it, change those and run:\n#   cargo run -p docmill-crds --example crdgen\n";
    Ok((format!("{}.yaml", definition.spec.names.plural), format!("{head}{text}")))
}
