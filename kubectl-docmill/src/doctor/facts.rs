//! What was read from the cluster.

use docmill_crds::{EnrichmentRun, IngestRun, IngestSource};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};

/// What was read from the cluster. An error says why something could not be read.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The resources that the API server serves in Docmill's group, by their plural names.
    pub resources: Result<Vec<String>, String>,
    /// The operators of the cluster.
    pub operators: Result<Vec<Operator>, String>,
    /// The sources that were asked about. An error is one of a list: a source that was named has to be read.
    pub sources: Result<Vec<SourceFacts>, String>,
}

/// The Deployment of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The label `app.kubernetes.io/version`.
    pub version: String,
    /// Replicas that are ready.
    pub ready: i32,
    /// Replicas that are wanted.
    pub desired: i32,
    /// Who leads; `None` if nobody ever did. An error says why the Lease could not be read.
    pub leader: Result<Option<Leader>, String>,
}

/// Who leads the replicas of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// The pod.
    pub holder: String,
    /// When it last said so.
    pub renewed: Timestamp,
}

/// A source, and what belongs to it.
#[derive(Clone, Debug)]
pub struct SourceFacts {
    /// The source.
    pub source: IngestSource,
    /// The runs of the namespace that enrich its documents.
    pub enrichments: Vec<EnrichmentRun>,
    /// The probe, if one was made.
    pub probe: Option<ProbeFacts>,
}

/// A run of mode Probe as it was last seen, and what Kubernetes says of its pod.
#[derive(Clone, Debug)]
pub struct ProbeFacts {
    /// The run; an error says why it could not be created.
    pub run: Result<IngestRun, String>,
    /// Its pods.
    pub pods: Vec<Pod>,
    /// Events of its Job and pods.
    pub events: Vec<Event>,
    /// For how many seconds its end was waited for.
    pub waited_seconds: u64,
}
