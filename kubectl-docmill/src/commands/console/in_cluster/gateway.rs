//! The consoles of a cluster: one for each user and namespace, as long as somebody looks at it and the API server lets
//! its user look.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use axum::Router;
use docmill_crds::IngestSource;
use jiff::Timestamp;

use super::recent::Recent;
use crate::cluster::{Cluster, Identity};
use crate::commands::console::links::Place;
use crate::commands::console::session::proxy::{ProxySession, name_of};
use crate::commands::console::session::{self, FormToken};
use crate::commands::console::state::Console;
use crate::commands::console::{PAUSE, server};
use crate::commands::top;
use crate::failure::Failure;

/// Consoles at a time: each asks the API server for three lists every few seconds.
const MOST: usize = 64;
/// How long a console stays that nobody looks at.
const IDLE: Duration = Duration::from_mins(5);

/// Connects to the API server as somebody, for a namespace.
pub type Connect = Box<dyn Fn(&Identity, &str) -> Result<Cluster, Failure> + Send + Sync>;

/// Which console: its user, by a digest of the token, and its namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    user: String,
    namespace: String,
}

/// A console and its pages.
#[derive(Clone)]
struct Held {
    console: Arc<Console>,
    pages: Router,
}

/// All consoles.
pub struct Gateway {
    /// Whom the proxy lets in.
    pub session: Arc<ProxySession>,
    /// The namespaces that there are pages of.
    pub namespaces: Vec<String>,
    secret: String,
    connect: Connect,
    consoles: Mutex<Recent<Key, Held>>,
}

impl Gateway {
    /// Without consoles: they begin when somebody asks for a page.
    pub fn new(session: ProxySession, namespaces: Vec<String>, connect: Connect) -> Result<Self, Failure> {
        let consoles = Mutex::new(Recent::new(MOST, IDLE));
        Ok(Self { session: Arc::new(session), namespaces, secret: session::random()?, connect, consoles })
    }

    /// Where the pages of one of the namespaces are; `None` if it is not among them.
    pub fn place(&self, namespace: &str) -> Option<Place> {
        let is_known = self.namespaces.iter().any(|known| known == namespace);
        is_known.then(|| Place::below_its_name(namespace, self.namespaces.len() > 1))
    }

    /// The namespaces whose sources somebody may list, by the API server's word.
    pub async fn visible_to(&self, identity: &Identity) -> Result<Vec<Place>, Failure> {
        let cluster = (self.connect)(identity, "")?;
        let places: Vec<Place> =
            self.namespaces.iter().filter_map(|namespace| self.place(namespace)).collect();
        let mut visible = Vec::new();
        for place in places {
            if cluster.in_namespace(&place.namespace).may::<IngestSource>("list").await? {
                visible.push(place);
            }
        }
        Ok(visible)
    }

    /// The pages of a namespace for somebody who may look at it.
    pub async fn pages(self: &Arc<Self>, identity: &Identity, place: Place) -> Result<Router, Failure> {
        let key = Key { user: name_of(identity), namespace: place.namespace.clone() };
        if let Some(held) = self.consoles(|consoles| consoles.get(&key, Instant::now())) {
            return Ok(held.pages);
        }
        let cluster = (self.connect)(identity, &place.namespace)?;
        // Who may not look is told so here, and no console is kept.
        let found = top::look(&cluster, None).await?;
        let console = Arc::new(Console::new(cluster, place, FormToken::of_user(&self.secret, &key.user)));
        console.observe(|seen| seen.take(Ok(found), Timestamp::now()));
        let pages = server::pages(&console);
        tokio::spawn(keep_looking(Arc::downgrade(self), key.clone(), Arc::downgrade(&console)));
        let held = Held { console, pages: pages.clone() };
        self.consoles(|consoles| consoles.insert(key, held, Instant::now()));
        Ok(pages)
    }

    /// Ends a console, unless another one has taken its place.
    fn end(&self, key: &Key, console: &Arc<Console>) {
        self.consoles(|consoles| consoles.remove(key, |held| Arc::ptr_eq(&held.console, console)));
    }

