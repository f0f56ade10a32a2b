//! The text of an error from a library that wraps its cause in several layers.

use std::error::Error;
use std::io;

/// The deepest cause says what happened ("connection refused"); the layers above it only say that something
/// did.
pub fn innermost(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// An error and its causes, in one line.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // Some libraries repeat their causes in their own text.
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// What is wrong with a certificate, without quoting its content, which comes from the server.
pub fn certificate(fault: &rustls::Error) -> String {
    use rustls::CertificateError as Fault;
    let rustls::Error::InvalidCertificate(fault) = fault else { return "no TLS".to_owned() };
    let text = match fault {
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => "not valid for this name",
        Fault::Expired | Fault::ExpiredContext { .. } => "Expired",
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => "NotValidYet",
        Fault::UnknownIssuer => "UnknownIssuer",
        Fault::BadSignature => "BadSignature",
        Fault::Revoked => "Revoked",
        _ => "not to be used",
    };
    format!("invalid peer certificate: {text}")
}

/// The layer of an error that has a certain type, if any. An I/O error hides what it wraps: its source is the
/// source of the wrapped error.
pub fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut layer = Some(error);
    while let Some(error) = layer {
        let mut wrapped = error;
        while let Some(inner) = wrapped.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            wrapped = inner;
        }
        if let Some(found) = wrapped.downcast_ref::<T>() {
            return Some(found);
        }
        layer = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{find, innermost};

    #[derive(Debug, thiserror::Error)]
    #[error("failed to send")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_layer_is_found_by_its_type_within_others() {
        let wrapped = Outer(io::Error::other(Outer(io::Error::other(std::fmt::Error))));
        assert!(find::<std::fmt::Error>(&wrapped).is_some());
        assert!(find::<std::num::ParseIntError>(&wrapped).is_none());
    }

    #[test]
    fn the_deepest_cause_is_told() {
        assert_eq!(innermost(&Outer(io::Error::other("connection refused"))), "connection refused");
    }
}
