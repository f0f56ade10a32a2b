//! The user for whom the API server sends a request. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::HeaderMap;
use percent_encoding::percent_decode_str;

use super::front_proxy::FrontProxy;

/// A user, as the API server knows it; an impersonated one, if there is impersonation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The UID, if there is one.
    pub uid: Option<String>,
    /// The groups.
    pub groups: Vec<String>,
    /// Further attributes, by lower-case names.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// Reads the headers of a request of the front proxy. `None`: they name nobody.
    pub fn of(headers: &HeaderMap, proxy: &FrontProxy) -> Option<Self> {
        let name = proxy.username_headers.iter().find_map(|header| values(headers, header).next())?;
        let groups = proxy.group_headers.iter().flat_map(|header| values(headers, header)).collect();
        let uid = proxy.uid_headers.iter().find_map(|header| values(headers, header).next());
        Some(Self { name, uid, groups, extra: extra(headers, proxy) })
    }
}

/// The values of a header that are not empty.
fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let found = headers.get_all(name);
    found
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
}

/// Names of attributes are percent-encoded, since a header's name has fewer characters.
fn extra(headers: &HeaderMap, proxy: &FrontProxy) -> BTreeMap<String, Vec<String>> {
    let mut extra = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in headers {
        let stripped = proxy.extra_prefixes.iter().find_map(|prefix| {
            // Names of headers are in lower case here.
            name.as_str().strip_prefix(prefix.to_ascii_lowercase().as_str())
        });
        let (Some(name), Ok(value)) = (stripped, value.to_str()) else { continue };
        extra.entry(unescape(name)).or_default().push(value.to_owned());
    }
    extra
}

/// As Go's `url.PathUnescape`, but that a name with a wrong escape stays as it is.
fn unescape(name: &str) -> String {
    percent_decode_str(name).decode_utf8().map_or_else(|_| name.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::super::front_proxy::tests::data;
    use super::{FrontProxy, User};

    fn user(headers: &[(&'static str, &'static str)]) -> Option<User> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        User::of(&map, &FrontProxy::read(&data("[]")).unwrap())
    }

    #[test]
    fn headers_name_a_user_with_groups_and_attributes() {
        let user = user(&[
            ("x-remote-user", "anna"),
            ("x-remote-group", "news"),
            ("x-remote-group", "system:authenticated"),
            ("x-remote-extra-example.com%2fscope", "a"),
            ("x-remote-extra-example.com%2fscope", "b"),
            ("x-other", "c"),
        ]);
        let user = user.unwrap();
        assert_eq!((user.name.as_str(), user.uid), ("anna", None));
        assert_eq!(user.groups, ["news", "system:authenticated"]);
        assert_eq!(
            user.extra.into_iter().collect::<Vec<_>>(),
            [("example.com/scope".to_owned(), vec!["a".to_owned(), "b".to_owned()])]
        );
    }

    #[test]
    fn without_a_name_there_is_no_user() {
        assert_eq!(user(&[("x-remote-group", "system:masters")]), None);
        assert_eq!(user(&[("x-remote-user", ""), ("x-remote-group", "system:masters")]), None);
        assert_eq!(user(&[("x-forwarded-user", "anna"), ("authorization", "Bearer x")]), None);
    }
}
