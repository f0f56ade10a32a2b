use std::net::IpAddr;

use super::EndpointPolicy;

fn policy(allow: &str, deny: &str, allow_reserved: &str) -> EndpointPolicy {
    EndpointPolicy::parse(allow, deny, allow_reserved).unwrap().with_api_server("10.96.0.1")
}

/// Whether a URL may be asked whose name leads to an address.
fn leads(policy: &EndpointPolicy, name: &str, address: &str) -> bool {
    let address: IpAddr = address.parse().unwrap();
    policy.check_name(name).and_then(|named| policy.check_resolved(name, address, named)).is_ok()
}

#[test]
fn by_default_everything_is_allowed_but_what_lies_close() {
    let policy = policy("", "", "");
    for url in [
        "https://es.example.com:9200",
        "http://10.1.2.3:9200/path",
        "http://elasticsearch.news:9200",
        "http://kubernetes.example.com",
        "https://s3.eu-west-1.amazonaws.com",
        "http://[fd00::5]:9000",
    ] {
        assert_eq!(policy.check_url(url), Ok(()), "{url}");
    }
    for url in [
        "http://127.0.0.1:9200",
        "http://localhost",
        "http://LOCALHOST.:80",
        "http://a.localhost",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0:1",
        "http://[::1]:9200",
        "http://[::]",
        "http://[fe80::1]",
        "http://[fd00:ec2::254]",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:a9fe:a9fe]",
        // Spellings of 127.0.0.1 and 169.254.169.254.
        "http://2130706433",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://127.1",
        "http://0xa9fea9fe",
        "http://127.0.0.1.",
        "http://%31%32%37.0.0.1",
        "http://127。0。0。1",
        "http://①②⑦.0.0.1",
        // Whoever is named before the sign is not who is asked.
        "http://good.example@127.0.0.1",
        "http://127.0.0.1#@good.example",
        "http://127.0.0.1\\@good.example",
        "https://10.96.0.1",
        "https://kubernetes",
        "https://kubernetes.default.svc.",
        "https://kubernetes.default.svc.cluster.local",
        "http://metadata.google.internal",
        "ftp://es.example.com",
        "es:9200",
        "",
        "http://",
    ] {
        assert!(policy.check_url(url).is_err(), "{url}");
    }
}

#[test]
fn addresses_of_names_are_judged_too() {
    let policy = policy("", "", "");
    assert!(leads(&policy, "es.example.com", "10.0.0.1"));
    for address in
        ["127.0.0.1", "169.254.169.254", "10.96.0.1", "::1", "::ffff:10.96.0.1", "64:ff9b::a9fe:a9fe"]
    {
        assert!(!leads(&policy, "es.example.com", address), "{address}");
    }
}

#[test]
fn in_a_cluster_of_ipv6_only_the_api_server_is_denied() {
    let policy = EndpointPolicy::parse("", "fd96::99", "").unwrap().with_api_server("fd96::1");
    for url in ["http://[fd88::5]:9200", "http://[fd96::23]:9200", "http://[fc00::1]"] {
        assert_eq!(policy.check_url(url), Ok(()), "{url}");
    }
    for url in ["https://[fd96::1]", "https://[FD96:0:0::0001]:443", "http://[fd96::99]:9200"] {
        assert!(policy.check_url(url).is_err(), "{url}");
    }
    assert!(leads(&policy, "es.example.com", "fd88::5") && !leads(&policy, "es.example.com", "fd96::1"));
}

#[test]
fn a_list_allows_nothing_else() {
    let policy = policy("*.example.com es.internal 10.1.0.0/16", "secret.example.com 10.1.9.0/24", "");
    for (name, address) in
        [("a.example.com", "203.0.113.1"), ("es.internal", "10.5.0.1"), ("other", "10.1.2.3")]
    {
        assert!(leads(&policy, name, address), "{name} {address}");
    }
    for (name, address) in [
        ("other", "10.2.0.1"),
        ("example.com", "203.0.113.1"),
        ("secret.example.com", "203.0.113.1"),
        ("a.example.com", "10.1.9.1"),
        ("a.example.com", "127.0.0.1"),
    ] {
        assert!(!leads(&policy, name, address), "{name} {address}");
    }
    assert!(policy.check_url("http://10.1.2.3").is_ok() && policy.check_url("http://10.2.2.3").is_err());
    let names = EndpointPolicy::parse("es.internal", "", "").unwrap();
    assert!(names.check_url("http://other").is_err() && names.check_url("http://10.0.0.1").is_err());
}

#[test]
fn an_administrator_can_allow_what_is_reserved() {
    let policy = policy("es.internal", "", "127.0.0.0/8 node-store.example.com");
    assert!(policy.check_url("http://127.0.0.1:9200").is_ok());
    assert!(leads(&policy, "node-store.example.com", "169.254.20.10"));
    assert!(policy.check_url("http://localhost:9200").is_err(), "a name is not its address");
    assert!(policy.check_url("http://[::1]:9200").is_err());
}

#[test]
fn a_fault_says_what_to_do_and_keeps_credentials_to_itself() {
    let message = policy("", "", "").check_url("http://elastic:hunter2@es:9200").unwrap_err().to_string();
    assert!(message.contains("Secret") && !message.contains("hunter2"), "{message}");
    let message = policy("", "", "").check_url("http://127.0.0.1:9200").unwrap_err().to_string();
    assert!(
        message.contains("127.0.0.1") && message.contains("a loopback address") && message.contains("chart"),
        "{message}"
    );
}
