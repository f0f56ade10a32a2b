//! A bulk request sent until every item has its final outcome.

use std::time::Duration;

use docmill_crds::error_class::Classify as _;
use elasticsearch::http::Method;
use tokio_util::sync::CancellationToken;

use super::bulk_body::Bulk;
use super::bulk_work::Work;
use super::verdict::{self, Verdict};
use super::{BulkBody, Elastic, ElasticError, Outcome};
use crate::observe;
use crate::retry::{Backoff, Patience, Waited};

/// What the answer is cut down to: a success needs no more than its status.
const BULK_PATH: &str = "/_bulk?filter_path=items.*._id,items.*.status,items.*.error";

impl Elastic {
    /// Sends a bulk once and reads the verdicts, in the order of the items.
    pub(super) async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, ElasticError> {
        observe::worker().metrics.bulk(bulk.byte_len(), bulk.len());
        let answer = self.send_bytes(Method::Post, BULK_PATH, Some(bulk.bytes())).await?;
        verdict::read(&answer, bulk.ids())
    }

    /// Sends a bulk until every item has an outcome, in the order of the items.
    ///
    /// Only items that were not taken are sent again, with pauses; progress renews the patience. A request that is
    /// refused as a whole because of its size (413, 429) or of one of its items (400) is cut in halves, until what
    /// cannot be taken is alone; it is then [`Outcome::Rejected`]. Missing rights and the like end the bulk at once:
    /// an error of class `User`. Sending the same bulk again after an error is safe where its items have versions.
    pub async fn bulk_all(
        &self,
        body: BulkBody,
        patience: Patience,
        stop: &CancellationToken,
    ) -> Result<Vec<Outcome>, ElasticError> {
        let bulk = body.seal();
        let mut work = Work::new(bulk.len());
        let mut backoff = Backoff::new(patience);
        let worker = observe::worker();
        let mut held_up = worker.held_up();
        while let Some(positions) = work.next_part() {
            let answer = self.bulk(&bulk.subset(&positions)).await;
            let open = work.open();
            let Some(hindrance) = work.take_in(positions, answer)? else { continue };
            held_up.by(hindrance.hindrance(), &hindrance.to_string());
            worker.metrics.retry("bulk", hindrance.hindrance());
            if hindrance.fault().is_some_and(|fault| fault.status == 429) {
                self.was_pushed_back();
            }
            if work.open() < open {
                backoff.reset();
            }
            let said = hindrance.fault().map(|fault| fault.reason.for_records());
            tracing::warn!(open = work.open(), error = %hindrance, said, "Elasticsearch did not take everything yet");
            match backoff.wait(Duration::ZERO, stop).await {
                Waited::Again => {}
                Waited::Exhausted => return Err(hindrance),
                Waited::Stopped => return Err(ElasticError::Stopped),
            }
        }
        work.outcomes()
    }
}
