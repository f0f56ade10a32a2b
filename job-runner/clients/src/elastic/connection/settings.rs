//! Builds a transport from a resource's `elasticsearch` and its Secret.

use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use elasticsearch::auth::Credentials;
use elasticsearch::http::Url;
use elasticsearch::http::headers::HeaderValue;

use super::transport::Transport;
use crate::elastic::error::ElasticError;
use crate::outbound::{self, EndpointPolicy};
use crate::secrets::Secrets;

/// Builds the transport, by the rules of this process.
pub(crate) fn transport(
    cluster: &ElasticsearchCluster,
    secrets: &Secrets,
) -> Result<Transport, ElasticError> {
    let outbound = outbound::current();
    let nodes = cluster.urls.iter().map(|url| node(url, &outbound.policy)).collect::<Result<Vec<_>, _>>()?;
    if nodes.is_empty() {
        return Err(ElasticError::Settings("urls is empty".to_owned()));
    }
    let authorization =
        credentials(cluster, secrets)?.map(|credentials| authorization(&credentials)).transpose()?;
    Transport::new(nodes, secrets, authorization, outbound)
}

/// The header that credentials are sent in.
fn authorization(credentials: &Credentials) -> Result<HeaderValue, ElasticError> {
    let text = match credentials {
        Credentials::EncodedApiKey(key) => format!("ApiKey {key}"),
        Credentials::Basic(name, password) => {
            use base64::Engine as _;
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
            format!("Basic {pair}")
        }
        _ => return Err(ElasticError::Settings("credentials of a kind that no Secret has".to_owned())),
    };
    let mut header = HeaderValue::from_str(&text).map_err(|_| {
        ElasticError::Settings("the Secret has characters that cannot be in a header".to_owned())
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// Credentials in a URL are rejected and not quoted: they would end up in logs and in status.
fn node(url: &str, policy: &EndpointPolicy) -> Result<Url, ElasticError> {
    let parsed = Url::parse(url).map_err(|error| {
        ElasticError::Settings(format!("a URL in urls cannot be read ({error}); write https://host:port"))
    })?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(ElasticError::Settings(
            "a URL in urls holds credentials; put them into a Secret".to_owned(),
        ));
    }
    policy.check_url(url)?;
    Ok(parsed)
}

fn credentials(
    cluster: &ElasticsearchCluster,
    secrets: &Secrets,
) -> Result<Option<Credentials>, ElasticError> {
    let refused = |text: &str| Err(ElasticError::Settings(text.to_owned()));
    if cluster.aws.is_some() {
        let other = ["apiKey", "username", "password"].iter().any(|key| secrets.text(key).is_some());
        let text = "the Secret has apiKey, username or password, which aws excludes; \
                    it needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or leave secretRef out";
        return if other { refused(text) } else { Ok(None) };
    }
    let username = cluster.username.as_deref().or_else(|| secrets.text("username"));
    match (secrets.text("apiKey"), username, secrets.text("password")) {
        (Some(key), None, None) if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Some(Credentials::EncodedApiKey(key.to_owned())))
        }
        (Some(_), None, None) => refused("apiKey of the Secret is not the encoded form (Base64)"),
        (None, Some(name), Some(password)) => {
            Ok(Some(Credentials::Basic(name.to_owned(), password.to_owned())))
        }
        (None, None, None) => Ok(None),
        (None, ..) => refused("only one of username and password is given; a login needs both"),
        (Some(_), ..) => refused("the Secret has both apiKey and username or password; it needs one way"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use docmill_crds::api::elasticsearch::ElasticsearchCluster;
    use docmill_crds::error_class::{Classify, ErrorClass};

    use super::transport;
    use crate::secrets::Secrets;

    fn build(url: &str, secret: &[(&str, &str)]) -> Result<(), String> {
        let cluster = ElasticsearchCluster { urls: vec![url.to_owned()], ..Default::default() };
        let values: BTreeMap<_, _> =
            secret.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect();
        transport(&cluster, &Secrets::new(values)).map(drop).map_err(|error| {
            assert_eq!(error.class(), ErrorClass::User);
            error.to_string()
        })
    }

    #[test]
    fn each_way_of_authentication_is_taken() {
        for secret in [&[][..], &[("username", "u"), ("password", "p")], &[("apiKey", "QUJD\n")]] {
            assert_eq!(build("https://es:9200", secret), Ok(()));
        }
    }

    #[test]
    fn a_secret_may_hold_the_password_alone() {
        let cluster = ElasticsearchCluster {
            urls: vec!["https://es:9200".to_owned()],
            username: Some("elastic".to_owned()),
            ..Default::default()
        };
        let password = BTreeMap::from([("password".to_owned(), b"p".to_vec())]);
        assert!(transport(&cluster, &Secrets::new(password)).is_ok());
        let Err(error) = transport(&cluster, &Secrets::default()) else { panic!("no password is there") };
        assert!(error.to_string().contains("needs both"), "{error}");
    }

    #[test]
    fn half_or_double_credentials_are_refused() {
        assert!(build("http://es", &[("username", "u")]).unwrap_err().contains("needs both"));
        assert!(build("http://es", &[("apiKey", "k"), ("username", "u")]).unwrap_err().contains("one way"));
        assert!(build("http://es", &[("apiKey", "id:key with blank")]).unwrap_err().contains("encoded"));
        assert!(build("http://es", &[("ca.crt", "nonsense")]).unwrap_err().contains("ca.crt"));
    }

    #[test]
    fn credentials_in_a_url_are_refused_and_not_quoted() {
        let text = build("http://elastic:hunter2@es:9200", &[]).unwrap_err();
        assert!(text.contains("Secret") && !text.contains("hunter2"), "{text}");
        assert!(build("no url", &[]).unwrap_err().contains("https://host:port"));
    }
}
