//! Patterns of endpoints, as an administrator writes them. Pure.

use std::net::IpAddr;

use super::network::Network;

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// `example.com`.
    Host(String),
    /// `*.example.com`: everything below, at any depth; kept with the dot.
    Below(String),
    /// `10.0.0.0/8`, `192.0.2.1`.
    Network(Network),
}

/// A list of patterns, separated by commas or blanks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

/// An entry that is neither a host, nor `*.` and a host, nor an address or network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "failed to read {0:?} in a list of endpoints; write a host, *.host, an address or a network such as 10.0.0.0/8"
)]
pub struct PatternError(String);

impl Patterns {
    /// Reads a list.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        entries.map(pattern).collect::<Result<_, _>>().map(Self)
    }

    /// Adds a host or an address.
    pub fn add(&mut self, host: &str) {
        self.0.extend(pattern(host));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a network or an address among them.
    pub fn has_networks(&self) -> bool {
        self.0.iter().any(|pattern| matches!(pattern, Pattern::Network(_)))
    }

    /// Whether a name, in lower case and without a dot at its end, is one of them.
    pub fn match_name(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::Host(host) => host == name,
            Pattern::Below(suffix) => name.len() > suffix.len() && name.ends_with(suffix.as_str()),
            Pattern::Network(_) => false,
        })
    }

    /// Whether an address is in one of them.
    pub fn match_address(&self, address: IpAddr) -> bool {
        self.0.iter().any(|pattern| matches!(pattern, Pattern::Network(network) if network.contains(address)))
    }
}

fn pattern(entry: &str) -> Result<Pattern, PatternError> {
    if let Some(network) = Network::parse(entry.trim_start_matches('[').trim_end_matches(']')) {
        return Ok(Pattern::Network(network));
    }
    let lower = entry.trim_end_matches('.').to_ascii_lowercase();
    let (host, below) = match lower.strip_prefix("*.") {
        Some(host) => (host, true),
        None => (lower.as_str(), false),
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // A name that ends in digits only would be an address in a form that is not understood.
    let is_number =
        host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if !host.split('.').all(label) || is_number {
        return Err(PatternError(entry.to_owned()));
    }
    Ok(if below { Pattern::Below(format!(".{host}")) } else { Pattern::Host(host.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::Patterns;

    #[test]
    fn hosts_are_matched_whole_and_stars_at_any_depth() {
        let patterns = Patterns::parse("es.example.com, *.Amazonaws.com.\n10.0.0.0/8").unwrap();
        for name in ["es.example.com", "s3.eu-west-1.amazonaws.com"] {
            assert!(patterns.match_name(name), "{name}");
        }
        for name in
            ["example.com", "an.es.example.com", "amazonaws.com", "evilamazonaws.com", "es.example.com.evil"]
        {
            assert!(!patterns.match_name(name), "{name}");
        }
        assert!(patterns.match_address("10.1.2.3".parse().unwrap()));
        assert!(patterns.has_networks() && !Patterns::parse(" ,").unwrap().has_networks());
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for text in ["http://es:9200", "es:9200", "10.0.0.0/40", "*", "a..b", "*.*.com", "10.0.0", "a b/c"] {
            let result = Patterns::parse(text).map(drop);
            assert!(result.is_err(), "{text}");
        }
    }
}
