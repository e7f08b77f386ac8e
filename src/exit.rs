//! The exit statuses: one table for the code, the help and the documentation.

/// The exit status of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum ExitStatus {
    /// Done, or unchanged because nothing had to change.
    Done = 0,
    /// Refused by a policy or a check.
    Refused = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The named thing does not exist.
    NotFound = 3,
    /// Another holder has the lease.
    Held = 4,
    /// A valid lease is missing.
    NoLease = 5,
    /// The data is invalid.
    Invalid = 6,
    /// Input or output failed, or the store is corrupt.
    Broken = 7,
    /// Another process was busy for too long; try again.
    Busy = 8,
}

impl ExitStatus {
    /// Every status with its meaning, in numeric order.
    pub(crate) const TABLE: [(Self, &'static str); 9] = [
        (Self::Done, "done, or nothing had to change"),
        (Self::Refused, "refused by a policy or a check"),
        (Self::Usage, "wrong usage"),
        (Self::NotFound, "not found"),
        (Self::Held, "held by another"),
        (Self::NoLease, "no valid lease"),
        (Self::Invalid, "invalid data"),
        (Self::Broken, "input/output failed, or a corrupt store"),
        (Self::Busy, "busy, try again"),
    ];

    /// The most specific of several statuses: `Held`, then `NoLease`, and `Refused` last.
    pub(crate) fn most_specific(statuses: impl IntoIterator<Item = Self>) -> Self {
        let rank = |status: &Self| match status {
            Self::Held => 100,
            Self::NoLease => 99,
            Self::Refused => 1,
            Self::Done => 0,
            other => 10 + other.code(),
        };
        statuses.into_iter().max_by_key(rank).unwrap_or(Self::Done)
    }

    /// The number with which the process exits.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}
