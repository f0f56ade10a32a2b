//! Where resources state an address, or refer to a connection in its place. Pure.

use docmill_crds::api::connection_ref::ConnectionRef;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enricher::Enricher;
use docmill_crds::api::ingest_source::SqsTrigger;
use docmill_crds::api::storage::Storage;
use docmill_crds::{EnrichmentRun, EnrichmentRunSpec, EnrichmentSchedule, IngestSource};
use kube::Resource;

/// A place in a resource that states an address, or refers to a connection.
#[derive(Debug)]
pub enum Address<'a> {
    /// A cluster.
    Elasticsearch(&'a mut ElasticsearchCluster),
    /// An object store.
    ObjectStore(&'a mut Storage),
    /// A queue.
    Queue(&'a mut SqsTrigger),
    /// The model server of an enricher that is not a builtin.
    Model(&'a mut Enricher),
}

impl Address<'_> {
    /// The connection that it refers to, if it does not state the address itself.
    pub fn connection(&self) -> Option<&ConnectionRef> {
        match self {
            Self::Elasticsearch(cluster) => cluster.connection_ref.as_ref(),
            Self::ObjectStore(storage) => storage.connection_ref.as_ref(),
            Self::Queue(queue) => queue.connection_ref.as_ref(),
            Self::Model(enricher) => enricher.connection_ref.as_ref(),
        }
    }

    /// The type of connection that it takes, as it is spelled in a spec.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Elasticsearch(_) => "elasticsearch",
            Self::ObjectStore(_) => "objectStore",
            Self::Queue(_) => "queue",
            Self::Model(_) => "model",
        }
    }
}

/// A kind whose resources state addresses.
pub trait Addressed: Resource<DynamicType = ()> + Clone + 'static {
    /// Its addresses, each with the path of its field.
    fn addresses(&mut self) -> Vec<(String, Address<'_>)>;

    /// The same resource with everything that other fields of it imply.
    #[must_use]
    fn spelled_out(self) -> Self {
        self
    }
}

impl Addressed for IngestSource {
    fn addresses(&mut self) -> Vec<(String, Address<'_>)> {
        let spec = &mut self.spec;
        let mut found = vec![("spec.storage".to_owned(), Address::ObjectStore(&mut spec.storage))];
        found.extend(
            spec.trigger.sqs.as_mut().map(|sqs| ("spec.trigger.sqs".to_owned(), Address::Queue(sqs))),
        );
        found.extend(spec.index.as_mut().map(|index| {
            ("spec.index.elasticsearch".to_owned(), Address::Elasticsearch(&mut index.elasticsearch))
        }));
        let ledger = spec.ledger.as_mut().and_then(|ledger| ledger.elasticsearch.as_mut());
        found.extend(
            ledger.map(|cluster| ("spec.ledger.elasticsearch".to_owned(), Address::Elasticsearch(cluster))),
        );
        found
    }

    fn spelled_out(mut self) -> Self {
        self.spec = self.spec.with_locations();
        self
    }
}

impl Addressed for EnrichmentRun {
    fn addresses(&mut self) -> Vec<(String, Address<'_>)> {
        of_enrichment("spec", &mut self.spec)
    }
}

impl Addressed for EnrichmentSchedule {
    fn addresses(&mut self) -> Vec<(String, Address<'_>)> {
        of_enrichment("spec.runTemplate.spec", &mut self.spec.run_template.spec)
    }
}

fn of_enrichment<'a>(path: &str, spec: &'a mut EnrichmentRunSpec) -> Vec<(String, Address<'a>)> {
    let mut found =
        vec![(format!("{path}.to.elasticsearch"), Address::Elasticsearch(&mut spec.to.elasticsearch))];
    let (cluster, storage) = (spec.from.elasticsearch.as_mut(), spec.from.storage.as_mut());
    found.extend(
        cluster.map(|cluster| (format!("{path}.from.elasticsearch"), Address::Elasticsearch(cluster))),
    );
    found.extend(storage.map(|storage| (format!("{path}.from.storage"), Address::ObjectStore(storage))));
    let models = spec.enrichers.iter_mut().filter(|enricher| enricher.builtin.is_none());
    found.extend(models.map(|model| (format!("{path}.enrichers {:?}", model.name), Address::Model(model))));
    found
}
