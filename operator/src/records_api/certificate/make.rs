//! Makes authorities and certificates. Pure, but for the random numbers of keys.

use k8s_openapi::jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::plan::{self, AUTHORITY_DAYS, CERTIFICATE_DAYS, Step};
use super::stored::Stored;

/// The common name of authorities.
const AUTHORITY_NAME: &str = "docmill-records-authority";
/// The common name of certificates; clients go by the others.
const CERTIFICATE_NAME: &str = "docmill-records";
/// Certificates are valid from the day before, since clocks differ.
const EARLIER: i64 = 1;

/// Makes all that has to be made. `None`: nothing has. `names` are those under which the API is reached.
pub fn renewed(stored: &Stored, names: &[String], now: Timestamp) -> Result<Option<Stored>, rcgen::Error> {
    let mut renewed = stored.clone();
    // With an authority, a certificate may be due; nothing is ever due after that.
    for _ in 0..2 {
        match plan::next(&renewed, now.as_second()) {
            None => break,
            Some(Step::Authority) => renewed = with_authority(renewed, now)?,
            Some(Step::Certificate) => renewed = with_certificate(renewed, names, now)?,
        }
    }
    Ok((renewed != *stored).then_some(renewed))
}

fn with_authority(stored: Stored, now: Timestamp) -> Result<Stored, rcgen::Error> {
    let key = KeyPair::generate()?;
    let made = authority(now).self_signed(&key)?;
    let before = first_certificate(&stored.authority).unwrap_or_default();
    Ok(Stored { authority: made.pem() + before, authority_key: key.serialize_pem(), ..stored })
}

fn with_certificate(stored: Stored, names: &[String], now: Timestamp) -> Result<Stored, rcgen::Error> {
    let issuer = Issuer::new(authority(now), KeyPair::from_pem(&stored.authority_key)?);
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, CERTIFICATE_NAME);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, CERTIFICATE_DAYS, now);
    let made = params.signed_by(&key, &issuer)?;
    Ok(Stored { certificate: made.pem(), private_key: key.serialize_pem(), ..stored })
}

/// What an authority says of itself; as an issuer, only its name and its key count.
fn authority(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, AUTHORITY_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    valid(&mut params, AUTHORITY_DAYS, now);
    params
}

fn valid(params: &mut CertificateParams, days: i64, now: Timestamp) {
    let day = |from_now: i64| {
        let time = now.saturating_add(SignedDuration::from_hours(24 * from_now)).unwrap_or(now);
        let date = time.to_zoned(TimeZone::UTC).date();
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        date_time_ymd(i32::from(date.year()), month, day)
    };
    (params.not_before, params.not_after) = (day(-EARLIER), day(days));
}

/// The first certificate of a text, if it can be read.
fn first_certificate(pem: &str) -> Option<&str> {
    const END: &str = "-----END CERTIFICATE-----";
    CertificateDer::pem_slice_iter(pem.as_bytes()).next()?.ok()?;
    let end = pem.find(END)? + END.len();
    pem.get(..end)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::jiff::{SignedDuration, Timestamp};
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

    use super::{Stored, renewed};

    const NAME: &str = "docmill-records.docmill-system.svc";

    fn at(days: i64) -> Timestamp {
        "2026-01-31T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days)
    }

    fn renew(stored: &Stored, days: i64) -> Option<Stored> {
        renewed(stored, &[NAME.to_owned()], at(days)).unwrap()
    }

    fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
    }

    /// Whether a client with these authorities trusts this certificate on that day.
    fn trusts(authorities: &str, certificate: &str, days: i64) -> bool {
        let mut roots = RootCertStore::empty();
        for one in certificates(authorities) {
            roots.add(one).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let name = ServerName::try_from(NAME).unwrap();
        let seconds = u64::try_from(at(days).as_second()).unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        verifier.verify_server_cert(&certificates(certificate)[0], &[], &name, &[], now).is_ok()
    }

    #[test]
    fn an_empty_secret_gets_everything_and_a_full_one_nothing() {
        let made = renew(&Stored::default(), 0).unwrap();
        assert!(trusts(&made.authority, &made.certificate, 0));
        assert_eq!(renew(&made, 0), None);
        assert_eq!(renew(&made, 59), None);
        assert_eq!(Stored::read(Some(&made.data())), made);
        assert!(!format!("{made:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_certificate_is_renewed_by_the_same_authority_before_it_expires() {
        let made = renew(&Stored::default(), 0).unwrap();
        let later = renew(&made, 61).unwrap();
        assert_eq!((&later.authority, &later.authority_key), (&made.authority, &made.authority_key));
        assert_ne!(later.certificate, made.certificate);
        assert!(
            trusts(&made.authority, &later.certificate, 61),
            "whoever has not been told anything trusts it"
        );
        for lost in [
            Stored { certificate: String::new(), ..made.clone() },
            Stored { private_key: "no key".into(), ..made.clone() },
        ] {
            let mended = renew(&lost, 1).unwrap();
            assert!(trusts(&made.authority, &mended.certificate, 1));
        }
    }

    #[test]
    fn a_new_authority_stands_beside_the_one_before_and_the_certificate_follows_later() {
        let made = renew(&Stored::default(), 0).unwrap();
        // The certificate is kept fresh up to the last year of the authority.
        let stored = renew(&made, 3_280).unwrap();
        let both = renew(&stored, 3_290).unwrap();
        assert_eq!(certificates(&both.authority).len(), 2);
        assert_eq!(both.certificate, stored.certificate, "clients that know one authority alone trust it");
        assert!(trusts(&both.authority, &both.certificate, 3_290));
        let later = renew(&both, 3_290 + 61).unwrap();
        assert!(trusts(&both.authority, &later.certificate, 3_290 + 61));
        assert!(!trusts(&made.authority, &later.certificate, 3_290 + 61), "another authority signed it");
    }

    #[test]
    fn an_authority_whose_key_is_lost_is_replaced() {
        let made = renew(&Stored::default(), 0).unwrap();
        let lost = Stored { authority_key: String::new(), ..made.clone() };
        let mended = renew(&lost, 1).unwrap();
        assert_eq!(certificates(&mended.authority).len(), 2);
        assert!(trusts(&mended.authority, &mended.certificate, 1));
    }
}