    fn consoles<T>(&self, change: impl FnOnce(&mut Recent<Key, Held>) -> T) -> T {
        let mut consoles = self.consoles.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut consoles)
    }
}

async fn keep_looking(gateway: Weak<Gateway>, key: Key, console: Weak<Console>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if !look(&gateway, &key, &console).await {
            return;
        }
    }
}

/// Looks at sources and runs; `false` if the console is held no longer. It ends with its user's right to look, so that
/// nobody is shown what was seen before.
async fn look(gateway: &Weak<Gateway>, key: &Key, console: &Weak<Console>) -> bool {
    let Some(gateway) = gateway.upgrade() else { return false };
    gateway.consoles(|consoles| consoles.forget_idle(Instant::now()));
    let Some(console) = console.upgrade() else { return false };
    let found = top::look(&console.cluster, None).await;
    if matches!(&found, Err(failure) if is_refused(failure)) {
        gateway.end(key, &console);
        return false;
    }
    console.observe(|seen| seen.take(found, Timestamp::now()));
    true
}

/// Whether the API server does not know the user, or does not let the user look.
fn is_refused(failure: &Failure) -> bool {
    matches!(failure.code(), Some(401 | 403))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU16, Ordering};
    use std::time::Instant;

    use super::{Connect, Console, FormToken, Gateway, Held, Key, look, name_of};
    use crate::cluster::Identity;
    use crate::commands::console::in_cluster::tests::{refusing, session};
    use crate::commands::console::tests::cluster;

    /// A gateway whose API server answers with this status from the next connection on, and who asks.
    fn gateway(status: &Arc<AtomicU16>) -> (Arc<Gateway>, Identity) {
        let status = Arc::clone(status);
        let connect: Connect = Box::new(move |_, _| match status.load(Ordering::Relaxed) {
            200 => Ok(cluster(true).0),
            code => Ok(refusing(code)),
        });
        let gateway = Gateway::new(session(), vec!["news".to_owned()], connect).unwrap();
        (Arc::new(gateway), Identity::Token("t".to_owned()))
    }

    fn key(identity: &Identity) -> Key {
        Key { user: name_of(identity), namespace: "news".to_owned() }
    }

    #[tokio::test]
    async fn a_console_is_held_for_those_alone_who_may_look() {
        let status = Arc::new(AtomicU16::new(403));
        let (gateway, identity) = gateway(&status);
        let place = gateway.place("news").unwrap();
        for code in [401, 403, 500] {
            status.store(code, Ordering::Relaxed);
            let failure = gateway.pages(&identity, place.clone()).await.unwrap_err();
            assert_eq!(failure.code(), Some(code));
        }
        status.store(200, Ordering::Relaxed);
        assert!(gateway.pages(&identity, place.clone()).await.is_ok());
        // From now on it is the console that was held which answers.
        status.store(403, Ordering::Relaxed);
        assert!(gateway.pages(&identity, place.clone()).await.is_ok());
        assert!(gateway.pages(&Identity::Token("other".to_owned()), place).await.is_err());
    }

    #[tokio::test]
    async fn a_console_ends_when_its_user_may_look_no_longer() {
        for (code, goes_on) in [(401, false), (403, false), (500, true)] {
            let status = Arc::new(AtomicU16::new(200));
            let (gateway, identity) = gateway(&status);
            let place = gateway.place("news").unwrap();
            drop(gateway.pages(&identity, place.clone()).await.unwrap());
            let key = key(&identity);
            // As if the API server of the console that is held had begun to refuse its user.
            let held = gateway.consoles(|consoles| consoles.get(&key, Instant::now())).unwrap();
            let token = FormToken::of_user("s", "t");
            let console = Arc::new(Console::new(refusing(code), place.clone(), token));
            let replaced = Held { console: Arc::clone(&console), pages: held.pages };
            gateway.consoles(|consoles| consoles.insert(key.clone(), replaced, Instant::now()));
            let looked = look(&Arc::downgrade(&gateway), &key, &Arc::downgrade(&console)).await;
            assert_eq!(looked, goes_on, "{code}");
            status.store(code, Ordering::Relaxed);
            assert_eq!(gateway.pages(&identity, place).await.is_ok(), goes_on, "{code}");
        }
    }
}
