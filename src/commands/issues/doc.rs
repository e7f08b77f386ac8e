//! `git jit doc`: files of the repository that belong to an issue.

use std::path::{Component, Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::issues::issue::EditReport;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::id::IssueId;
use crate::error::Error;
use crate::git::tree;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};
use crate::store::layout::Layout;

/// Verbs of `doc`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Name a file that belongs to an issue
    Add(AddArgs),
    /// List the files that belong to an issue
    List(ListArgs),
    /// Name a file no longer; the file itself stays
    #[command(visible_alias = "remove")]
    Rm(RmArgs),
}

// Arguments of `doc add`.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The file, which must be there
    path: PathBuf,
    /// The commit that has the version which is meant
    #[arg(long, short, value_name = "REV")]
    commit: Option<String>,
    /// What it is called
    #[arg(long, short, visible_alias = "title", value_name = "TEXT")]
    label: Option<String>,
    /// What kind of text it is, for example design
    #[arg(long, value_name = "KIND")]
    doc_type: Option<String>,
}

// Arguments of `doc list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
}

// Arguments of `doc rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct RmArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The file, as `doc list` has it
    path: PathBuf,
}

/// Runs a verb of `doc`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Add(args) => add(session, args),
        Verb::List(args) => list(session, args),
        Verb::Rm(args) => remove(session, args),
    }
}

fn add(session: &Session, args: AddArgs) -> CommandResult {
    let AddArgs { issue, path, commit, label, doc_type } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    let path = below_root(session, layout, &path)?;
    let commit = commit.map(|rev| pinned(layout, &rev, &path)).transpose()?;
    if commit.is_none() && !layout.require_worktree()?.join(&path).is_file() {
        return Err(no_file(&path, "Give a file that is there, or the commit that has it: --commit REV"));
    }
    let entry = json!({ "path": path, "commit": commit, "label": label, "doc_type": doc_type });
    let (changed, ()) = edit.edit(id, "documents", |document| {
        let mut all = documents(document.issue().rest.get("documents"));
        let is_same = |other: &Value| other.get("path") == entry.get("path") && other.get("commit") == entry.get("commit");
        match all.iter_mut().find(|other| is_same(other)) {
            // What another tool knows of the file stays.
            Some(Value::Object(known)) => {
                let given = entry.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
                given.for_each(|(key, value)| drop(known.insert(key.clone(), value.clone())));
            }
            _ => all.push(entry.clone()),
        }
        document.set("documents", &Value::from(all));
        Ok(())
    })?;
    Ok(Box::new(EditReport::of(changed, format!("{path} belongs to issue {}", id.short()))))
}

fn remove(session: &Session, args: RmArgs) -> CommandResult {
    let RmArgs { issue, path } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    let typed = path.to_string_lossy().into_owned();
    let names = [Some(typed), below_root(session, layout, &path).ok()];
    let (changed, ()) = edit.edit(id, "documents", |document| {
        let mut all = documents(document.issue().rest.get("documents"));
        let before = all.len();
        all.retain(|entry| !names.iter().flatten().any(|name| entry.get("path").and_then(Value::as_str) == Some(name)));
        if all.len() != before {
            document.set("documents", &Value::from(all));
        }
        Ok(())
    })?;
    Ok(Box::new(EditReport::of(changed, format!("{} does not belong to issue {}", path.display(), id.short()))))
}

fn list(session: &Session, args: ListArgs) -> CommandResult {
    let ListArgs { issue } = args;
    let layout = session.layout()?;
    let store = issues(layout, &session.policy(layout))?;
    let (issue, source) = resolve(&store, &issue)?;
    let document = store.load(issue, source)?;
    let root = layout.worktree_root.clone();
    let one = |entry: Value| {
        let path = entry.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_there = root.as_ref().is_some_and(|root| root.join(&path).exists());
        (entry, is_there)
    };
    let all = documents(document.issue().rest.get("documents")).into_iter().map(one).collect();
    Ok(Box::new(DocumentReport { issue, all }))
}

fn documents(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

fn no_file(name: &str, hint: &str) -> Error {
    Error::NotThere { what: "file", name: name.to_owned(), hint: hint.to_owned() }
}

/// A path from the root of the worktree, with `/`, free of `.` and `..`; an error for one that leads out of it.
fn below_root(session: &Session, layout: &Layout, path: &Path) -> Result<String, Error> {
    let root = layout.require_worktree()?;
    let outside = || no_file(&path.display().to_string(), "Give a file of this worktree, not of .git or .jit");
    let cwd = session.cx.cwd.canonicalize().unwrap_or_else(|_| session.cx.cwd.clone());
    let mut parts: Vec<String> = Vec::new();
    for part in cwd.join(path).components() {
        match part {
            Component::Prefix(_) | Component::RootDir => parts.clear(),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name.to_str().ok_or_else(outside)?.to_owned()),
        }
    }
    let whole = Path::new("/").join(parts.join("/"));
    let relative = whole.strip_prefix(root).map_err(|_| outside())?.to_string_lossy().into_owned();
    let is_ours = [".git", ".jit"].iter().any(|dir| relative.split('/').next() == Some(dir));
    if is_ours {
        let what = format!("{relative} is Git's or git jit's own, and no document");
        return Err(Error::Usage { what, hint: "Give another file of this worktree".to_owned() });
    }
    if relative.is_empty() || relative.chars().any(crate::domain::issue::deceives) { Err(outside()) } else { Ok(relative) }
}

/// The full id of the commit that was meant, if it has the file.
fn pinned(layout: &Layout, rev: &str, path: &str) -> Result<String, Error> {
    let commit = crate::commands::shared::session::commit_of(layout, rev)?;
    if tree::has_path(&layout.repo, commit, path)? {
        Ok(commit.to_string())
    } else {
        Err(no_file(path, "Give a commit that has it: git log -- PATH"))
    }
}

struct DocumentReport {
    issue: IssueId,
    all: Vec<(Value, bool)>,
}

impl Report for DocumentReport {
    fn json(&self) -> Value {
        let one = |(entry, is_there): &(Value, bool)| {
            let field = |name: &str| entry.get(name).cloned().unwrap_or_default();
            json!({
                "path": field("path"), "commit": field("commit"), "label": field("label"), "doc_type": field("doc_type"),
                "exists": is_there,
            })
        };
        json!({ "issue_id": self.issue, "count": self.all.len(), "documents": self.all.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.all.is_empty() {
            return "No documents\n".to_owned();
        }
        let row = |(entry, is_there): &(Value, bool)| {
            let field = |name: &str| plain_line(entry.get(name).and_then(Value::as_str).unwrap_or_default());
            let commit: String = field("commit").chars().take(10).collect();
            let gone = if *is_there || !commit.is_empty() { "" } else { "not there" };
            vec![field("path"), commit, field("doc_type"), field("label"), gone.to_owned()]
        };
        let rows: Vec<Vec<String>> = self.all.iter().map(row).collect();
        table(
            &["PATH", "COMMIT", "KIND", "LABEL", ""],
            &rows,
            styles,
            |column, cell| if column == 4 { styles.bad(cell) } else { cell.to_owned() },
        )
    }
}
