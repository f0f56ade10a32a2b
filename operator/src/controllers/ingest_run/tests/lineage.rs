//! What lineage is told of a run.

use docmill_crds::api::ingest_run::IngestMode;

use super::{order, run};
use crate::controllers::ingest_run::lineage::job_run;

#[test]
fn a_run_reads_objects_and_writes_what_is_made_of_them() {
    let (mut run, order) = (run(), order());
    let job = job_run(&run, &order).unwrap();
    assert_eq!((job.kind, job.job.as_str()), ("IngestRun", "news.wire.Process"));
    assert_eq!((job.inputs.len(), job.outputs.len()), (1, 2));
    let named = serde_json::to_value(&job.inputs).unwrap();
    assert_eq!(named[0]["namespace"], format!("s3://{}", order.ingest.spec.raw.bucket));
    run.spec.mode = IngestMode::Audit;
    let audit = job_run(&run, &order).unwrap();
    assert_eq!((audit.inputs.len(), audit.outputs.len()), (3, 0));
    run.spec.mode = IngestMode::Probe;
    assert_eq!(job_run(&run, &order), None);
}
