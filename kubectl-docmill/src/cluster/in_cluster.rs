//! The API server of the cluster that this process runs in, as a pod sees it, and whose token requests to it carry.

use kube::Config;

use super::{Cluster, client};
use crate::failure::Failure;

/// Whose requests they are. No `Debug`, as it would show the token.
#[derive(Clone)]
pub enum Identity {
    /// Those of a user, by the user's own token.
    Token(String),
    /// Those of the pod's service account.
    ServiceAccount,
}

/// How the API server is reached: by the variables, the authority and the namespace that a pod has.
#[derive(Clone)]
pub struct ApiServer(Config);

impl ApiServer {
    /// Reads what the pod has. No request is sent yet, and no token is read.
    pub fn of_pod() -> Result<Self, Failure> {
        Config::incluster().map(Self).map_err(|error| {
            Failure::new(format!("failed to find the API server from within a pod: {error}")).advice(
                "leave out --in-cluster on your own machine; in a cluster, console.enabled of the chart \
                     makes the pod and gives it what it needs",
            )
        })
    }

    /// A connection for these requests alone. A user's token is never joined by that of the pod.
    pub fn connect(&self, identity: &Identity, namespace: &str) -> Result<Cluster, Failure> {
        let client = client::client(config_of(self.0.clone(), identity))
            .map_err(|error| Failure::of_api("make a client for the API server", &error))?;
        Ok(Cluster { client, namespace: namespace.to_owned() })
    }
}

fn config_of(mut config: Config, identity: &Identity) -> Config {
    if let Identity::Token(token) = identity {
        config.auth_info.token_file = None;
        config.auth_info.token = Some(token.as_str().into());
    }
    config
}

#[cfg(test)]
mod tests {
    use kube::Config;

    use super::{Identity, config_of};

    #[test]
    fn a_users_requests_never_carry_the_token_of_the_pod() {
        let mut config = Config::new("https://10.0.0.1".parse().unwrap());
        config.auth_info.token_file = Some("/pod/token".to_owned());
        let own = config_of(config.clone(), &Identity::ServiceAccount).auth_info;
        assert!(own.token_file.as_deref() == Some("/pod/token") && own.token.is_none());
        let users = config_of(config, &Identity::Token("t".to_owned())).auth_info;
        assert!(users.token_file.is_none() && users.token.is_some());
    }
}
