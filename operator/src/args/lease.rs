//! The flags that name the Lease by which operators elect their leader.

/// The leader election Lease.
#[derive(Clone, Debug, clap::Args)]
pub struct LeaseArgs {
    /// Namespace of the leader election Lease.
    #[arg(long, env = "POD_NAMESPACE", default_value = "default")]
    pub namespace: String,

    /// Name of the leader election Lease.
    #[arg(long = "lease-name", env = "DOCMILL_LEASE_NAME", default_value = "docmill-operator")]
    pub name: String,
}
