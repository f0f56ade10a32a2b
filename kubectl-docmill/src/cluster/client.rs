//! A client that repeats a request that is turned away, and gives up while somebody still waits for the answer: that of kube
//! by itself goes on for minutes, in which nobody is told that an API is down.

use std::time::Duration;

use http::Request;
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::retry::RetryLayer;

/// The first pause before a request is repeated; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(1500);
/// How often a request is repeated that is answered with 429, 503 or 504.
const REPETITIONS: u32 = 5;
/// Requests that wait for their turn at most.
const WAITING: usize = 1024;

/// Makes a client. No request is sent yet.
pub(super) fn client(mut config: Config) -> kube::Result<Client> {
    config.default_retry = false;
    // A server may ask for longer pauses. Bounds that exclude each other would be refused; these do not.
    let policy = RetryPolicy::new(FIRST_PAUSE, LONGEST_PAUSE, REPETITIONS, true).unwrap_or_default();
    let builder = ClientBuilder::try_from(config)?;
    // What is repeated has to be shared.
    let shared = builder.with_layer(&BufferLayer::<Request<Body>>::new(WAITING));
    Ok(shared.with_layer(&RetryLayer::new(policy)).build())
}
