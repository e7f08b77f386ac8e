//! All issues and gates, of this worktree or of a commit.

use gix::{ObjectId, Repository};

use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::domain::tracker::gate::Registry;
use crate::git::tree;
use crate::store::Result;
use crate::store::file;
use crate::store::gates;
use crate::store::issues::{IssueScan, IssueStore};

/// Issues and gates.
pub(crate) struct Snapshot {
    /// The readable issues.
    pub issues: Vec<Document>,
    /// Messages about the others, which name the file.
    pub unreadable: Vec<String>,
    /// The gates, or why their definitions are invalid.
    pub registry: std::result::Result<Registry, String>,
}

impl Snapshot {
    /// Those that a worktree sees.
    pub(crate) fn here(store: &IssueStore<'_>) -> Result<Self> {
        let IssueScan { issues, unreadable } = store.list()?;
        let mut unreadable: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
        let dir = store.sources().local()?.join("issues");
        let names = file::names(&dir)?;
        let strays = names.iter().filter(|name| is_stray(name.as_encoded_bytes()));
        unreadable.extend(strays.map(|name| stray(&dir.join(name).display().to_string())));
        let registry = gates::registry(store.sources()).map_err(|error| error.to_string());
        Ok(Self { issues: issues.into_iter().map(|(document, _)| document).collect(), unreadable, registry })
    }

    /// Those of a commit.
    pub(crate) fn at(repo: &Repository, commit: ObjectId) -> Result<Self> {
        let data = tree::data_tree(repo, commit)?;
        let (mut issues, mut unreadable) = (Vec::new(), Vec::new());
        for (name, entry) in tree::subfolder(repo, data, "issues")? {
            let path = format!("{}/issues/{name}", tree::DATA);
            let Some(id) = IssueId::from_file_name(&name) else {
                unreadable.extend(is_stray(&name).then(|| stray(&path)));
                continue;
            };
            if !entry.is_plain() {
                unreadable.push(format!("{path}: is not a plain file"));
                continue;
            }
            match Document::parse(&tree::blob(repo, entry.oid)?, id) {
                Ok(document) => issues.push(document),
                Err(why) => unreadable.push(format!("{path}: {why}")),
            }
        }
        let registry = match tree::file(repo, data, b"gates.json")? {
            None => Ok(Registry::default()),
            Some(entry) => {
                Registry::parse(&tree::blob(repo, entry.oid)?).map_err(|why| format!("{}/gates.json: {why}", tree::DATA))
            }
        };
        Ok(Self { issues, unreadable, registry })
    }
}

/// Whether a file looks like an issue but is not one, for example because its name is in upper case.
fn is_stray(name: &[u8]) -> bool {
    name.to_ascii_lowercase().ends_with(b".json") && IssueId::from_file_name(name).is_none() && !name.starts_with(b".")
}

fn stray(path: &str) -> String {
    format!("{path}: not an issue: the name must be a lower-case UUID with .json")
}

/// The issues that differ between two commits; `None` if the gates differ, which affects all issues.
pub(crate) fn changed_issues(repo: &Repository, old: ObjectId, new: ObjectId) -> Result<Option<Vec<IssueId>>> {
    let mut issues = Vec::new();
    for difference in tree::differences(repo, tree::data_tree(repo, old)?, tree::data_tree(repo, new)?)? {
        if difference.path == "gates.json" {
            return Ok(None);
        }
        issues.extend(difference.path.strip_prefix(b"issues/").and_then(IssueId::from_file_name));
    }
    Ok(Some(issues))
}
