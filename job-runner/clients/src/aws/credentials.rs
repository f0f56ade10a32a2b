//! Credentials of a provider, kept until shortly before they expire: for requests that this crate signs itself.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use tokio::sync::Mutex;

/// Credentials are fetched again this long before they expire: longer than a request may take.
const BEFORE_EXPIRY: Duration = Duration::from_mins(5);

/// The credentials of one provider.
#[derive(Debug)]
pub(crate) struct FreshCredentials {
    provider: SharedCredentialsProvider,
    known: Mutex<Option<Credentials>>,
}

impl FreshCredentials {
    /// Asks for nothing yet.
    pub(crate) fn of(provider: SharedCredentialsProvider) -> Self {
        Self { provider, known: Mutex::new(None) }
    }

    /// Credentials that are valid for as long as a request may take.
    pub(crate) async fn get(&self) -> Result<Credentials, CredentialsError> {
        let mut known = self.known.lock().await;
        if let Some(credentials) = known.as_ref().filter(|credentials| is_fresh(credentials)) {
            return Ok(credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await?;
        *known = Some(credentials.clone());
        Ok(credentials)
    }
}

fn is_fresh(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now() + BEFORE_EXPIRY)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

    use super::FreshCredentials;

    /// Gives credentials that are valid for this long, and counts how often.
    #[derive(Debug)]
    struct Provider(Duration, Arc<AtomicUsize>);

    impl ProvideCredentials for Provider {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            self.1.fetch_add(1, Ordering::SeqCst);
            let expiry = SystemTime::now() + self.0;
            future::ProvideCredentials::ready(Ok(Credentials::new("id", "key", None, Some(expiry), "test")))
        }
    }

    #[tokio::test]
    async fn credentials_are_fetched_once_until_they_are_about_to_expire() {
        for (valid, fetched) in [(Duration::from_hours(1), 1), (Duration::from_mins(4), 3)] {
            let count = Arc::new(AtomicUsize::new(0));
            let provider = SharedCredentialsProvider::new(Provider(valid, Arc::clone(&count)));
            let credentials = FreshCredentials::of(provider);
            for _ in 0..3 {
                credentials.get().await.unwrap();
            }
            assert_eq!(count.load(Ordering::SeqCst), fetched, "{valid:?}");
        }
    }
}
