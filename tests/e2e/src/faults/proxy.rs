//! Listening and forwarding, with the rules in between.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::action::{Action, Body, ByRule, Point, act};
use super::hold::Hold;
use super::matching::{Asked, Match};
use super::upstream::Upstream;

/// A proxy in front of one store. It ends with this.
pub struct Proxy {
    address: SocketAddr,
    rules: Arc<Rules>,
    open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Rules(Mutex<Vec<Arc<Entry>>>);

struct Entry {
    when: Match,
    what: Action,
    /// How many more requests it acts on.
    left: AtomicUsize,
    hits: AtomicUsize,
}

/// A rule that was given to a proxy. It stays in force until it is taken back.
#[derive(Clone)]
pub struct Rule {
    rules: Arc<Rules>,
    entry: Arc<Entry>,
}

impl Rule {
    /// How many requests it acted on.
    pub fn hits(&self) -> usize {
        self.entry.hits.load(Ordering::SeqCst)
    }

    /// Takes the rule back; what it holds stays held.
    pub fn remove(&self) {
        self.rules.lock().retain(|entry| !Arc::ptr_eq(entry, &self.entry));
    }
}

impl Rules {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done with a request: the first rule that acts on it decides, those that count it aside.
    fn decide(&self, asked: &Asked) -> Action {
        for entry in self.lock().iter().filter(|entry| entry.when.holds(asked)) {
            if !entry.take() {
                continue;
            }
            entry.hits.fetch_add(1, Ordering::SeqCst);
            if !matches!(entry.what, Action::Count) {
                return entry.what.clone();
            }
        }
        Action::Count
    }
}

impl Entry {
    fn take(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

impl Proxy {
    /// Starts a proxy on a free port of this address, in front of the store at this base URL.
    pub async fn start(host: &str, store: &str) -> Result<Self> {
        let listener = TcpListener::bind((host, 0)).await;
        let listener = listener.with_context(|| format!("failed to listen on {host}"))?;
        let address = listener.local_addr()?;
        let authority = store.strip_prefix("http://").with_context(|| format!("{store} is not http://"))?;
        let rules = Arc::<Rules>::default();
        let (open, is_open) = watch::channel(true);
        let accepting = accept(listener, address, is_open, Arc::clone(&rules), authority.to_owned());
        Ok(Self { address, rules, open, task: tokio::spawn(accepting) })
    }

    /// Its base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule behind those that there are.
    #[expect(clippy::must_use_candidate, reason = "a rule is in force also where nobody counts by it")]
    pub fn rule(&self, when: Match, what: Action) -> Rule {
        self.rule_for(usize::MAX, when, what)
    }

    /// Adds a rule that acts on so many requests.
    #[expect(clippy::must_use_candidate, reason = "a rule is in force also where nobody counts by it")]
    pub fn rule_for(&self, times: usize, when: Match, what: Action) -> Rule {
        let entry = Arc::new(Entry { when, what, left: AtomicUsize::new(times), hits: AtomicUsize::new(0) });
        self.rules.lock().push(Arc::clone(&entry));
        Rule { rules: Arc::clone(&self.rules), entry }
    }

    /// Counts requests, whatever other rules do to them, as long as those stand behind.
    pub fn count(&self, when: Match) -> Rule {
        self.rule(when, Action::Count)
    }

    /// Adds a rule that makes so many requests wait.
    pub fn hold(&self, times: usize, when: Match, point: Point) -> Hold {
        let (sender, receiver) = mpsc::unbounded_channel();
        Hold::new(self.rule_for(times, when, Action::Hold(point, sender)), receiver)
    }

    /// Takes all rules back.
    pub fn clear(&self) {
        self.rules.lock().clear();
    }

    /// Refuses connections, and breaks those that there are, until [`Self::open`].
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// Takes connections again.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes connections while the proxy is open; while it is not, the port is closed and every connection is broken.
async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    mut open: watch::Receiver<bool>,
    rules: Arc<Rules>,
    authority: String,
) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let Some(listening) = &listener else {
            if open.wait_for(|open| *open).await.is_err() {
                return;
            }
            listener = TcpListener::bind(address).await.ok();
            continue;
        };
        tokio::select! {
            ended = shut(&mut open) => {
                if ended {
                    return;
                }
                connections.shutdown().await;
                listener = None;
            }
            Some(_) = connections.join_next() => {}
            taken = listening.accept() => if let Ok((stream, _)) = taken {
                connections.spawn(serve(stream, Arc::clone(&rules), authority.clone()));
            },
        }
    }
}

/// Waits until the proxy is to be shut. Whether it has ended meanwhile.
async fn shut(open: &mut watch::Receiver<bool>) -> bool {
    open.wait_for(|open| !open).await.is_err()
}

async fn serve(stream: TcpStream, rules: Arc<Rules>, authority: String) {
    // Without it, small answers wait for the worker's acknowledgements.
    let _ = stream.set_nodelay(true);
    let upstream = Arc::new(Upstream::new(authority));
    let answer = service_fn(move |request| answer(request, Arc::clone(&rules), Arc::clone(&upstream)));
    // An error is a connection that a rule or the worker has closed.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

/// A task of its own carries the request on when the worker is killed meanwhile, as a network does.
async fn answer(
    request: Request<Incoming>,
    rules: Arc<Rules>,
    upstream: Arc<Upstream>,
) -> Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let asked = Asked { head, body: body.collect().await?.to_bytes() };
    let action = rules.decide(&asked);
    let acting = tokio::spawn(async move { act(action, asked, &upstream).await });
    acting.await?.inspect_err(|error| {
        if !error.is::<ByRule>() {
            eprintln!("a proxy closed a connection: {error:#}");
        }
    })
}
