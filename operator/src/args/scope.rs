//! The flags that say in which namespaces the operator works.

/// In which namespaces the operator works, and how its cluster is told from others.
#[derive(Clone, Debug, clap::Args)]
pub struct ScopeArgs {
    /// Namespaces whose resources the operator works on, separated by commas: it needs a Role in each, and no
    /// `ClusterRole`. Default: the namespaces of the whole cluster.
    #[arg(long, env = "DOCMILL_WATCH_NAMESPACES", value_delimiter = ',', value_parser = namespace,
          conflicts_with = "ignore_namespaces")]
    pub watch_namespaces: Vec<String>,

    /// Namespaces whose resources the operator leaves to another release, separated by commas.
    #[arg(long, env = "DOCMILL_IGNORE_NAMESPACES", value_delimiter = ',', value_parser = namespace)]
    pub ignore_namespaces: Vec<String>,

    /// Tells the records of this cluster from those of another one. Default: the UID of the namespace
    /// `kube-system`; with `--watch-namespaces`, that of the operator's own namespace.
    #[arg(long, env = "DOCMILL_CLUSTER_UID", value_parser = uid)]
    pub cluster_uid: Option<String>,
}

/// A name of a namespace. An empty one is refused, so that an unset variable does not mean the whole cluster.
fn namespace(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edges = text.starts_with('-') || text.ends_with('-');
    if (1..=63).contains(&text.len()) && text.bytes().all(allowed) && !edges {
        Ok(text.to_owned())
    } else {
        Err("write names of namespaces, separated by commas".to_owned())
    }
}

fn uid(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("write a UID: at most 63 letters, digits and hyphens".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::ScopeArgs;
    use crate::args::Args;

    fn parse(flags: &[&str]) -> Option<ScopeArgs> {
        let given = [&["operator", "--worker-image", "w"], flags].concat();
        Args::try_parse_from(given).map(|args| args.scope).ok()
    }

    #[test]
    fn the_whole_cluster_is_the_default() {
        let scope = parse(&[]).unwrap();
        assert!(scope.watch_namespaces.is_empty() && scope.ignore_namespaces.is_empty());
        assert_eq!(scope.cluster_uid, None);
    }

    #[test]
    fn namespaces_are_a_list_and_none_of_it_is_empty() {
        let watched = |list| parse(&["--watch-namespaces", list]).map(|scope| scope.watch_namespaces);
        assert_eq!(watched("news,sport-2"), Some(vec!["news".to_owned(), "sport-2".to_owned()]));
        for wrong in ["", "news,", "News", "a b", "-news", "news/x", "news,a!=b"] {
            assert_eq!(watched(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn namespaces_are_watched_or_ignored_but_not_both() {
        assert!(parse(&["--ignore-namespaces", "sport"]).is_some());
        assert!(parse(&["--watch-namespaces", "news", "--ignore-namespaces", "sport"]).is_none());
    }

    #[test]
    fn a_uid_is_no_free_text() {
        assert!(parse(&["--cluster-uid", "0b5c3f0e-7d1c-4f5e-9a53-6d3a0c1e2f4b"]).is_some());
        assert!(parse(&["--cluster-uid", "two words"]).is_none());
    }
}
