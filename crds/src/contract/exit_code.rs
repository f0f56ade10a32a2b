//! How the process of a worker ends.

/// Exit status of a worker, mapped by the Job's `podFailurePolicy`. The numbers are those of BSD `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// The work is done, or there is none.
    Done,
    /// Something outside failed (`EX_TEMPFAIL`): a restart later may help.
    Transient,
    /// The order itself cannot be processed (`EX_CONFIG`): a restart cannot help.
    Permanent,
    /// It was asked to end before its work was done, with the status that a shell reports for SIGTERM: not a
    /// failure.
    Stopped,
}

impl ExitCode {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Transient => 75,
            Self::Permanent => 78,
            Self::Stopped => 143,
        }
    }
}
