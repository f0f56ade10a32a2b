//! How the process of a worker ends.

/// Exit status of a worker, mapped by the Job's `podFailurePolicy`. The numbers are those of BSD `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// The work is done, or there is none.
    Done,
    /// Something outside failed (`EX_TEMPFAIL`): starting again later may help.
    Transient,
    /// The order itself cannot be worked (`EX_CONFIG`): starting again cannot help.
    Permanent,
    /// It was asked to end before its work was done, as a shell tells of SIGTERM: no failure.
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
