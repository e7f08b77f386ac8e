//! The only module that runs `gh`, which knows the user's GitHub account and the repository there.
//!
//! It reads issues. Failures are distinguished by what the user has to do. Each call has a time limit, since `gh` has none.

#![deny(clippy::wildcard_enum_match_arm)]
#![expect(clippy::disallowed_methods, reason = "this is the module that may run gh")]

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::process::{self, GIT_LOCAL_VARIABLES};

/// The time limit of a call.
const PATIENCE: Duration = Duration::from_secs(30);

/// An issue on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RemoteIssue {
    /// Its title; arbitrary text.
    pub title: String,
    /// `OPEN` or `CLOSED`.
    #[serde(default)]
    pub state: String,
    /// Its description; arbitrary text.
    #[serde(default)]
    pub body: String,
    /// The URL of its page.
    #[serde(default)]
    pub url: String,
}

impl RemoteIssue {
    /// Whether it is closed, for any reason.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.eq_ignore_ascii_case("closed")
    }
}

/// Why an issue could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// `gh` is not installed.
    #[error("cannot read GitHub issue #{number}: gh is not on PATH")]
    NoProgram {
        /// The issue.
        number: String,
    },
    /// The issue does not exist.
    #[error("GitHub has no issue #{number} in this repository")]
    NoSuchIssue {
        /// The issue.
        number: String,
    },
    /// The number is that of a pull request.
    #[error("#{number} is a pull request, not an issue")]
    PullRequest {
        /// The number.
        number: String,
    },
    /// `gh` is not logged in.
    #[error("gh is not logged in: {said}")]
    NotLoggedIn {
        /// What it said.
        said: String,
    },
    /// The repository has no GitHub remote.
    #[error("cannot read GitHub issue #{number}: this repository has no remote on GitHub")]
    NoRemote {
        /// The issue.
        number: String,
    },
    /// The rate limit is exceeded.
    #[error("GitHub's rate limit is exceeded: {said}")]
    RateLimit {
        /// What it said.
        said: String,
    },
    /// GitHub cannot be reached.
    #[error("cannot reach GitHub: {said}")]
    Offline {
        /// What it said.
        said: String,
    },
    /// `gh` failed for another reason.
    #[error("gh failed: {said}")]
    Failed {
        /// What it said.
        said: String,
    },
    /// The output of `gh` is not valid.
    #[error("cannot parse gh's output for issue #{number}: {why}")]
    Malformed {
        /// The issue.
        number: String,
        /// The reason.
        why: String,
    },
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        let without = "Without GitHub: use --title \"…\" with spawn, or --offline with purge";
        match self {
            Self::NoProgram { .. } => {
                Diagnosis::new("gh_not_found", ExitStatus::NotFound).hint("To install it: https://cli.github.com").hint(without)
            }
            Self::NoSuchIssue { number } => Diagnosis::new("github_issue_not_found", ExitStatus::NotFound)
                .hint(format!("To see it: gh issue view {number}"))
                .hint("To list the ids of this repository's issues: git jit issue list"),
            Self::PullRequest { .. } => {
                Diagnosis::new("github_pull_request", ExitStatus::Usage).hint("Give the number of its issue instead")
            }
            Self::NotLoggedIn { .. } => {
                Diagnosis::new("gh_not_logged_in", ExitStatus::Refused).hint("To log in: gh auth login").hint(without)
            }
            Self::NoRemote { .. } => Diagnosis::new("github_no_remote", ExitStatus::NotFound)
                .hint("To choose a repository there: gh repo set-default")
                .hint(without),
            Self::RateLimit { .. } => Diagnosis::new("github_rate_limit", ExitStatus::Busy)
                .hint("Try again later. To see the limit: gh api rate_limit")
                .hint(without),
            Self::Offline { .. } => Diagnosis::new("github_offline", ExitStatus::Broken)
                .hint("Try again when you are online")
                .hint(without)
                .retryable(true),
            Self::Failed { .. } => {
                Diagnosis::new("gh_failed", ExitStatus::Broken).hint("To see its output: gh issue view").hint(without)
            }
            Self::Malformed { .. } => {
                Diagnosis::new("gh_malformed", ExitStatus::Invalid).hint("To see its output: gh issue view").hint(without)
            }
        }
    }
}

