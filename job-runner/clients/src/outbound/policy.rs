//! Which endpoints requests may be sent to. Pure: names are resolved elsewhere.
//!
//! Denied by default, whatever is allowed otherwise: loopback, link-local, unspecified and multicast
//! addresses, the metadata services of clouds, and the API server of this cluster. Everything else is allowed
//! unless the administrator lists what is allowed (`allow`) or denied (`deny`); `allow_reserved` exempts
//! names and networks from the default denials.

use std::fmt;
use std::net::IpAddr;

use docmill_crds::contract::{
    ENDPOINTS_ALLOW_ENV, ENDPOINTS_ALLOW_RESERVED_ENV, ENDPOINTS_DENY_ENV, KUBERNETES_SERVICE_HOST_ENV,
};
use reqwest::Url;

use super::network::{forms, reserved};
use super::pattern::{PatternError, Patterns};

/// Names that mean this machine, the API server or a cloud's metadata, whatever they resolve to.
const RESERVED_NAMES: [(&str, &str); 5] = [
    ("localhost", "a name of the own machine"),
    ("kubernetes", API_SERVER),
    ("kubernetes.default", API_SERVER),
    ("kubernetes.default.svc", API_SERVER),
    ("metadata.google.internal", "the metadata service of a cloud"),
];
const API_SERVER: &str = "the API server of this cluster";

/// Which endpoints requests may be sent to.
#[derive(Clone, Debug, Default)]
pub struct EndpointPolicy {
    open: bool,
    allow: Patterns,
    deny: Patterns,
    allow_reserved: Patterns,
    api_server: Patterns,
}

/// Why an endpoint is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointFault {
    /// Its host, as it was named; empty if there is none.
    pub host: String,
    /// What is wrong with it.
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    NoUrl,
    Credentials,
    /// It is off limits by default.
    Reserved(&'static str),
    /// It resolves to such an address.
    LeadsTo(&'static str),
    Denied,
    NotListed,
}

impl fmt::Display for EndpointFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match self.why {
            Why::NoUrl => {
                return write!(f, "an endpoint is no URL of the form https://host:port; correct it");
            }
            Why::Credentials => {
                return write!(f, "the URL of {host:?} holds credentials; put them into a Secret");
            }
            Why::Reserved(what) => write!(f, "the endpoint {host:?} is not allowed: it is {what}")?,
            Why::LeadsTo(what) => write!(f, "the endpoint {host:?} is not allowed: it leads to {what}")?,
            Why::Denied => {
                write!(f, "the endpoint {host:?} is not allowed: the administrator has denied it")?;
            }
            Why::NotListed => {
                write!(
                    f,
                    "the endpoint {host:?} is not allowed: it is none of those that the administrator lists"
                )?;
            }
        }
        write!(f, "; name another one, or have it allowed by the value endpoints of the chart")
    }
}

impl std::error::Error for EndpointFault {}

/// What is known of a name before it is resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// It is allowed by its name, whatever its addresses are otherwise.
    allowed: bool,
    /// It may resolve to reserved addresses.
    reserved: bool,
}

impl EndpointPolicy {
    /// Everything is allowed.
    pub fn open() -> Self {
        Self { open: true, ..Self::default() }
    }

    /// From lists of hosts, `*.hosts`, addresses and networks. An empty `allow` means everything.
    pub fn parse(allow: &str, deny: &str, allow_reserved: &str) -> Result<Self, PatternError> {
        Ok(Self {
            open: false,
            allow: Patterns::parse(allow)?,
            deny: Patterns::parse(deny)?,
            allow_reserved: Patterns::parse(allow_reserved)?,
            api_server: Patterns::default(),
        })
    }

    /// From the environment of a process in a cluster, which also contains the address of the API server.
    pub fn from_env() -> Result<Self, PatternError> {
        let value = |name: &str| std::env::var(name).unwrap_or_default();
        let policy = Self::parse(
            &value(ENDPOINTS_ALLOW_ENV),
            &value(ENDPOINTS_DENY_ENV),
            &value(ENDPOINTS_ALLOW_RESERVED_ENV),
        )?;
        Ok(policy.with_api_server(&value(KUBERNETES_SERVICE_HOST_ENV)))
    }

