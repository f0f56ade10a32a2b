//! Behind a proxy that authenticates users: which address browsers use, and whose token a request carries. Pure.

use std::str::FromStr;

use axum::http::{HeaderMap, Method, Uri, header};
use clap::ValueEnum;
use docmill_crds::digest::sha256;

use super::{Refusal, is_own_origin, only};
use crate::cluster::Identity;

/// Whose rights the requests to the API server have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Rights {
    /// Those of the user, whose token the proxy sends along.
    #[default]
    User,
    /// Those of the service account of the pod: everybody sees the same.
    ServiceAccount,
}

/// The address at which browsers reach the proxy: a scheme, a host and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    scheme: String,
    /// The host as browsers write it: without the port that the scheme has by itself.
    host: String,
    /// The host with its port.
    full_host: String,
}

impl FromStr for Site {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write scheme and host alone, such as https://docmill.example.com".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        let usual = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err(wrong()),
        };
        let is_bare = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
        let name = authority.host().to_ascii_lowercase();
        let port = authority.port_u16().unwrap_or(usual);
        let full_host = format!("{name}:{port}");
        let is_written = |host: &str| host.eq_ignore_ascii_case(authority.as_str());
        let is_whole = is_written(&name) || is_written(&full_host);
        if !is_bare || !is_whole || name.is_empty() {
            return Err(wrong());
        }
        let host = if port == usual { name } else { full_host.clone() };
        Ok(Self { scheme: scheme.to_owned(), host, full_host })
    }
}

impl Site {
    /// The address, as browsers write it.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    fn has_host(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.host) || host.eq_ignore_ascii_case(&self.full_host)
    }

    fn has_origin(&self, origin: &str) -> bool {
        origin == self.origin()
    }
}

/// What is asked of every request that the proxy passes on.
#[derive(Clone, Debug)]
pub struct ProxySession {
    /// Where browsers reach the proxy.
    pub site: Site,
    /// Whose rights requests have.
    pub rights: Rights,
}

impl ProxySession {
    /// Why a request is not answered; `None` if it is. Only `Host` counts: `X-Forwarded-Host` may come from the browser.
    pub fn refusal(&self, method: &Method, headers: &HeaderMap) -> Option<Refusal> {
        let is_meant = only(headers, header::HOST).is_some_and(|host| self.site.has_host(host));
        if !is_meant {
            return Some(Refusal::Site(self.site.origin()));
        }
        if !is_own_origin(method, headers, |origin| self.site.has_origin(origin)) {
            return Some(Refusal::Origin);
        }
        self.identity(headers).is_none().then_some(Refusal::NoToken)
    }

