//! Tests whether the hooks in force refuse a bad edit.
//!
//! The commit hook is run with a copy of the index that contains an invalid issue, and the push hook for a commit that does not
//! exist. Both must be refused under `strict`. Nothing but that copy is written.

use std::path::Path;

use crate::context::Context;
use crate::git::run::Git;
use crate::git::tree;
use crate::hooks::install::Result;
use crate::store::layout::Layout;

/// The path of the invalid issue, an id that no issue has.
const INVALID_ISSUE: &str = ".jit/issues/ca4a5000-0000-4000-8000-000000000000.json";
const EMPTY_BLOB_SHA1: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
const EMPTY_BLOB_SHA256: &str = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813";

/// The result of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CanaryResult {
    /// Our hook refused the edit.
    Refused,
    /// The edit passed, or another hook refused it; with the output.
    Passed(String),
}

/// The id of an existing blob, since managers write trees and need its object. It is not a valid issue, because the id does not match.
fn existing_blob(layout: &Layout) -> Result<String> {
    let head = tree::head_commit(&layout.repo)?;
    let data = head.map(|head| tree::data_tree(&layout.repo, head)).transpose()?.flatten();
    let of_head = tree::files(&layout.repo, data)?.into_values().find(tree::TreeEntry::is_plain);
    let empty = if layout.repo.object_hash() == gix::hash::Kind::Sha1 { EMPTY_BLOB_SHA1 } else { EMPTY_BLOB_SHA256 };
    Ok(of_head.map_or(empty.to_owned(), |entry| entry.oid.to_string()))
}

/// Runs `hook` on the bad edit: the file at `path`, or without one the hook that Git has by configuration.
pub(crate) fn probe(cx: &Context, layout: &Layout, hook: &str, path: Option<&Path>) -> Result<CanaryResult> {
    let here = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
    let scratch = tempfile::tempdir_in(&cx.scratch).map_err(crate::store::Error::io("create a directory in", &cx.scratch))?;
    let git = Git::at(here).env("JIT_ENFORCE_LEASES", "strict").env("GIT_JIT_CANARY", "1").env("GIT_JIT_FORMAT", "text");
    let output = if hook == "pre-push" {
        let lines = scratch.path().join("refs");
        let id = "c".repeat(layout.repo.object_hash().len_in_hex());
        let line = format!("refs/heads/canary {id} refs/heads/canary {}\n", "0".repeat(id.len()));
        crate::store::file::replace(&lines, line.as_bytes(), layout.modes)?;
        if let Some(path) = path {
            let input = std::fs::File::open(&lines).map_err(crate::store::Error::io("open", &lines))?;
            git.hook(path, &["canary", "canary"], Some(input))?
        } else {
            let lines = format!("--to-stdin={}", lines.display());
            git.output(&["hook", "run", "--ignore-missing", &lines, hook, "--", "canary", "canary"])?
        }
    } else {
        let index = scratch.path().join("index");
        if let Some(bytes) = crate::store::file::read_optional(&layout.repo.index_path())? {
            crate::store::file::replace(&index, &bytes, layout.modes)?;
        }
        let git = git.env("GIT_INDEX_FILE", &index);
        let blob = existing_blob(layout)?;
        git.run(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{INVALID_ISSUE}")])?;
        match path {
            Some(path) => git.hook(path, &[], None)?,
            None => git.output(&["hook", "run", "--ignore-missing", hook])?,
        }
    };
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let is_ours = printed.contains("git jit: commit refused") || printed.contains("git jit: push refused");
    Ok(if is_ours && !output.status.success() { CanaryResult::Refused } else { CanaryResult::Passed(printed.trim().to_owned()) })
}
