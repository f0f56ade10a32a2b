//! A user of the cluster who has the roles that a test gives, and no others: a service account with a kubeconfig of its own.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::command::{self, Finished};
use super::install::RELEASE;
use super::world::World;

/// Such a user. The kubeconfig goes with this.
pub struct Viewer {
    namespace: String,
    kubeconfig: PathBuf,
    token: String,
}

impl Viewer {
    /// Makes the user in the world's namespace, with these cluster roles of the release there, for example `view`.
    pub async fn create(world: &World, name: &str, roles: &[&str]) -> Result<Self> {
        let namespace = world.name.as_str();
        let cluster = &world.cluster;
        cluster.kubectl(&["create", "serviceaccount", name, "--namespace", namespace]).await?;
        for role in roles {
            let (binding, role) = (format!("{name}-{role}"), format!("--clusterrole={RELEASE}-{role}"));
            let account = format!("--serviceaccount={namespace}:{name}");
            let bind = ["create", "rolebinding", &binding, &role, &account, "--namespace", namespace];
            cluster.kubectl(&bind).await?;
        }
        let token =
            cluster.kubectl(&["create", "token", name, "--namespace", namespace, "--duration=1h"]).await?;
        let view = ["config", "view", "--raw", "--minify", "--flatten", "--output", "json"];
        let own = serde_json::from_str(&cluster.kubectl(&view).await?)?;
        let kubeconfig = std::env::temp_dir().join(format!("docmill-{namespace}-{name}.json"));
        let token = token.trim().to_owned();
        let text = with_token(own, &token)?.to_string();
        std::fs::write(&kubeconfig, text)
            .with_context(|| format!("failed to write {}", kubeconfig.display()))?;
        Ok(Self { namespace: namespace.to_owned(), kubeconfig, token })
    }

    /// The token by which the API server knows this user, for an hour.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Calls kubectl as this user, in the world's namespace. Plugins take the flags that follow their name.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<Finished> {
        let kubeconfig = self.kubeconfig.display().to_string();
        let own = ["--kubeconfig", &kubeconfig, "--namespace", &self.namespace];
        let all: Vec<String> = arguments.iter().copied().chain(own).map(str::to_owned).collect();
        command::run("kubectl", &all, None).await
    }

    /// Calls `kubectl docmill` as this user.
    pub async fn docmill(&self, arguments: &[&str]) -> Result<Finished> {
        let all: Vec<&str> = ["docmill"].into_iter().chain(arguments.iter().copied()).collect();
        self.kubectl(&all).await
    }

    /// A client of the API server as this user.
    pub async fn client(&self) -> Result<kube::Client> {
        let kubeconfig = kube::config::Kubeconfig::read_from(&self.kubeconfig)?;
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        Ok(kube::Client::try_from(config)?)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // The folder of the system is cleaned in any case.
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

/// A kubeconfig of one context, with the token in the place of its user.
fn with_token(mut kubeconfig: Value, token: &str) -> Result<Value> {
    let context = kubeconfig.pointer_mut("/contexts/0/context").context("the kubeconfig has no context")?;
    context["user"] = "viewer".into();
    kubeconfig["users"] = json!([{"name": "viewer", "user": {"token": token}}]);
    Ok(kubeconfig)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::with_token;

    #[test]
    fn nothing_of_the_administrator_is_left_in_a_viewers_kubeconfig() {
        let own = json!({
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "admin"}}],
            "users": [{"name": "admin", "user": {"client-key-data": "c2VjcmV0"}}],
        });
        let viewers = with_token(own, "t").expect("a kubeconfig");
        assert_eq!(viewers["contexts"][0]["context"]["user"], "viewer");
        assert_eq!(viewers["users"], json!([{"name": "viewer", "user": {"token": "t"}}]));
    }
}
