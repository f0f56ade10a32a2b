//! Who may see the pages. On a user's machine it is the browser that opened the link which the terminal shows: a link works
//! once and is exchanged for a cookie. In a cluster it is whom the [`proxy`] lets in.
//!
//! Every request has to name this very server, so that no page of another site can ask through a name of its own (DNS
//! rebinding), and what creates something has to come from a page of the console.

pub mod proxy;

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, Method, header};
use docmill_crds::digest::{DigestOfTexts, hex};

use crate::failure::Failure;
use proxy::ProxySession;

/// The path that takes the token of a link.
pub const OPEN: &str = "/open";
/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It names another server.
    #[error("this console answers as 127.0.0.1:{0} and localhost:{0} alone: use the link in the terminal")]
    Host(u16),
    /// It names another server than the proxy.
    #[error("this console answers at {0} alone: open that address, and let the proxy pass Host on")]
    Site(String),
    /// A page of another site sent it.
    #[error("this request does not come from a page of this console")]
    Origin,
    /// It has no cookie, or one of another console.
    #[error("this browser has not opened the link that the terminal shows: open the latest one")]
    NoCookie,
    /// The proxy has sent no token of the user along.
    #[error(
        "you are not logged in to the cluster: the proxy sent no token of yours (Authorization: Bearer). Log \
         in again; if that does not help, whoever runs the proxy has to let it pass tokens on"
    )]
    NoToken,
}

/// The two ways in.
#[derive(Clone)]
pub enum Access {
    /// The browser of a user on the machine of the user.
    Browser(Arc<BrowserSession>),
    /// Users of a cluster, through a proxy.
    Proxy(Arc<ProxySession>),
}

impl Access {
    /// Why a request is not answered; `None` if it is.
    pub fn refusal(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Refusal> {
        match self {
            Self::Browser(session) => session.refusal(method, path, headers),
            Self::Proxy(session) => session.refusal(method, headers),
        }
    }
}

/// The secret that the forms of a user carry. No `Debug`, as it would show it.
pub struct FormToken(String);

impl FormToken {
    /// One that is as old as the console.
    pub fn random() -> Result<Self, Failure> {
        Ok(Self(random()?))
    }

    /// One that a user has for as long as the process keeps its secret, whichever of its consoles the form is of.
    pub fn of_user(secret: &str, user: &str) -> Self {
        let mut digest = DigestOfTexts::default();
        digest.push(secret);
        digest.push(user);
        Self(digest.finish())
    }

    /// As forms carry it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a form is one of this user.
    pub fn accepts(&self, token: &str) -> bool {
        same(&self.0, token)
    }
}

/// The secrets of one console, which live as long as its process. No `Debug`, as it would show them.
pub struct BrowserSession {
    port: u16,
    /// What the next link has; it works once.
    link_token: Mutex<String>,
    cookie: String,
}

impl BrowserSession {
    /// New secrets for a console at a port of the loopback address.
    pub fn new(port: u16) -> Result<Self, Failure> {
        let link_token = Mutex::new(random()?);
        Ok(Self { port, link_token, cookie: random()? })
    }

    /// The link that opens the console once.
    pub fn link(&self) -> String {
        let token = self.link_token.lock().unwrap_or_else(PoisonError::into_inner);
        format!("http://127.0.0.1:{}{OPEN}?token={token}", self.port)
    }

    /// What the terminal shows.
    pub fn announcement(&self) -> String {
        format!("The console is at {}\n", self.link())
    }

