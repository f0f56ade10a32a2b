//! Waiting for a state, and saying what was seen in its place when it does not come.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often we look.
const INTERVAL: Duration = Duration::from_millis(500);
/// How soon we look again at first; the pause doubles up to [`INTERVAL`].
const FIRST: Duration = Duration::from_millis(100);

/// What a look found.
#[derive(Debug)]
pub enum Look<T> {
    /// What was waited for.
    Done(T),
    /// Something else, in words.
    NotYet(String),
}

impl Look<()> {
    /// Done if it holds, otherwise what was seen.
    pub fn holds(holds: bool, seen: impl Into<String>) -> Self {
        if holds { Self::Done(()) } else { Self::NotYet(seen.into()) }
    }
}

/// Looks until it is done. A look that fails counts as not yet: connections break while a test kills things.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>>,
) -> Result<T> {
    let (started, mut pause) = (Instant::now(), FIRST);
    loop {
        let seen = match look().await {
            Ok(Look::Done(value)) => return Ok(value),
            Ok(Look::NotYet(seen)) => seen,
            Err(error) => format!("{error:#}"),
        };
        if started.elapsed() > limit {
            bail!("waited {} s for: {what}. Last seen: {seen}", limit.as_secs());
        }
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(INTERVAL);
    }
}

/// Looks for as long as given and fails as soon as a look does: for what must stay as it is.
pub async fn throughout(limit: Duration, mut look: impl AsyncFnMut() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < limit {
        look().await?;
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Look, until};

    #[tokio::test]
    async fn what_was_seen_last_is_in_the_error() {
        let look = async || Ok(Look::<()>::NotYet("three of five".into()));
        let error = until("five", Duration::ZERO, look).await.expect_err("an error");
        assert_eq!(error.to_string(), "waited 0 s for: five. Last seen: three of five");
    }

    #[tokio::test]
    async fn a_look_that_fails_is_repeated() {
        let mut looks = 0;
        let look = async || {
            looks += 1;
            if looks == 1 {
                anyhow::bail!("connection refused")
            }
            Ok(Look::Done(looks))
        };
        assert_eq!(until("it", Duration::from_secs(5), look).await.expect("two looks"), 2);
    }
}
