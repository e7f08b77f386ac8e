//! `git jit doc`: files of the repository that belong to an issue.

use std::path::{Component, Path, PathBuf};

use clap::Subcommand;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::commands::issues::report::EditReport;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session, commit_of, resolve};
use crate::domain::id::IssueId;
use crate::domain::issue::{Issue, deceives};
use crate::error::Error;
use crate::git::tree;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};
use crate::store::layout::Layout;

/// Verbs of `doc`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Add a file to an issue
    Add(AddArgs),
    /// List the files of an issue
    List(ListArgs),
    /// Remove a file from an issue; the file itself stays
    #[command(visible_alias = "remove")]
    Rm(RmArgs),
}

// Arguments of `doc add`.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The file, which must exist
    path: PathBuf,
    /// The commit with the version of the file that is meant
    #[arg(long, short, value_name = "REV")]
    commit: Option<String>,
    /// The title of the file
    #[arg(long, short, visible_alias = "title", value_name = "TEXT")]
    label: Option<String>,
    /// The kind of text, for example design
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
    /// The file, as doc list prints it
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
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    let path = below_root(session, edit.layout, &path)?;
    let commit = commit.map(|rev| commit_with(edit.layout, &rev, &path)).transpose()?;
    if commit.is_none() && !edit.layout.require_worktree()?.join(&path).is_file() {
        return Err(no_file(&path, "Name an existing file, or the commit that has it: --commit REV"));
    }
    let entry = json!({ "path": path, "commit": commit, "label": label, "doc_type": doc_type });
    let (changed, ()) = edit.edit(id, "documents", |document| {
        let mut all = documents(document.issue());
        let is_same = |other: &Value| other.get("path") == entry.get("path") && other.get("commit") == entry.get("commit");
        match all.iter_mut().find(|other| is_same(other)) {
            // Members that another tool wrote stay.
            Some(Value::Object(known)) => {
                let given = entry.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
                given.for_each(|(key, value)| drop(known.insert(key.clone(), value.clone())));
            }
            _ => all.push(entry.clone()),
        }
        document.set("documents", &Value::from(all));
        Ok(())
    })?;
    Ok(Box::new(EditReport::new(&changed, vec![format!("{path} belongs to issue {}", id.short())])))
}

fn remove(session: &Session, args: RmArgs) -> CommandResult {
    let RmArgs { issue, path } = args;
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    let typed = path.to_string_lossy().into_owned();
    let names = [Some(typed), below_root(session, edit.layout, &path).ok()];
    let (changed, ()) = edit.edit(id, "documents", |document| {
        let mut all = documents(document.issue());
        let before = all.len();
        all.retain(|entry| !names.iter().flatten().any(|name| entry.get("path").and_then(Value::as_str) == Some(name)));
        if all.len() != before {
            document.set("documents", &Value::from(all));
        }
        Ok(())
    })?;
    Ok(Box::new(EditReport::new(&changed, vec![format!("{} does not belong to issue {}", path.display(), id.short())])))
}

fn list(session: &Session, args: ListArgs) -> CommandResult {
    let ListArgs { issue } = args;
    let store = session.issues()?;
    let (issue_id, source) = resolve(&store, &issue)?;
    let document = store.load(issue_id, source)?;
    let root = session.layout()?.worktree_root.as_ref();
    let entry = |entry: Value| {
        let member = |name: &str| entry.get(name).cloned().unwrap_or_default();
        let path = member("path");
        let exists = root.is_some_and(|root| root.join(path.as_str().unwrap_or_default()).exists());
        DocumentEntry { path, commit: member("commit"), label: member("label"), doc_type: member("doc_type"), exists }
    };
    let documents: Vec<DocumentEntry> = documents(document.issue()).into_iter().map(entry).collect();
    Ok(Box::new(DocumentReport { issue_id, count: documents.len(), documents }))
}

fn documents(issue: &Issue) -> Vec<Value> {
    issue.rest.get("documents").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn no_file(name: &str, hint: &str) -> Error {
    Error::NotThere { what: "file", name: name.to_owned(), hint: hint.to_owned() }
}

/// The path of a file relative to the root of the worktree, with `/` and without `.` and `..`. A path that leads out of the
/// worktree is an error.
fn below_root(session: &Session, layout: &Layout, path: &Path) -> Result<String, Error> {
    let root = layout.require_worktree()?;
    let outside = || no_file(&path.display().to_string(), "Name a file of this worktree that is not in .git or .jit");
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
    let absolute = Path::new("/").join(parts.join("/"));
    let relative = absolute.strip_prefix(root).map_err(|_| outside())?.to_string_lossy().into_owned();
    if [".git", ".jit"].iter().any(|dir| relative.split('/').next() == Some(dir)) {
        let what = format!("{relative} belongs to Git or git jit and cannot be added");
        return Err(Error::Usage { what, hint: "Name another file of this worktree".to_owned() });
    }
    if relative.is_empty() || relative.chars().any(deceives) { Err(outside()) } else { Ok(relative) }
}

/// The full id of the commit `rev`, if it has the file.
fn commit_with(layout: &Layout, rev: &str, path: &str) -> Result<String, Error> {
    let commit = commit_of(layout, rev)?;
    if tree::has_path(&layout.repo, commit, path)? {
        Ok(commit.to_string())
    } else {
        Err(no_file(path, "Name a commit that has it: git log -- PATH"))
    }
}

/// A file of an issue. The members are printed as the issue file has them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Document")]
struct DocumentEntry {
    #[schemars(with = "String")]
    path: Value,
    #[schemars(with = "Option<String>")]
    commit: Value,
    #[schemars(with = "Option<String>")]
    label: Value,
    #[schemars(with = "Option<String>")]
    doc_type: Value,
    /// Whether the worktree has the file.
    exists: bool,
}

/// The files of an issue.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DocumentReport {
    issue_id: IssueId,
    count: usize,
    documents: Vec<DocumentEntry>,
}

impl Report for DocumentReport {
    fn human(&self, styles: &Styles) -> String {
        if self.documents.is_empty() {
            return "No documents\n".to_owned();
        }
        let row = |entry: &DocumentEntry| {
            let text = |value: &Value| plain_line(value.as_str().unwrap_or_default());
            let commit: String = text(&entry.commit).chars().take(10).collect();
            let problem = if entry.exists || !commit.is_empty() { "" } else { "not found" };
            vec![text(&entry.path), commit, text(&entry.doc_type), text(&entry.label), problem.to_owned()]
        };
        let rows: Vec<Vec<String>> = self.documents.iter().map(row).collect();
        table(
            &["PATH", "COMMIT", "KIND", "LABEL", ""],
            &rows,
            styles,
            |column, cell| if column == 4 { styles.bad(cell) } else { cell.to_owned() },
        )
    }
}
