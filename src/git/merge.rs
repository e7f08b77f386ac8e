//! Merges that Git performs, of commits and of texts, and the paths that a merge left unmerged.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::run::{Error, Git};

/// The tree of the clean merge of two commits; `None` on a conflict, or if Git is too old.
///
/// Runs `git merge-tree --write-tree` (Git 2.38) in a temporary repository.
pub(crate) fn merged_tree(common_dir: &Path, scratch: &Path, one: &str, other: &str) -> Result<Option<String>, Error> {
    let start = |source| Error::Start { source };
    let dir = tempfile::tempdir_in(scratch).map_err(start)?;
    // The temporary repository has no settings: a merge driver or an attribute of the user could hide a conflict.
    for folder in ["objects", "refs"] {
        std::fs::create_dir(dir.path().join(folder)).map_err(start)?;
    }
    let format = if one.len() > 40 { "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n" } else { "" };
    for (name, text) in [("HEAD", "ref: refs/heads/none\n"), ("config", format)] {
        let mut file = File::create(dir.path().join(name)).map_err(start)?;
        io::Write::write_all(&mut file, text.as_bytes()).map_err(start)?;
    }
    let git = Git::at(dir.path())
        .env("GIT_DIR", dir.path())
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", common_dir.join("objects"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_ATTR_NOSYSTEM", "1");
    let output = git.output(&["merge-tree", "--write-tree", "--no-messages", one, other])?;
    let said = String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned);
    Ok(said.filter(|_| output.status.success()))
}

/// Diff options of a text merge: the default of `git merge-file`, and that of `git merge`.
const ALGORITHMS: [&[&str]; 2] = [&[], &["--diff-algorithm=histogram"]];

/// The clean three-way merges of a text, one for each algorithm that gives a different result; none on a conflict.
pub(crate) fn merge_texts(scratch: &Path, ours: &[u8], base: &[u8], theirs: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let dir = three_files(scratch, [ours, base, theirs])?;
    let mut merges = Vec::new();
    for algorithm in ALGORITHMS {
        let args = [&["merge-file", "-p", "-q"], algorithm, &NAMES].concat();
        let output = Git::at(dir.path()).output(&args)?;
        if output.status.success() && !merges.contains(&output.stdout) {
            merges.push(output.stdout);
        }
    }
    Ok(merges)
}

/// A function that merges texts by lines with `git merge-file`: base, ours, theirs to the clean merge, or `None`.
pub(crate) fn by_lines(scratch: &Path) -> impl Fn(&str, &str, &str) -> Option<String> {
    move |base, ours, theirs| merge_text(scratch, ours, base, theirs).ok().flatten()
}

fn merge_text(scratch: &Path, ours: &str, base: &str, theirs: &str) -> Result<Option<String>, Error> {
    let dir = three_files(scratch, [ours, base, theirs].map(str::as_bytes))?;
    let output = Git::at(dir.path()).output(&[&["merge-file", "-p", "-q"], &NAMES[..]].concat())?;
    Ok(String::from_utf8(output.stdout).ok().filter(|_| output.status.success()))
}

/// The merge of a text by lines, with conflict markers. `names` are the labels of our side and of theirs.
pub(crate) fn marked_text(scratch: &Path, texts: [&[u8]; 3], names: [&str; 2], size: usize) -> Result<Vec<u8>, Error> {
    let dir = three_files(scratch, texts)?;
    let size_of = format!("--marker-size={size}");
    let args = [&["merge-file", "-p", "-q", &size_of, "-L", names[0], "-L", "base", "-L", names[1]], &NAMES[..]].concat();
    let output = Git::at(dir.path()).output(&args)?;
    // The status is the number of conflicts. From 128 on it is a failure, such as a binary file.
    if matches!(output.status.code(), Some(0..128)) {
        return Ok(output.stdout);
    }
    let marker = |stamp: &str, name: &str| format!("{} {name}", stamp.repeat(size)).trim_end().to_owned() + "\n";
    let [ours, theirs] = [texts[0], texts[2]].map(|text| [text, if text.ends_with(b"\n") { b"" } else { b"\n" }].concat());
    Ok([marker("<", names[0]).into_bytes(), ours, marker("=", "").into_bytes(), theirs, marker(">", names[1]).into_bytes()]
        .concat())
}

/// Every text with conflict markers that a Git merge may have left, for all algorithms and conflict styles.
pub(crate) fn marked_texts(scratch: &Path, texts: [&[u8]; 3]) -> Result<Vec<Vec<u8>>, Error> {
    let dir = three_files(scratch, texts)?;
    let mut all = Vec::new();
    for algorithm in ALGORITHMS {
        for style in ["--quiet", "--diff3", "--zdiff3"] {
            // An older Git does not know all styles.
            all.push(Git::at(dir.path()).output(&[&["merge-file", "-p", "-q", style], algorithm, &NAMES[..]].concat())?.stdout);
        }
    }
    Ok(all)
}

const NAMES: [&str; 3] = ["ours", "base", "theirs"];

/// Writes the texts to temporary files named `ours`, `base` and `theirs`.
fn three_files(scratch: &Path, texts: [&[u8]; 3]) -> Result<tempfile::TempDir, Error> {
    let start = |source| Error::Start { source };
    let dir = tempfile::tempdir_in(scratch).or_else(|_| tempfile::tempdir()).map_err(start)?;
    for (name, text) in NAMES.iter().zip(texts) {
        let mut file = File::create(dir.path().join(name)).map_err(start)?;
        io::Write::write_all(&mut file, text).map_err(start)?;
    }
    Ok(dir)
}

/// A path with an unresolved conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unmerged {
    /// Relative to the root of the worktree.
    pub path: PathBuf,
    /// The blobs of the base, of our side and of theirs, if they have the path.
    pub stages: [Option<String>; 3],
}

const LEFT: [&str; 5] = ["ls-files", "--unmerged", "-z", "--full-name", "--"];

/// The unmerged paths below `path` in the worktree at `root`.
pub(crate) fn unmerged(root: &Path, path: &str) -> Result<Vec<Unmerged>, Error> {
    let said = Git::at(root).run(&[&LEFT[..], &[path]].concat())?;
    let mut all: Vec<Unmerged> = Vec::new();
    for entry in said.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let Some((facts, path)) = std::str::from_utf8(entry).ok().and_then(|entry| entry.split_once('\t')) else { continue };
        let mut facts = facts.split(' ').skip(1);
        let (Some(blob), Some(stage)) = (facts.next(), facts.next().and_then(|stage| stage.parse::<usize>().ok())) else {
            continue;
        };
        if all.last().is_none_or(|last| last.path != Path::new(path)) {
            all.push(Unmerged { path: path.into(), stages: [None, None, None] });
        }
        if let Some(unmerged) = all.last_mut().and_then(|last| last.stages.get_mut(stage.wrapping_sub(1))) {
            *unmerged = Some(blob.to_owned());
        }
    }
    Ok(all)
}