/// Reads an issue of the repository in `dir` from GitHub.
pub(crate) fn issue(dir: &Path, number: &str) -> Result<RemoteIssue, Error> {
    let mut command = Command::new("gh");
    for variable in GIT_LOCAL_VARIABLES {
        command.env_remove(variable);
    }
    command.args(["issue", "view", number, "--json", "number,title,state,body,url"]).current_dir(dir);
    command.env("GH_PROMPT_DISABLED", "1").env("GH_NO_UPDATE_NOTIFIER", "1").env("NO_COLOR", "1").env("LC_ALL", "C");
    let output = match process::capture(command.stdin(Stdio::null()), PATIENCE) {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoProgram { number: number.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            return Err(Error::Offline { said: format!("no answer in {} seconds: timeout", PATIENCE.as_secs()) });
        }
        Err(error) => return Err(Error::Failed { said: error.to_string() }),
    };
    if !output.status.success() {
        return Err(meaning(number, output.status.code(), &String::from_utf8_lossy(&output.stderr)));
    }
    let issue: RemoteIssue = serde_json::from_slice(&output.stdout)
        .map_err(|error| Error::Malformed { number: number.to_owned(), why: error.to_string() })?;
    if issue.url.contains("/pull/") {
        return Err(Error::PullRequest { number: number.to_owned() });
    }
    Ok(issue)
}

/// Classifies a failure, by exit status 4 and the messages of `gh` and the API.
fn meaning(number: &str, status: Option<i32>, complaint: &str) -> Error {
    let said = complaint.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect::<Vec<_>>().join(" ");
    let lower = complaint.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let number = number.to_owned();
    if has(&["rate limit", "http 429", "abuse detection"]) {
        Error::RateLimit { said }
    } else if status == Some(4) || has(&["gh auth login", "http 401", "bad credentials"]) {
        Error::NotLoggedIn { said }
    } else if has(&["could not resolve to an issue", "could not resolve to a pull", "no issue found", "issue not found"]) {
        Error::NoSuchIssue { number }
    } else if has(&["no git remotes", "known github host", "no default remote", "not a git repository"]) {
        Error::NoRemote { number }
    } else if has(&["error connecting", "dial tcp", "no such host", "could not resolve host", "timeout", "timed out", "network"]) {
        Error::Offline { said }
    } else {
        let said = if said.is_empty() { format!("status {}", status.unwrap_or(-1)) } else { said };
        Error::Failed { said }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_gh_are_classified() {
        for (status, complaint, code) in [
            (
                1,
                "GraphQL: Could not resolve to an issue or pull request with the number of 999. (repository.issue)",
                "github_issue_not_found",
            ),
            (4, "To get started with GitHub CLI, please run:  gh auth login", "gh_not_logged_in"),
            (
                1,
                "HTTP 401: Bad credentials (https://api.github.com/graphql)\nTry authenticating with:  gh auth login",
                "gh_not_logged_in",
            ),
            (1, "GraphQL: API rate limit exceeded for user ID 1.", "github_rate_limit"),
            (1, "HTTP 403: You have exceeded a secondary rate limit.", "github_rate_limit"),
            (1, "error connecting to api.github.com\ncheck your internet connection or https://githubstatus.com", "github_offline"),
            (1, "dial tcp: lookup api.github.com: no such host", "github_offline"),
            (1, "no git remotes found", "github_no_remote"),
            (1, "none of the git remotes configured for this repository point to a known GitHub host.", "github_no_remote"),
            (2, "", "gh_failed"),
        ] {
            let error = meaning("999", Some(status), complaint);
            let diagnosis = error.diagnosis();
            assert_eq!(diagnosis.code, code, "{complaint}");
            assert!(!diagnosis.hints.is_empty());
        }
    }
}
