//! What becomes of events, and the HTTP interface by which tests steer it.
//!
//! `PUT /routes` adds or replaces, `GET /routes` lists, `DELETE /routes?bucket=b` removes.
//! `POST /pause` loses every event until `POST /resume`. `GET /stats` counts, `GET /healthz` answers.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    record::{self, Notice},
    routes::{Route, Routes},
    sender::Sender,
};

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Bridge {
    sender: Sender,
    routes: RwLock<Routes>,
    paused: AtomicBool,
    received: AtomicU64,
    dropped: AtomicU64,
    unrouted: AtomicU64,
}

impl Bridge {
    /// A bridge without routes.
    pub(crate) fn new(sender: Sender) -> Self {
        Self {
            sender,
            routes: RwLock::default(),
            paused: AtomicBool::new(false),
            received: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            unrouted: AtomicU64::new(0),
        }
    }

    /// Adds routes, or replaces those of the same bucket and prefix.
    pub(crate) fn put(&self, routes: Vec<Route>) {
        self.routes.write().unwrap_or_else(PoisonError::into_inner).put(routes);
    }

    /// Takes an event of the S3 server.
    pub(crate) fn take_event(&self, event: &Value) {
        for notice in record::notices(event) {
            self.take(&notice);
        }
    }

    fn take(&self, notice: &Notice) {
        self.received.fetch_add(1, Ordering::Relaxed);
        if self.paused.load(Ordering::Relaxed) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        let mut unrouted = true;
        for route in routes.matching(notice) {
            unrouted = false;
            self.follow(route, notice);
        }
        if unrouted {
            self.unrouted.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn follow(&self, route: &Route, notice: &Notice) {
        if route.drop {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            self.sender.send(&route.queue_url, json!({"Records": [notice.record]}).to_string());
        }
    }
}

/// All paths of the bridge.
pub(crate) fn router(bridge: Arc<Bridge>) -> Router {
    Router::new()
        .route("/routes", get(list_routes).put(put_routes).delete(delete_routes))
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .route("/stats", get(stats))
        .route("/healthz", get(|| async { "ok" }))
        .with_state(bridge)
}

async fn list_routes(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    let routes = bridge.routes.read().unwrap_or_else(PoisonError::into_inner);
    Json(json!(routes.all()))
}

async fn put_routes(State(bridge): State<Arc<Bridge>>, Json(routes): Json<Vec<Route>>) -> StatusCode {
    bridge.put(routes);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct OfBucket {
    bucket: String,
}

async fn delete_routes(State(bridge): State<Arc<Bridge>>, Query(of): Query<OfBucket>) -> Json<Value> {
    let removed = bridge.routes.write().unwrap_or_else(PoisonError::into_inner).remove(&of.bucket);
    Json(json!({"removed": removed}))
}

async fn pause(State(bridge): State<Arc<Bridge>>) -> StatusCode {
    bridge.paused.store(true, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn resume(State(bridge): State<Arc<Bridge>>) -> StatusCode {
    bridge.paused.store(false, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn stats(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    let (sent, pending) = bridge.sender.counts();
    Json(json!({
        "paused": bridge.paused.load(Ordering::Relaxed),
        "received": bridge.received.load(Ordering::Relaxed),
        "dropped": bridge.dropped.load(Ordering::Relaxed),
        "unrouted": bridge.unrouted.load(Ordering::Relaxed),
        "sent": sent,
        "pending": pending,
    }))
}
