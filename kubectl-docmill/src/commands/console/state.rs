//! What all requests share.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use docmill_crds::IngestRun;
use tokio::sync;

use super::links::Place;
use super::observations::Observations;
use super::session::FormToken;
use crate::cluster::Cluster;

/// How long an answer to what the user may do holds. Pages ask every few seconds.
const RIGHTS_HOLD: Duration = Duration::from_secs(30);

/// A console: one user and one namespace.
pub struct Console {
    /// The cluster, with the rights of the user.
    pub cluster: Cluster,
    /// The namespace, and where its pages are.
    pub place: Place,
    /// What its forms carry.
    pub form_token: FormToken,
    observations: Mutex<Observations>,
    rights: sync::Mutex<Option<(Instant, bool)>>,
}

impl Console {
    /// A console that has seen nothing yet.
    pub fn new(cluster: Cluster, place: Place, form_token: FormToken) -> Self {
        Self { cluster, place, form_token, observations: Mutex::default(), rights: sync::Mutex::new(None) }
    }

    /// Looks at what was seen, or adds to it.
    pub fn observe<T>(&self, look: impl FnOnce(&mut Observations) -> T) -> T {
        let mut observations = self.observations.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut observations)
    }

    /// Whether the user may create runs. If the API server does not say so, they are not offered.
    pub async fn may_create_runs(&self) -> bool {
        let mut known = self.rights.lock().await;
        if let Some((asked, allowed)) = *known
            && asked.elapsed() < RIGHTS_HOLD
        {
            return allowed;
        }
        let allowed = self.cluster.may::<IngestRun>("create").await.unwrap_or(false);
        *known = Some((Instant::now(), allowed));
        allowed
    }
}
