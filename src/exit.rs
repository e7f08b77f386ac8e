//! The exit statuses, one table for the code, the help and the documentation.

/// How a command ended, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum ExitStatus {
    /// It is done, or was already so.
    Done = 0,
    /// A policy or a check refused it.
    Refused = 1,
    /// The command line is wrong.
    Usage = 2,
    /// What was named is not there.
    NotFound = 3,
    /// Somebody else holds it.
    Held = 4,
    /// A valid lease is missing.
    NoLease = 5,
    /// The data is invalid.
    Invalid = 6,
    /// A file cannot be read or written, or the store is corrupt.
    Broken = 7,
    /// Somebody else was at work for too long; try again.
    Busy = 8,
}

impl ExitStatus {
    /// Every status with its meaning, in order.
    pub(crate) const TABLE: [(Self, &'static str); 9] = [
        (Self::Done, "done, or nothing had to change"),
        (Self::Refused, "refused by a policy or a check"),
        (Self::Usage, "wrong usage"),
        (Self::NotFound, "not found"),
        (Self::Held, "held by somebody else"),
        (Self::NoLease, "no valid lease"),
        (Self::Invalid, "invalid data"),
        (Self::Broken, "input/output failed, or a corrupt store"),
        (Self::Busy, "busy, try again"),
    ];

    /// The one of several that says most: held by another, then no valid lease; a refusal in general says least.
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

    /// The number that the process exits with.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}
