//! What an error of the store means to whoever ran the command: its status, its word, the next step.

use crate::domain::id::IssueId;
use crate::exit::ExitStatus;
use crate::git;
use crate::store::Error;

const CORRUPT: &str = "Put it right by hand, or set it aside: docs/storage.md says what it holds";

pub(crate) fn hints(error: &Error) -> Vec<String> {
    use std::io::ErrorKind;
    let hint = match error {
        Error::NoRepository { .. } => "To make one: git init".to_owned(),
        Error::NoWorktree { has_some: true, .. } => {
            "To see them: git jit worktree list. To go to the primary one: wt goto main".to_owned()
        }
        Error::NoWorktree { .. } => "To make the first one: git jit worktree init".to_owned(),
        Error::Busy { .. } | Error::Contended { .. } => "Try again in a moment".to_owned(),
        Error::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            "To see who may write there: ls -ld, on the folder that it is in".to_owned()
        }
        Error::Io { source, .. } if source.kind() == ErrorKind::StorageFull => {
            "Nothing was lost: free some space and repeat it".to_owned()
        }
        Error::Corrupt { path, .. } if is_issue(path) => "To see what was committed last: git log -p, on that file".to_owned(),
        Error::Corrupt { path, .. } if is_lease_log(path) => {
            "To see what can be proved of it: git jit recover --dry-run".to_owned()
        }
        Error::Corrupt { .. } => CORRUPT.to_owned(),
        Error::Unsure { .. } => "Repeat it: what was done already is not done twice".to_owned(),
        Error::Git(git::Error::Corrupt { .. }) => CORRUPT.to_owned(),
        Error::Io { .. } | Error::Git(_) => return Vec::new(),
    };
    vec![hint]
}

pub(crate) fn status(error: &Error) -> ExitStatus {
    match error {
        Error::NoRepository { .. } | Error::NoWorktree { .. } => ExitStatus::NotFound,
        Error::Corrupt { path, .. } if is_versioned(path) => ExitStatus::Invalid,
        Error::Io { .. } | Error::Git(_) | Error::Corrupt { .. } | Error::Unsure { .. } => ExitStatus::Broken,
        Error::Busy { .. } | Error::Contended { .. } => ExitStatus::Busy,
    }
}

/// Data of the user's that does not parse is invalid; files of ours that do not are broken.
fn is_versioned(path: &std::path::Path) -> bool {
    let is_data = |part: std::path::Component<'_>| part.as_os_str() == ".jit" || part.as_os_str() == "HEAD:.jit";
    path.components().any(is_data) || is_issue(path)
}

fn is_lease_log(path: &std::path::Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("claims") && name.ends_with(".jsonl")
}

fn is_issue(path: &std::path::Path) -> bool {
    path.file_name().is_some_and(|name| IssueId::from_file_name(name.as_encoded_bytes()).is_some())
}

pub(crate) fn code(error: &Error) -> &'static str {
    match error {
        Error::NoRepository { .. } => "no_repository",
        Error::NoWorktree { .. } => "no_worktree",
        Error::Io { .. } => "io",
        Error::Git(git::Error::Unreadable { .. }) => "git_unreadable",
        Error::Git(git::Error::Corrupt { .. }) => "corrupt",
        Error::Git(git::Error::Run(_)) => "git_failed",
        Error::Corrupt { path, .. } if is_issue(path) => "invalid_issue_file",
        Error::Corrupt { path, .. } if is_versioned(path) => "invalid_file",
        Error::Corrupt { .. } => "corrupt",
        Error::Busy { .. } => "busy",
        Error::Contended { .. } => "contended",
        Error::Unsure { .. } => "outcome_unknown",
    }
}