    /// Also recognizes the API server by this host or address. An empty one is ignored.
    pub fn with_api_server(mut self, host: &str) -> Self {
        if !host.is_empty() {
            self.api_server.add(host);
        }
        self
    }

    /// Checks whether a URL is allowed, as far as that is known without resolving its name.
    pub fn check_url(&self, url: &str) -> Result<(), EndpointFault> {
        if self.open {
            return Ok(());
        }
        let no_url = || EndpointFault { host: String::new(), why: Why::NoUrl };
        let url = Url::parse(url).map_err(|_| no_url())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(no_url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(no_url());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fault(host, Why::Credentials));
        }
        // The parser has already handled decimal, octal and short forms of addresses.
        match host.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(address) => self.check_literal(host, address),
            Err(_) => self.check_name(host).map(drop),
        }
    }

    /// Checks whether a name is allowed, as far as that is known without its addresses.
    pub fn check_name(&self, name: &str) -> Result<Named, EndpointFault> {
        if self.open {
            return Ok(Named { allowed: true, reserved: true });
        }
        let lower = name.trim_end_matches('.').to_ascii_lowercase();
        let reserved = self.allow_reserved.match_name(&lower);
        if let Some(what) = self.reserved_name(&lower).filter(|_| !reserved) {
            return Err(fault(name, Why::Reserved(what)));
        }
        if self.deny.match_name(&lower) {
            return Err(fault(name, Why::Denied));
        }
        let allowed = reserved || self.allow.is_empty() || self.allow.match_name(&lower);
        // Allowed networks may still allow its addresses.
        if allowed || self.allow.has_networks() {
            Ok(Named { allowed, reserved })
        } else {
            Err(fault(name, Why::NotListed))
        }
    }

    /// Checks whether one of the addresses of a name may be connected to.
    pub fn check_resolved(&self, name: &str, address: IpAddr, named: Named) -> Result<(), EndpointFault> {
        self.check_address(address, named).map_err(|why| {
            let why = if let Why::Reserved(what) = why { Why::LeadsTo(what) } else { why };
            fault(name, why)
        })
    }

    fn check_literal(&self, host: &str, address: IpAddr) -> Result<(), EndpointFault> {
        let named = Named { allowed: self.allow.is_empty(), reserved: false };
        self.check_address(address, named).map_err(|why| fault(host, why))
    }

    fn check_address(&self, address: IpAddr, named: Named) -> Result<(), Why> {
        if self.open {
            return Ok(());
        }
        let mut excepted = named.reserved;
        for form in forms(address) {
            let except = named.reserved || self.allow_reserved.match_address(form);
            if let Some(what) = self.reserved_address(form).filter(|_| !except) {
                return Err(Why::Reserved(what));
            }
            if self.deny.match_address(form) {
                return Err(Why::Denied);
            }
            excepted |= except;
        }
        let listed = forms(address).any(|form| self.allow.match_address(form));
        if named.allowed || listed || excepted { Ok(()) } else { Err(Why::NotListed) }
    }

    fn reserved_name(&self, name: &str) -> Option<&'static str> {
        if self.api_server.match_name(name) || name.starts_with("kubernetes.default.svc.") {
            return Some(API_SERVER);
        }
        if name.ends_with(".localhost") || name.ends_with(".localdomain") {
            return Some("a name of the own machine");
        }
        RESERVED_NAMES.iter().find(|(reserved, _)| *reserved == name).map(|(_, what)| *what)
    }

    fn reserved_address(&self, address: IpAddr) -> Option<&'static str> {
        if self.api_server.match_address(address) { Some(API_SERVER) } else { reserved(address) }
    }
}

fn fault(host: &str, why: Why) -> EndpointFault {
    EndpointFault { host: host.to_owned(), why }
}

#[cfg(test)]
mod tests;
