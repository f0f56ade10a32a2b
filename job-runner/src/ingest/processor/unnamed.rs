//! A unit whose version nobody names, because its notification does not, or names one that is gone: it is whatever its
//! key has now. Without a name it has no record, and no mark by which one that kills its worker could be told. So if it
//! is redelivered repeatedly, it gets the name that the bucket has for it.

use docmill_clients::aws::StoreFault;
use tokio_util::sync::CancellationToken;

use super::poison::SUSPECTED_FROM;
use crate::ingest::retry::retry_step;
use crate::ingest::source::current;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::object_version::ObjectVersion;
use crate::ingest::unit::task::UnitTask;

/// Whether a unit needs a name.
pub(super) fn is_suspect(task: &UnitTask) -> bool {
    task.attempts >= SUSPECTED_FROM && task.landed.version().is_none()
}

/// The same unit by the version that its key has now. It stays as it is if there is none, or if the store does not show
/// it: reading it ends in the same way. [`Unfinished`]: to be tried again later.
pub(super) async fn named(
    client: &aws_sdk_s3::Client,
    task: UnitTask,
    stop: &CancellationToken,
) -> Result<UnitTask, Unfinished> {
    let look = || async {
        match current::present(client, &task.landed.bucket, &task.landed.key).await {
            Err(error) if matches!(error.fault(), Some(StoreFault::AccessDenied | StoreFault::Refused)) => {
                Ok(None)
            }
            result => result,
        }
    };
    let present = retry_step("look at an object", stop, look).await?;
    Ok(of_version(task, present))
}

fn of_version(task: UnitTask, present: Option<ObjectVersion>) -> UnitTask {
    match present {
        Some(present) => UnitTask { landed: present.landed(&task.landed.bucket, &task.landed.key), ..task },
        None => task,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{is_suspect, of_version};
    use crate::ingest::unit::object_ref::ObjectRef;
    use crate::ingest::unit::object_version::ObjectVersion;
    use crate::ingest::unit::task::{Reprocess, UnitTask};

    fn task(attempts: i64, etag: Option<&str>) -> UnitTask {
        let etag = etag.map(str::to_owned);
        let landed = ObjectRef { bucket: "raw".into(), key: "wire/a.xml".into(), version_id: None, etag };
        UnitTask { landed, attempts, redelivered_for: Duration::ZERO, reprocess: Reprocess::No }
    }

    #[test]
    fn only_a_unit_that_keeps_coming_without_a_name_gets_one() {
        let suspects = [(2, None), (3, None), (9, None), (9, Some("e"))];
        assert_eq!(
            suspects.map(|(attempts, etag)| is_suspect(&task(attempts, etag))),
            [false, true, true, false]
        );
    }

    #[test]
    fn its_name_is_that_of_the_version_that_the_bucket_has() {
        let present =
            ObjectVersion { version_id: Some("v2".into()), etag: Some("e2".into()), last_modified_millis: 7 };
        let named = of_version(task(3, None), Some(present));
        assert_eq!(named.landed.version().as_deref(), Some("v2"));
        assert_eq!((named.landed.key.as_str(), named.attempts), ("wire/a.xml", 3));
        assert!(!is_suspect(&named));
        assert_eq!(of_version(task(3, None), None).landed, task(3, None).landed);
    }
}
