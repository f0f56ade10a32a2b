//! What lineage tells of a run. Pure.

use docmill_crds::EnrichmentRun;
use docmill_crds::contract::label;
use kube::ResourceExt as _;

use super::observation::Origin;
use crate::telemetry::open_lineage::{Dataset, JobRun};

/// The run as a run of its schedule, or of a job of its own. The index of a source is known while the run starts; events of
/// a run add up, so that its end need not name it again.
pub fn job_run(run: &EnrichmentRun, origin: Option<&Origin>) -> JobRun {
    let (from, to) = (&run.spec.from, &run.spec.to);
    let stated = || Dataset::indices(from.elasticsearch.as_ref()?, from.index.as_ref()?.name.clone());
    let known = origin.and_then(|origin| Dataset::indices(&origin.cluster, origin.index.clone()));
    let name = run.labels().get(label::SCHEDULE).cloned().unwrap_or_else(|| run.name_any());
    JobRun {
        kind: "EnrichmentRun",
        job: format!("{}.{name}", run.namespace().unwrap_or_default()),
        inputs: known.or_else(stated).into_iter().collect(),
        outputs: Dataset::templated(&to.elasticsearch, &to.index.name).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, job_run};
    use crate::controllers::enrichment_run::tests::run;

    #[test]
    fn a_run_reads_the_index_of_its_source_and_writes_its_target() {
        let run = run();
        let cluster = run.spec.to.elasticsearch.clone();
        let origin = Origin { cluster, index: "articles-*".into(), storage: None };
        let job = job_run(&run, Some(&origin));
        assert_eq!(job.job, "news.sentiment");
        let (inputs, outputs) =
            (serde_json::to_value(&job.inputs).unwrap(), serde_json::to_value(&job.outputs).unwrap());
        assert_eq!(inputs[0]["name"], "articles-*");
        assert_eq!(outputs[0]["namespace"], "elasticsearch://enriched:9200");
        assert_eq!(outputs[0]["name"], "enriched-*");
        assert!(job_run(&run, None).inputs.is_empty());
    }
}
