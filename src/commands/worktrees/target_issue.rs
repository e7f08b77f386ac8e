//! The issue of a new worktree: one of this repository, or a number on GitHub, for which an issue is found or created.

use gix::bstr::ByteSlice;

use crate::commands::shared::session::{Session, issues, resolve};
use crate::commands::shared::worktree_list::issue_in;
use crate::domain::id::{IdError, IssueId, IssueRef};
use crate::domain::issue::{Document, Draft, LONGEST_TITLE, deceives, valid_title};
use crate::domain::policy::Policy;
use crate::error::Error;
use crate::forge::github::{self, RemoteIssue};
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::worktrees;
use crate::worktree::name;

/// The issue to work on.
pub(crate) struct TargetIssue {
    pub document: Document,
    /// Whether it is closed on GitHub.
    pub is_closed_on_github: bool,
}

impl TargetIssue {
    fn existing(document: Document) -> Result<Self, Error> {
        if document.issue().is_deleted() {
            return Err(Error::Deleted { issue: document.issue().id });
        }
        Ok(Self { document, is_closed_on_github: false })
    }

    /// The issue that the user named.
    pub(crate) fn find(
        session: &Session,
        layout: &Layout,
        policy: &Policy,
        named: &str,
        title: Option<&str>,
    ) -> Result<Self, Error> {
        let store = issues(layout, policy)?;
        let Some(number) = name::as_github_number(named) else {
            let (id, source) = match resolve(&store, named) {
                Err(Error::Id(IdError::NoSuchIssue { text })) => {
                    // An issue that was created in its own worktree is nowhere else until it is merged.
                    let wanted = IssueRef::parse(named)?;
                    let found = in_own_worktree(layout, |document| wanted.matches(&document.issue().id))?;
                    return Self::existing(found.ok_or(IdError::NoSuchIssue { text })?);
                }
                found => found?,
            };
            return Self::existing(store.load(id, source)?);
        };
        if let Some(document) = by_github_number(layout, &store, number)? {
            return Self::existing(document);
        }
        let dir = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
        let remote = match title {
            Some(title) => RemoteIssue { title: title.to_owned(), state: String::new(), body: String::new(), url: String::new() },
            None => github::issue(dir, number).map_err(|error| explain_prefix(&store, named, error))?,
        };
        let is_closed_on_github = remote.is_closed();
        Ok(Self { document: create(session, layout, number, remote, title.is_some())?, is_closed_on_github })
    }
}

/// Replaces the error if the user probably typed the first digits of an id, which look like a number on GitHub.
fn explain_prefix(store: &IssueStore<'_>, named: &str, error: github::Error) -> Error {
    match resolve(store, named) {
        Ok((id, _)) => Error::NotThere {
            what: "issue on GitHub",
            name: format!("#{named}"),
            hint: format!("To use the issue here that begins with these digits: git jit worktree spawn {}", id.short()),
        },
        Err(_) => error.into(),
    }
}

/// The issue for a number on GitHub: as this worktree sees it, else as its own worktree has it.
fn by_github_number(layout: &Layout, store: &IssueStore<'_>, number: &str) -> Result<Option<Document>, Error> {
    let is_it = |document: &Document| name::github_number(document.issue()).as_deref() == Some(number);
    let listing = store.list()?;
    let mut found: Vec<Document> = listing.issues.into_iter().map(|(document, _)| document).filter(is_it).collect();
    if found.iter().any(|document| !document.issue().is_deleted()) {
        found.retain(|document| !document.issue().is_deleted());
    }
    if found.len() > 1 {
        let candidates = found.iter().map(|document| document.issue().id).collect();
        return Err(IdError::Ambiguous { text: format!("#{number}"), candidates }.into());
    }
    if let Some(document) = found.pop() {
        return Ok(Some(document));
    }
    in_own_worktree(layout, is_it)
}

/// An issue as its own worktree has it.
fn in_own_worktree(layout: &Layout, is_it: impl Fn(&Document) -> bool) -> Result<Option<Document>, Error> {
    for worktree in worktrees::list(layout)? {
        let Some(id) = worktree.identity.as_ref().and_then(|identity| identity.issue_id) else { continue };
        if let Some(document) = issue_in(&worktree.root, id)?.filter(&is_it) {
            return Ok(Some(document));
        }
    }
    Ok(None)
}

/// Creates an issue for one on GitHub. Its id is derived from its URL, so every clone creates the same id.
fn create(session: &Session, layout: &Layout, number: &str, remote: RemoteIssue, is_typed: bool) -> Result<Document, Error> {
    let title = if is_typed { valid_title(&remote.title)?.to_owned() } else { to_title(&remote.title, number) };
    let url = url_of(layout, number, &remote.url);
    let created_at = session.cx.clock().now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut draft = Draft::new(id_of(&url), &title, created_at);
    draft.description = remote.body.replace("\r\n", "\n");
    draft.context.insert("github".to_owned(), number.to_owned());
    if !remote.url.is_empty() {
        draft.context.insert("github_url".to_owned(), remote.url);
    }
    Ok(Document::create(&draft))
}

/// Makes a title from GitHub valid: one line, without control characters, not too long.
fn to_title(title: &str, number: &str) -> String {
    let plain: String = title.chars().map(|c| if deceives(c) { ' ' } else { c }).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(LONGEST_TITLE).collect();
    valid_title(&short).map_or_else(|_| format!("GitHub issue #{number}"), str::to_owned)
}

/// The URL of an issue on GitHub, without the scheme: the reported one, else one derived from the remote `origin`.
fn url_of(layout: &Layout, number: &str, url: &str) -> String {
    if let Some(page) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) {
        return page.to_lowercase();
    }
    let origin = layout.repo.find_remote("origin").ok();
    let fetched = origin.as_ref().and_then(|remote| remote.url(gix::remote::Direction::Fetch));
    let path = fetched.map(|url| {
        let path = url.path.to_str_lossy();
        let path = path.trim_matches('/');
        format!("{}/{}", url.host().unwrap_or_default(), path.strip_suffix(".git").unwrap_or(path))
    });
    format!("{}/issues/{number}", path.unwrap_or_default()).to_lowercase()
}

/// The UUID of a URL: RFC 9562 section 5.5 (version 5), in the URL namespace.
fn id_of(url: &str) -> IssueId {
    let mut name = uuid::Uuid::NAMESPACE_URL.as_bytes().to_vec();
    name.extend_from_slice(format!("https://{url}").as_bytes());
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&name);
    let digest = hasher.try_finalize().map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, hashed)| *byte = hashed);
    IssueId::from_uuid(uuid::Builder::from_sha1_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_one_id_and_another_url_another() {
        let id = id_of("github.com/o/r/issues/42");
        // python3 -c "import uuid; print(uuid.uuid5(uuid.NAMESPACE_URL, 'https://github.com/o/r/issues/42'))"
        assert_eq!(id.to_string(), "d3d80375-ae7d-58e4-af92-e9e3d2161a5a");
        assert_ne!(id, id_of("github.com/o/r/issues/421"));
    }

    #[test]
    fn a_title_from_github_becomes_one_line() {
        assert_eq!(to_title("  Fix\n\tit\u{7} now ", "1"), "Fix it now");
        assert_eq!(to_title("\u{202e}", "7"), "GitHub issue #7");
        assert_eq!(to_title(&"x ".repeat(300), "7").chars().count(), 399);
    }
}
