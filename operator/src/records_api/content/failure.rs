//! Why a unit was refused, with its values and the text around them.

use docmill_crds::records::units::UnitRecord;
use docmill_crds::records_api::API_VERSION;
use docmill_crds::records_api::error::{KIND, UnitError};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::excerpt::excerpts;
use super::raw;
use crate::records_api::answer::Failure;
use crate::records_api::sources::OpenSource;
use crate::records_api::units::read;

/// The error record of a unit. An object that cannot be read any more leaves the excerpts out.
pub async fn get(source: &OpenSource, record: &UnitRecord) -> Result<UnitError, Failure> {
    let found = read::error_record(source, &record.unit).await?;
    let found = found.ok_or_else(|| Failure::not_found("nothing of the unit was refused"))?;
    let object = raw::get(source, record).await.unwrap_or_default();
    Ok(UnitError {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: ObjectMeta {
            name: Some(record.unit.digest()),
            namespace: Some(source.namespace.clone()),
            ..ObjectMeta::default()
        },
        source: source.name.clone(),
        excerpts: excerpts(&found, &object),
        record: found,
    })
}
