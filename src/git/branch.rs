//! Creates a branch and the first line of its reflog.

use gix::bstr::ByteSlice;
use gix::refs::FullName;
use gix::refs::transaction::{PreviousValue, RefEdit};
use gix::{ObjectId, Repository};

use crate::domain::id::AgentId;
use crate::git::history;
use crate::git::{Error, Result};

/// Characters that Git removes from a name in a reflog too.
const NOT_IN_A_NAME: [char; 3] = ['<', '>', '\n'];

/// Creates a branch at a commit. Returns `false` if a branch of that name exists.
///
/// The reflog names the committer, or the agent if Git has no `user.name`, so that no identity is needed to create a branch. The time
/// is the committer date of the environment, as in Git, or the current time in UTC: this avoids loading a time zone database.
pub(crate) fn create(repo: &Repository, branch: &str, at: ObjectId, who: &AgentId) -> Result<bool> {
    let what = || format!("branch {branch}");
    let full = format!("refs/heads/{branch}");
    let name = FullName::try_from(full.as_str()).map_err(gix::Error::from_error).map_err(Error::unreadable(what()))?;
    let edit = RefEdit::update(name, at, PreviousValue::MustNotExist, "branch: Created by git jit");
    let config = repo.config_snapshot();
    let part = |key: &str| config.string(&format!("committer.{key}")).or_else(|| config.string(&format!("user.{key}")));
    let plain = |text: String| text.replace(NOT_IN_A_NAME, "").trim().to_owned();
    let name = part("name").map(|name| plain(name.to_string())).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| who.to_string());
    let email = part("email").map(|email| plain(email.to_string())).unwrap_or_default();
    let date = config.string("gitoxide.commit.committerDate").and_then(|date| gix::date::parse(&date.to_str_lossy(), None).ok());
    let time = date.unwrap_or_else(gix::date::Time::now_utc).to_string();
    let committer = gix::actor::SignatureRef { name: name.as_str().into(), email: email.as_str().into(), time: &time };
    match repo.edit_references_as([edit], Some(committer)) {
        // The library also succeeds if the branch exists at this commit.
        Ok(edits) => Ok(edits.iter().all(|edit| edit.change.previous_value().is_none())),
        Err(_) if history::ref_commit(repo, &full).is_some() => Ok(false),
        Err(error) => Err(Error::unreadable(what())(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::file;

    /// The repository with its own configuration only, without that of the user who runs the test.
    fn repository(dir: &std::path::Path) -> Repository {
        gix::open_opts(dir, gix::open::Options::isolated()).expect("a repository")
    }

    #[test]
    fn the_reflog_names_the_committer_or_else_the_agent() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = gix::init(dir.path()).expect("a repository");
        let signature = gix::actor::SignatureRef { name: "first".into(), email: "".into(), time: "0 +0000" };
        let tree = first.empty_tree().id;
        let first = first.commit_as(signature, signature, "refs/heads/first", "first", tree, None::<ObjectId>);
        let first = first.expect("it can be written").detach();
        let who: AgentId = "agent:alice".parse().expect("an id");
        let log_of = |branch: &str| std::fs::read_to_string(dir.path().join(".git/logs/refs/heads").join(branch)).expect("a log");
        let creates = |branch: &str| create(&repository(dir.path()), branch, first, &who).expect("it can be looked for");
        assert!(creates("agents"));
        assert_eq!(history::ref_commit(&repository(dir.path()), "refs/heads/agents"), Some(first));
        let log = log_of("agents");
        assert!(log.contains(&format!("{first} agent:alice <> ")), "{log}");
        assert!(log.ends_with(" +0000\tbranch: Created by git jit\n"), "{log}");
        assert!(!creates("agents") && log_of("agents") == log, "it exists already");
        let configured = |lines: &str| {
            let path = dir.path().join(".git/config");
            let before = std::fs::read_to_string(&path).expect("it was made");
            file::replace(&path, (before + lines).as_bytes(), file::Modes::PRIVATE).expect("a file in our own directory");
        };
        configured("[user]\nname = A <\\n> U Thor\nemail = a@example.org\n");
        assert!(creates("users") && log_of("users").contains(" A  U Thor <a@example.org> "), "{}", log_of("users"));
        configured("[committer]\nname = C O Mitter\n");
        assert!(creates("committers") && log_of("committers").contains(" C O Mitter <a@example.org> "), "{}", log_of("committers"));
        assert!(create(&repository(dir.path()), "no..name", first, &who).is_err());
    }
}
