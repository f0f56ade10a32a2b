//! What all requests share.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use docmill_crds::IngestRun;
use tokio::sync;

use super::observations::Observations;
use super::session::BrowserSession;
use crate::cluster::Cluster;
use crate::output::Screen;

/// How long an answer to what the user may do holds. Pages ask every few seconds.
const RIGHTS_HOLD: Duration = Duration::from_secs(30);

/// A console: one user, one namespace, one browser.
pub struct Console {
    /// The cluster, by the user's kubeconfig.
    pub cluster: Cluster,
    /// Who may see the pages.
    pub session: BrowserSession,
    /// The terminal.
    pub screen: Screen,
    observations: Mutex<Observations>,
    rights: sync::Mutex<Option<(Instant, bool)>>,
}

impl Console {
    /// A console that has seen nothing yet.
    pub fn new(cluster: Cluster, session: BrowserSession, screen: Screen) -> Self {
        Self { cluster, session, screen, observations: Mutex::default(), rights: sync::Mutex::new(None) }
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
