//! The words for an error of a library that wraps its cause in several layers.

use std::error::Error;

/// The deepest cause says what happened ("connection refused"); the layers above it only say that something did.
#[must_use]
pub fn innermost(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// What is wrong with a certificate, without what stands in it: that is what the server sent.
#[must_use]
pub fn certificate(fault: &rustls::Error) -> String {
    use rustls::CertificateError as Fault;
    let rustls::Error::InvalidCertificate(fault) = fault else { return "no TLS".to_owned() };
    let told = match fault {
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => "not valid for this name",
        Fault::Expired | Fault::ExpiredContext { .. } => "Expired",
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => "NotValidYet",
        Fault::UnknownIssuer => "UnknownIssuer",
        Fault::BadSignature => "BadSignature",
        Fault::Revoked => "Revoked",
        _ => "not to be used",
    };
    format!("invalid peer certificate: {told}")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::innermost;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to send")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_deepest_cause_is_told() {
        assert_eq!(innermost(&Outer(io::Error::other("connection refused"))), "connection refused");
    }
}
