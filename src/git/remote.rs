//! Whether the URL of a remote leads to another repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gix::Repository;
use gix::bstr::{BString, ByteSlice};

/// Whether a local URL leads to an existing repository other than this one, by any of the spellings that Git accepts.
pub(crate) fn is_another_repository(repo: &Repository, primary_root: Option<&Path>, url: &gix::Url) -> bool {
    let Ok(common_dir) = repo.common_dir().canonicalize() else { return false };
    let worktree_root = repo.workdir().and_then(|root| root.canonicalize().ok());
    let decoded = percent_decoded(url.path.as_bstr());
    let base = worktree_root.as_deref().unwrap_or(&common_dir);
    // A set, because most spellings give the same path and each path costs an attempt to open a repository.
    let mut places = BTreeSet::new();
    for path in [url.path.as_bstr(), decoded.as_bstr()] {
        // This system cannot represent the path.
        let Ok(path) = gix::path::from_bstr(path) else { continue };
        for base in [Some(base), Some(common_dir.as_path()), primary_root].into_iter().flatten() {
            for suffix in ["", ".git", "/.git", ".git/.git"] {
                let mut spelled = base.join(&path).into_os_string();
                spelled.push(suffix);
                places.insert(spelled);
            }
        }
    }
    let found: Vec<PathBuf> = places.iter().filter_map(|place| common_dir_of(Path::new(place))).collect();
    !found.is_empty() && !found.contains(&common_dir)
}

fn percent_decoded(path: &[u8]) -> BString {
    let mut decoded = Vec::new();
    let mut rest = path;
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            decoded.push(byte);
            rest = &more[2..];
        } else {
            decoded.push(*first);
            rest = more;
        }
    }
    decoded.into()
}

/// The common directory of the repository at exactly this path, which may be a worktree or a Git directory.
fn common_dir_of(path: &Path) -> Option<PathBuf> {
    let git_dir = gix::open_opts(path, gix::open::Options::isolated()).ok()?;
    git_dir.common_dir().canonicalize().ok()
}