    /// Exchanges the token of a link for the value of `Set-Cookie`, after which the link works no more; `None` if it is
    /// not the latest one.
    pub fn redeem(&self, token: &str) -> Result<Option<String>, Failure> {
        let next = random()?;
        let mut current = self.link_token.lock().unwrap_or_else(PoisonError::into_inner);
        if !same(&current, token) {
            return Ok(None);
        }
        *current = next;
        let name = self.cookie_name();
        Ok(Some(format!("{name}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie)))
    }

    /// Why a request is not answered; `None` if it is.
    pub fn refusal(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Refusal> {
        let Some(host) = only(headers, header::HOST).filter(|host| self.is_own(host)) else {
            return Some(Refusal::Host(self.port));
        };
        if !is_own_origin(method, headers, |origin| origin.strip_prefix("http://") == Some(host)) {
            return Some(Refusal::Origin);
        }
        (path != OPEN && !self.has_cookie(headers)).then_some(Refusal::NoCookie)
    }

    fn is_own(&self, host: &str) -> bool {
        let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
        matches!(name, "127.0.0.1" | "localhost") && port.parse::<u16>() == Ok(self.port)
    }

    /// Cookies do not tell ports apart, so that the name does: two consoles may be open at a time.
    fn cookie_name(&self) -> String {
        format!("docmill-console-{}", self.port)
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(known, value)| known == name && same(value, &self.cookie))
    }
}

/// Whether a request comes from a page of the console: browsers name the origin of all that could change something.
fn is_own_origin(method: &Method, headers: &HeaderMap, is_own: impl FnOnce(&str) -> bool) -> bool {
    match only(headers, header::ORIGIN) {
        Some(origin) => is_own(origin),
        None => !headers.contains_key(header::ORIGIN) && (method == Method::GET || method == Method::HEAD),
    }
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

/// Whether two secrets are the same, in a time that does not tell how much of them is.
fn same(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes()).fold(0_u8, |found, (one, other)| found | (one ^ other));
    one.len() == other.len() && differences == 0
}

/// A new secret: hexadecimal digits.
pub fn random() -> Result<String, Failure> {
    let mut bytes = [0; TOKEN_BYTES];
    let filled = rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| Failure::new("failed to get random bytes from the system"))?;
    Ok(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::{BrowserSession, FormToken, OPEN, Refusal};

    const HOST: (&str, &str) = ("host", "127.0.0.1:8001");
    const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:8001");

    fn session() -> BrowserSession {
        BrowserSession::new(8001).unwrap()
    }

    fn token(session: &BrowserSession) -> String {
        session.link().strip_prefix("http://127.0.0.1:8001/open?token=").unwrap().to_owned()
    }

    /// `name=value` of the cookie of a session.
    fn cookie(session: &BrowserSession) -> String {
        let set = session.redeem(&token(session)).unwrap().unwrap();
        assert!(set.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{set}");
        set.split(';').next().unwrap().to_owned()
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn a_link_works_once_and_the_next_one_is_another() {
        let session = session();
        let first = token(&session);
        assert_eq!(first.len(), 64);
        assert_eq!(session.redeem("").unwrap(), None);
        assert_eq!(session.redeem(&"0".repeat(64)).unwrap(), None);
        assert!(session.redeem(&first).unwrap().is_some());
        assert_eq!(session.redeem(&first).unwrap(), None);
        assert_ne!(token(&session), first);
    }

    #[test]
    fn only_this_very_server_may_be_meant() {
        let session = session();
        let cookie = cookie(&session);
        let asked = |pairs: &[(&str, &str)]| {
            let all: Vec<(&str, &str)> = pairs.iter().copied().chain([("cookie", cookie.as_str())]).collect();
            session.refusal(&Method::GET, "/", &headers(&all))
        };
        assert_eq!(asked(&[HOST]), None);
        assert_eq!(asked(&[("host", "localhost:8001")]), None);
        for host in ["evil.example:8001", "127.0.0.1:8002", "127.0.0.1", "127.0.0.1.evil.example:8001", ""] {
            assert_eq!(asked(&[("host", host)]), Some(Refusal::Host(8001)), "{host}");
        }
        assert_eq!(asked(&[]), Some(Refusal::Host(8001)));
        assert_eq!(asked(&[HOST, ("host", "evil.example")]), Some(Refusal::Host(8001)));
    }

    #[test]
    fn pages_of_other_sites_ask_for_nothing() {
        let session = session();
        let cookie = cookie(&session);
        let asked = |method: &Method, origin: Option<&str>| {
            let origin = origin.map(|origin| ("origin", origin));
            let all: Vec<_> = [HOST, ("cookie", cookie.as_str())].into_iter().chain(origin).collect();
            session.refusal(method, "/sources/wire/runs", &headers(&all))
        };
        assert_eq!(asked(&Method::POST, Some(ORIGIN.1)), None);
        assert_eq!(asked(&Method::GET, Some(ORIGIN.1)), None);
        assert_eq!(asked(&Method::POST, None), Some(Refusal::Origin));
        for origin in ["null", "http://evil.example", "https://127.0.0.1:8001", "http://localhost:8001"] {
            assert_eq!(asked(&Method::POST, Some(origin)), Some(Refusal::Origin), "{origin}");
            assert_eq!(asked(&Method::GET, Some(origin)), Some(Refusal::Origin), "{origin}");
        }
    }

    #[test]
    fn without_its_cookie_a_browser_sees_nothing_but_takes_the_link() {
        let (one, other) = (session(), session());
        let asked =
            |path: &str, cookie: &str| one.refusal(&Method::GET, path, &headers(&[HOST, ("cookie", cookie)]));
        let (own, foreign) = (cookie(&one), cookie(&other));
        assert_eq!(asked("/", &format!("a=b; {own}")), None);
        for cookie in ["", "docmill-console-8001=", &foreign, &own.replace("8001", "8002")] {
            assert_eq!(asked("/", cookie), Some(Refusal::NoCookie), "{cookie}");
            assert_eq!(asked("/assets/console.css", cookie), Some(Refusal::NoCookie), "{cookie}");
        }
        assert_eq!(one.refusal(&Method::GET, OPEN, &headers(&[HOST])), None);
    }

    #[test]
    fn a_form_carries_a_secret_of_its_own() {
        let (one, other) = (FormToken::random().unwrap(), FormToken::random().unwrap());
        assert!(one.accepts(one.as_str()));
        assert!(!one.accepts("") && !one.accepts(other.as_str()));
    }

    #[test]
    fn a_form_of_a_user_outlives_a_console_and_is_of_no_other_user_or_process() {
        let token = FormToken::of_user("secret", "a");
        assert!(token.accepts(FormToken::of_user("secret", "a").as_str()));
        for (secret, user) in [("secret", "b"), ("other", "a"), ("secre", "ta")] {
            assert!(!token.accepts(FormToken::of_user(secret, user).as_str()), "{secret} {user}");
        }
    }
}
