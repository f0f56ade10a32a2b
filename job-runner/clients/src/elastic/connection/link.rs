//! The connections to a cluster, which are rebuilt when its Secret has changed: a mounted Secret is read
//! again when the cluster rejects the previous credentials.

use std::sync::{Arc, PoisonError, RwLock};

use docmill_crds::api::elasticsearch::ElasticsearchCluster;

use super::settings;
use super::signing::Signer;
use super::transport::Transport;
use crate::elastic::error::ElasticError;
use crate::outbound::{self, gates::Gate};
use crate::secrets::{Secrets, mounted};

/// A cluster and the connections to it.
pub(crate) struct ClusterLink {
    /// The cluster, as its resource names it.
    pub(crate) cluster: ElasticsearchCluster,
    mount: Option<&'static str>,
    /// What requests wait at, if the connection has limits.
    pub(crate) gate: Option<Arc<Gate>>,
    current: RwLock<Arc<Connections>>,
}

/// Connections with one set of credentials.
pub(crate) struct Connections {
    /// Sends requests.
    pub(crate) transport: Transport,
    /// Signs them, if the cluster requires that.
    pub(crate) signer: Option<Signer>,
    secrets: Secrets,
}

impl Connections {
    fn new(cluster: &ElasticsearchCluster, secrets: Secrets) -> Result<Self, ElasticError> {
        let transport = settings::transport(cluster, &secrets)?;
        let signer = cluster.aws.as_ref().map(|aws| Signer::new(cluster, aws, &secrets)).transpose()?;
        Ok(Self { transport, signer, secrets })
    }
}

impl ClusterLink {
    /// With a Secret that does not change.
    pub(crate) fn fixed(cluster: &ElasticsearchCluster, secrets: Secrets) -> Result<Self, ElasticError> {
        let current = RwLock::new(Arc::new(Connections::new(cluster, secrets)?));
        Ok(Self { cluster: cluster.clone(), mount: None, gate: None, current })
    }

    /// With a Secret that is mounted into this pod, under one of the names in
    /// [`docmill_crds::contract::secret_mount`].
    pub(crate) fn mounted(cluster: &ElasticsearchCluster, mount: &'static str) -> Result<Self, ElasticError> {
        let gate = outbound::current().gates.get(mount);
        Ok(Self { mount: Some(mount), gate, ..Self::fixed(cluster, read(mount)?)? })
    }

    /// The connections in use.
    pub(crate) fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the Secret again after the cluster rejected `used`. Returns new connections if the Secret has
    /// changed.
    pub(crate) fn renewed(&self, used: &Arc<Connections>) -> Result<Option<Arc<Connections>>, ElasticError> {
        let Some(mount) = self.mount else { return Ok(None) };
        let secrets = read(mount)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if secrets != current.secrets {
            tracing::info!(mount, "the Secret of the cluster has changed; reconnecting");
            *current = Arc::new(Connections::new(&self.cluster, secrets)?);
        }
        Ok((!Arc::ptr_eq(&current, used)).then(|| Arc::clone(&current)))
    }
}

fn read(mount: &'static str) -> Result<Secrets, ElasticError> {
    mounted(mount).map_err(|error| ElasticError::Settings(error.to_string()))
}