    /// Whose requests the API server gets; `None` without a token where it would need one.
    pub fn identity(&self, headers: &HeaderMap) -> Option<Identity> {
        match self.rights {
            Rights::User => bearer(headers).map(|token| Identity::Token(token.to_owned())),
            Rights::ServiceAccount => Some(Identity::ServiceAccount),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, header::AUTHORIZATION)?.split_once(' ')?;
    let token = token.trim();
    let is_token = !token.is_empty() && !token.contains(' ');
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

/// What stands for a user in memory: a digest of the token, and never the token.
pub fn name_of(identity: &Identity) -> String {
    match identity {
        Identity::Token(token) => sha256(token.as_bytes()),
        Identity::ServiceAccount => "service account".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::{ProxySession, Rights, Site, name_of};
    use crate::cluster::Identity;
    use crate::commands::console::session::Refusal;

    const URL: &str = "https://docmill.example.com";
    const HOST: (&str, &str) = ("host", "docmill.example.com");
    const TOKEN: (&str, &str) = ("authorization", "Bearer t0k3n");

    fn session(rights: Rights) -> ProxySession {
        ProxySession { site: URL.parse().unwrap(), rights }
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn asked(method: &Method, pairs: &[(&str, &str)]) -> Option<Refusal> {
        session(Rights::User).refusal(method, &headers(pairs))
    }

    #[test]
    fn an_address_is_a_scheme_and_a_host() {
        let origin = |text: &str| text.parse::<Site>().map(|site| site.origin());
        assert_eq!(origin("https://Docmill.example.com/").unwrap(), URL);
        assert_eq!(origin("https://docmill.example.com:443").unwrap(), URL);
        assert_eq!(origin("http://127.0.0.1:4180").unwrap(), "http://127.0.0.1:4180");
        assert_eq!(origin("https://[::1]:8443").unwrap(), "https://[::1]:8443");
        for text in [
            "",
            "docmill.example.com",
            "/",
            "ftp://docmill.example.com",
            "https://docmill.example.com/console",
            "https://docmill.example.com/?a=b",
            "https://me@docmill.example.com",
            "https://docmill.example.com:99999",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_host_of_the_proxy_may_be_meant() {
        for host in ["docmill.example.com", "Docmill.Example.com", "docmill.example.com:443"] {
            assert_eq!(asked(&Method::GET, &[("host", host), TOKEN]), None, "{host}");
        }
        let refused = Some(Refusal::Site(URL.to_owned()));
        let subdomain = format!("{}.evil.example", HOST.1);
        for host in ["evil.example", "docmill.example.com:80", &subdomain, "127.0.0.1"] {
            let forwarded = ("x-forwarded-host", HOST.1);
            assert_eq!(asked(&Method::GET, &[("host", host), forwarded, TOKEN]), refused, "{host}");
        }
        assert_eq!(asked(&Method::GET, &[TOKEN]), refused);
        assert_eq!(asked(&Method::GET, &[HOST, ("host", "evil.example"), TOKEN]), refused);
    }

    #[test]
    fn pages_of_other_sites_ask_for_nothing() {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            assert_eq!(asked(&method, &[HOST, TOKEN, ("origin", URL)]), None, "{method}");
            let other_port = format!("{URL}:444");
            for origin in ["null", "https://evil.example", "http://docmill.example.com", &other_port] {
                let foreign = [HOST, TOKEN, ("origin", origin)];
                assert_eq!(asked(&method, &foreign), Some(Refusal::Origin), "{method} {origin}");
            }
        }
        assert_eq!(asked(&Method::GET, &[HOST, TOKEN]), None);
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            assert_eq!(asked(&method, &[HOST, TOKEN]), Some(Refusal::Origin), "{method}");
        }
        let twice = [HOST, TOKEN, ("origin", URL), ("origin", URL)];
        assert_eq!(asked(&Method::POST, &twice), Some(Refusal::Origin));
    }

    #[test]
    fn a_user_is_whose_token_the_proxy_sends() {
        for value in ["Bearer t0k3n", "bearer  t0k3n "] {
            let found = session(Rights::User).identity(&headers(&[("authorization", value)]));
            assert!(matches!(found, Some(Identity::Token(token)) if token == "t0k3n"), "{value}");
        }
        for value in ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer a b"] {
            let asked = asked(&Method::GET, &[HOST, ("authorization", value)]);
            assert_eq!(asked, Some(Refusal::NoToken), "{value}");
        }
        assert_eq!(asked(&Method::GET, &[HOST]), Some(Refusal::NoToken));
        assert_eq!(asked(&Method::GET, &[HOST, TOKEN, TOKEN]), Some(Refusal::NoToken));
    }

    #[test]
    fn with_the_rights_of_the_pod_no_token_counts() {
        let session = session(Rights::ServiceAccount);
        for pairs in [&[HOST][..], &[HOST, TOKEN]] {
            assert_eq!(session.refusal(&Method::GET, &headers(pairs)), None);
            assert!(matches!(session.identity(&headers(pairs)), Some(Identity::ServiceAccount)));
        }
        assert!(session.refusal(&Method::POST, &headers(&[HOST])).is_some());
    }

    #[test]
    fn what_stands_for_a_user_does_not_tell_the_token() {
        let name = |token: &str| name_of(&Identity::Token(token.to_owned()));
        assert_eq!(name("t0k3n").len(), 64);
        assert!(name("t0k3n") != name("other") && !name("t0k3n").contains("t0k3n"));
        assert_ne!(name("service account"), name_of(&Identity::ServiceAccount));
    }
}
