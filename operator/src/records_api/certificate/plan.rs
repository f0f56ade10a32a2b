//! What of a serving certificate has to be made. Pure.
//!
//! An authority is replaced so early that the certificate, which is renewed much more often, is signed by the new one only
//! long after the API server was told to trust both.

use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::parse_x509_certificate;

use super::stored::Stored;

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// How long an authority is valid.
pub const AUTHORITY_DAYS: i64 = 3650;
/// An authority with less than this left is replaced.
const AUTHORITY_LEFT_DAYS: i64 = 365;
/// How long a certificate is valid.
pub const CERTIFICATE_DAYS: i64 = 90;
/// A certificate with less than this left is replaced.
const CERTIFICATE_LEFT_DAYS: i64 = 30;

/// What has to be made next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An authority. The one before stays beside it.
    Authority,
    /// A certificate, by the authority in use.
    Certificate,
}

/// The next step, if there is one. `now` is in seconds since 1970.
pub fn next(stored: &Stored, now: i64) -> Option<Step> {
    let left = |pem: &str| expires(pem).map_or(i64::MIN, |at| at - now);
    let has_key = KeyPair::from_pem(&stored.authority_key).is_ok();
    if !has_key || left(&stored.authority) < AUTHORITY_LEFT_DAYS * DAY_SECONDS {
        return Some(Step::Authority);
    }
    let has_key = KeyPair::from_pem(&stored.private_key).is_ok();
    let is_due = !has_key || left(&stored.certificate) < CERTIFICATE_LEFT_DAYS * DAY_SECONDS;
    is_due.then_some(Step::Certificate)
}

/// When the first certificate of a text in PEM expires, in seconds since 1970.
fn expires(pem: &str) -> Option<i64> {
    let certificate = CertificateDer::pem_slice_iter(pem.as_bytes()).next()?.ok()?;
    let (_, certificate) = parse_x509_certificate(&certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}
