//! What an error of the store means to a program, and what the user can do about it.

#![deny(clippy::wildcard_enum_match_arm)]

use std::io::ErrorKind;
use std::path::{Component, Path};

use serde_json::json;

use crate::domain::id::IssueId;
use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::store::Error;
use crate::store::clone;
use crate::store::identity::Identity;

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::NoRepository { .. } => Diagnosis::new("no_repository", ExitStatus::NotFound).hint("To create one: git init"),
            Self::NoWorktree { has_some, .. } => Diagnosis::new("no_worktree", ExitStatus::NotFound).hint(if *has_some {
                "To see the worktrees: git jit worktree list. To go to the primary one: wt goto main"
            } else {
                "To create the first worktree: git jit worktree init"
            }),
            Self::Io { source, .. } => {
                Diagnosis::new("io", ExitStatus::Broken).hint(if source.kind() == ErrorKind::PermissionDenied {
                    "To see who may write there: ls -ld, on its directory"
                } else if source.kind() == ErrorKind::StorageFull {
                    "Nothing was lost: free some space and repeat the command"
                } else {
                    ""
                })
            }
            Self::Git(error) => error.diagnosis(),
            Self::Corrupt { path, line, .. } => corrupt(path).data(json!({ "file": path.display().to_string(), "line": line })),
            Self::BadSetting { key, .. } => {
                Diagnosis::new("bad_setting", ExitStatus::Usage).hint(format!("To remove it: git config --unset {key}"))
            }
            Self::NotMoved { hint, .. } => Diagnosis::new("not_moved", ExitStatus::Refused).hint(hint.as_str()),
            Self::Busy { .. } => Diagnosis::new("busy", ExitStatus::Busy).hint("Try again in a moment"),
            Self::Contended { .. } => Diagnosis::new("contended", ExitStatus::Busy).hint("Try again in a moment"),
            Self::Unsure { .. } => unsure(),
        }
    }
}

/// The diagnosis of a write that may have succeeded or not.
pub(crate) fn unsure() -> Diagnosis {
    Diagnosis::new("outcome_unknown", ExitStatus::Unknown)
        .hint("Repeat the command: what was done already is not done twice")
        .retryable(true)
}

/// Versioned data that does not parse is invalid; a file of the program's own is broken.
fn corrupt(path: &Path) -> Diagnosis {
    const BY_HAND: &str = "Repair it by hand, or set it aside: docs/storage.md describes it";
    let name = path.file_name().unwrap_or_default();
    let is_lease_log = name.as_encoded_bytes().starts_with(b"claims") && path.extension().is_some_and(|end| end == "jsonl");
    let is_in_jit = |part: Component<'_>| part.as_os_str() == ".jit" || part.as_os_str() == "HEAD:.jit";
    if IssueId::from_file_name(name.as_encoded_bytes()).is_some() {
        let hint = "To see the committed versions: git log -p, on that file";
        return Diagnosis::new("invalid_issue_file", ExitStatus::Invalid).hint(hint);
    }
    let (code, status) =
        if path.components().any(is_in_jit) { ("invalid_file", ExitStatus::Invalid) } else { ("corrupt", ExitStatus::Broken) };
    let hint = if is_lease_log {
        "To see what can be recovered: git jit recover --dry-run".to_owned()
    } else if name == "worktree.json" {
        Identity::how_to_renew(path)
    } else if name == "clone.json" {
        clone::how_to_renew(path)
    } else {
        BY_HAND.to_owned()
    };
    Diagnosis::new(code, status).hint(hint)
}
