//! The exit statuses, one table for the code, the help and the documentation; and what every error knows about itself.

#![deny(clippy::wildcard_enum_match_arm)]

use serde_json::{Value, json};

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
    /// A store of leases cannot be reached, or something could not be judged without it.
    Unreachable = 9,
    /// It is unknown whether the command took effect.
    Unknown = 10,
    /// A server or a store denied it.
    Denied = 11,
    /// The store of leases has no such operation.
    Unsupported = 12,
}

impl ExitStatus {
    /// Every status with its meaning, in numeric order.
    pub(crate) const TABLE: [(Self, &'static str); 13] = [
        (Self::Done, "done, or nothing had to change"),
        (Self::Refused, "refused by a policy or a check"),
        (Self::Usage, "wrong usage"),
        (Self::NotFound, "not found"),
        (Self::Held, "held by another"),
        (Self::NoLease, "no valid lease"),
        (Self::Invalid, "invalid data"),
        (Self::Broken, "input/output failed, or a corrupt store"),
        (Self::Busy, "busy, try again"),
        (Self::Unreachable, "not reachable, or could not be judged"),
        (Self::Unknown, "unknown whether it was done; repeat it"),
        (Self::Denied, "denied by the server"),
        (Self::Unsupported, "not supported there"),
    ];

    /// The most specific of several statuses: `Held`, then `NoLease`, and `Refused` last.
    pub(crate) fn most_specific(statuses: impl IntoIterator<Item = Self>) -> Self {
        let rank = |status: &Self| match status {
            Self::Held => 100,
            Self::NoLease => 99,
            Self::Refused => 1,
            Self::Done => 0,
            Self::Usage
            | Self::NotFound
            | Self::Invalid
            | Self::Broken
            | Self::Busy
            | Self::Unreachable
            | Self::Unknown
            | Self::Denied
            | Self::Unsupported => 10 + status.code(),
        };
        statuses.into_iter().max_by_key(rank).unwrap_or(Self::Done)
    }

    /// The number with which the process exits.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

/// What an error means to a program, and what the user can do about it.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    /// A stable name for programs.
    pub code: &'static str,
    /// The exit status.
    pub status: ExitStatus,
    /// The next steps, one a line.
    pub hints: Vec<String>,
    /// The facts that belong to the code: an object.
    pub data: Value,
    /// Whether the same command may succeed later without any other change.
    pub is_retryable: bool,
}

impl Diagnosis {
    /// A diagnosis without hints and data, retryable if the status is [`ExitStatus::Busy`].
    pub(crate) fn new(code: &'static str, status: ExitStatus) -> Self {
        Self { code, status, hints: Vec::new(), data: json!({}), is_retryable: status == ExitStatus::Busy }
    }

    /// The diagnosis of a command that the user interrupted.
    pub(crate) fn interrupted() -> Self {
        Self::new("interrupted", ExitStatus::Busy).hint("To continue: repeat the command")
    }

    /// Adds a hint; an empty one is none.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.hints([hint.into()])
    }

    /// Adds hints.
    pub(crate) fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints.into_iter().filter(|hint| !hint.is_empty()));
        self
    }

    /// Sets the data.
    pub(crate) fn data(self, data: Value) -> Self {
        Self { data, ..self }
    }

    /// Sets whether the command is retryable.
    pub(crate) fn retryable(self, is_retryable: bool) -> Self {
        Self { is_retryable, ..self }
    }
}

/// An error that a command can end with. Implemented beside each error type, with one exhaustive match.
pub(crate) trait Diagnose {
    /// Everything below at once.
    fn diagnosis(&self) -> Diagnosis;

    /// The exit status.
    fn status(&self) -> ExitStatus {
        self.diagnosis().status
    }

    /// The next steps, one a line.
    fn hints(&self) -> Vec<String> {
        self.diagnosis().hints
    }
}
