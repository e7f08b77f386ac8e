//! The only module that runs `gh`, which knows who the user is on GitHub and where this repository is there.
//!
//! One question: what an issue says. What goes wrong is told apart by what the user has to do about it. The answer has a time
//! limit, since `gh` has none.

#![deny(clippy::wildcard_enum_match_arm)]
#![expect(clippy::disallowed_methods, reason = "this is the module that may run gh")]

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::process::GIT_LOCAL_VARIABLES;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

/// An issue on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RemoteIssue {
    /// Its title, which may say anything.
    pub title: String,
    /// `OPEN` or `CLOSED`.
    #[serde(default)]
    pub state: String,
    /// What is to be done, which may say anything.
    #[serde(default)]
    pub body: String,
    /// Its page.
    #[serde(default)]
    pub url: String,
}

impl RemoteIssue {
    /// Whether it is closed there, for whatever reason.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.eq_ignore_ascii_case("closed")
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such program.
    #[error("issue #{number} is GitHub's, and gh, which asks there, is not on PATH")]
    NoProgram {
        /// The issue.
        number: String,
    },
    /// There is no such issue.
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
    /// Nobody is logged in.
    #[error("gh is not logged in: {said}")]
    NotLoggedIn {
        /// What it said.
        said: String,
    },
    /// The repository is not on GitHub.
    #[error("this repository has no remote on GitHub to ask for issue #{number}")]
    NoRemote {
        /// The issue.
        number: String,
    },
    /// Too many questions were asked.
    #[error("GitHub takes no more questions for now: {said}")]
    RateLimit {
        /// What it said.
        said: String,
    },
    /// GitHub cannot be reached.
    #[error("GitHub cannot be reached: {said}")]
    Offline {
        /// What it said.
        said: String,
    },
    /// It failed in another way.
    #[error("gh failed: {said}")]
    Failed {
        /// What it said.
        said: String,
    },
    /// What it said makes no sense.
    #[error("gh said of issue #{number} what cannot be read: {why}")]
    Malformed {
        /// The issue.
        number: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        let without = "To do without GitHub: spawn takes --title \"…\", purge takes --offline";
        match self {
            Self::NoProgram { .. } => {
                Diagnosis::new("gh_not_found", ExitStatus::NotFound).hint("To install it: https://cli.github.com").hint(without)
            }
            Self::NoSuchIssue { number } => Diagnosis::new("github_issue_not_found", ExitStatus::NotFound)
                .hint(format!("To see it: gh issue view {number}"))
                .hint("An issue of this repository is named by its id: git jit issue list"),
            Self::PullRequest { .. } => {
                Diagnosis::new("github_pull_request", ExitStatus::Usage).hint("Name the issue that it is for")
            }
            Self::NotLoggedIn { .. } => {
                Diagnosis::new("gh_not_logged_in", ExitStatus::Refused).hint("To log in: gh auth login").hint(without)
            }
            Self::NoRemote { .. } => Diagnosis::new("github_no_remote", ExitStatus::NotFound)
                .hint("To choose a repository there: gh repo set-default")
                .hint(without),
            Self::RateLimit { .. } => Diagnosis::new("github_rate_limit", ExitStatus::Busy)
                .hint("Try again later; to see the limit: gh api rate_limit")
                .hint(without),
            Self::Offline { .. } => Diagnosis::new("github_offline", ExitStatus::Broken)
                .hint("Try again when you are online")
                .hint(without)
                .retryable(true),
            Self::Failed { .. } => {
                Diagnosis::new("gh_failed", ExitStatus::Broken).hint("To see what it prints: gh issue view").hint(without)
            }
            Self::Malformed { .. } => {
                Diagnosis::new("gh_malformed", ExitStatus::Invalid).hint("To see what it prints: gh issue view").hint(without)
            }
        }
    }
}

/// What GitHub says of an issue of the repository in `dir`.
pub(crate) fn issue(dir: &Path, number: &str) -> Result<RemoteIssue, Error> {
    let mut command = Command::new("gh");
    for variable in GIT_LOCAL_VARIABLES {
        command.env_remove(variable);
    }
    command.args(["issue", "view", number, "--json", "number,title,state,body,url"]).current_dir(dir);
    command.env("GH_PROMPT_DISABLED", "1").env("GH_NO_UPDATE_NOTIFIER", "1").env("NO_COLOR", "1").env("LC_ALL", "C");
    let (status, answer, complaint) = match answer(command) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoProgram { number: number.to_owned() }),
        Err(error) => return Err(Error::Failed { said: error.to_string() }),
        Ok(told) => told,
    };
    if status != Some(0) {
        return Err(meaning(number, status, &complaint));
    }
    let issue: RemoteIssue =
        serde_json::from_str(&answer).map_err(|error| Error::Malformed { number: number.to_owned(), why: error.to_string() })?;
    if issue.url.contains("/pull/") {
        return Err(Error::PullRequest { number: number.to_owned() });
    }
    Ok(issue)
}

/// Its status, if it had one in time, and what it said on either stream.
fn answer(mut command: Command) -> io::Result<(Option<i32>, String, String)> {
    // Files and not pipes: what it leaves running may keep its streams open for ever.
    let (out, err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?).spawn()?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status.code();
        }
        if Instant::now() > deadline {
            end(&mut child);
            return Ok((None, String::new(), format!("no answer in {} seconds: timeout", PATIENCE.as_secs())));
        }
        std::thread::sleep(PAUSE);
    };
    Ok((status, said(out)?, said(err)?))
}

fn said(mut file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// What a failure means, by status 4 and the words that `gh` and the API use.
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
    fn what_gh_says_is_told_apart_by_what_there_is_to_do() {
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
