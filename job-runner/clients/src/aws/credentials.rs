//! Credentials of a provider, kept until shortly before they expire: for requests that this crate signs itself. And the
//! provider of the keys of a Secret.

use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

use super::{StoreError, static_credentials};
use crate::secrets::Secrets;

/// Credentials are fetched again this long before they expire: longer than a request may take.
const BEFORE_EXPIRY: Duration = Duration::from_mins(5);
/// Credentials that do not say when they expire may change all the same, and are asked for again after this. A mounted Secret
/// is read again as often: the kubelet takes about as long to update it.
const LOOKED_AT_EVERY: Duration = Duration::from_mins(1);

/// The keys of a Secret. A mounted one is read again from time to time, since keys are rotated, and temporary ones expire.
#[derive(Debug)]
pub(super) struct SecretKeys {
    secrets: Secrets,
    known: std::sync::Mutex<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    credentials: Credentials,
    at: Instant,
}

impl SecretKeys {
    /// The keys that the Secret has now.
    pub(super) fn of(secrets: &Secrets) -> Result<Self, StoreError> {
        let known = Known { credentials: static_credentials(secrets)?, at: Instant::now() };
        Ok(Self { secrets: secrets.clone(), known: std::sync::Mutex::new(known) })
    }

    /// The keys as they were at most this long ago. A Secret that cannot be read, or lacks a key, leaves them as they are.
    fn at_most(&self, ago: Duration) -> Credentials {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.at.elapsed() >= ago {
            known.at = Instant::now();
            if let Ok(secrets) = self.secrets.read_again()
                && let Ok(credentials) = static_credentials(&secrets)
            {
                known.credentials = credentials;
            }
        }
        known.credentials.clone()
    }
}

impl ProvideCredentials for SecretKeys {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Ok(self.at_most(LOOKED_AT_EVERY)))
    }
}

/// The credentials of one provider.
#[derive(Debug)]
pub(crate) struct FreshCredentials {
    provider: SharedCredentialsProvider,
    known: Mutex<Option<Known>>,
}

impl FreshCredentials {
    /// Asks for nothing yet.
    pub(crate) fn of(provider: SharedCredentialsProvider) -> Self {
        Self { provider, known: Mutex::new(None) }
    }

    /// Credentials that are valid for as long as a request may take.
    pub(crate) async fn get(&self) -> Result<Credentials, CredentialsError> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| is_fresh(known)) {
            return Ok(known.credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await?;
        *known = Some(Known { credentials: credentials.clone(), at: Instant::now() });
        Ok(credentials)
    }
}

fn is_fresh(known: &Known) -> bool {
    match known.credentials.expiry() {
        Some(expiry) => expiry > SystemTime::now() + BEFORE_EXPIRY,
        None => known.at.elapsed() < LOOKED_AT_EVERY,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

    use super::{FreshCredentials, SecretKeys};
    use crate::aws::credential_key::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
    use crate::secrets::Secrets;

    #[test]
    fn keys_that_are_rotated_are_found_in_the_mounted_secret() {
        let folder = std::env::temp_dir().join(format!("docmill-rotated-keys-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |id: &str| {
            std::fs::write(folder.join(ACCESS_KEY_ID), id).unwrap();
            std::fs::write(folder.join(SECRET_ACCESS_KEY), "secret").unwrap();
        };
        write("old");
        let keys = SecretKeys::of(&Secrets::read_dir(&folder).unwrap()).unwrap();
        write("new");
        assert_eq!(keys.at_most(Duration::from_hours(1)).access_key_id(), "old");
        assert_eq!(keys.at_most(Duration::ZERO).access_key_id(), "new");
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            keys.at_most(Duration::ZERO).access_key_id(),
            "new",
            "a Secret without keys changes nothing"
        );
    }

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
