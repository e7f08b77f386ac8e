//! Other programs at comparable work, in the same repositories and in turn with ours, where they are found on PATH.
//!
//! None of them does the same: what each row is, is in `docs/performance.md`. What they write is kept out of the worktree that ours
//! are measured in: those with data of their own get a linked one, and leases of their own.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use super::measure::Case;
use super::repository::Repository;

const NAMES: [&str; 7] = ["jit", "wt", "git-lfs", "lefthook", "prek", "pre-commit", "br"];
const LEFTHOOK: &str = "pre-commit: {commands: {t: {run: \"true\"}}}\npre-push: {commands: {t: {run: \"true\"}}}\noutput: false\n";
const PRE_COMMIT: &str = "\
repos: [{repo: local, hooks: [{id: t, name: t, language: system, entry: \"true\", always_run: true, pass_filenames: false, \
stages: [pre-commit, pre-push]}]}]\n";
/// What keeps `br` from looking for other data than its own.
const BR: [&str; 2] = ["--no-auto-import", "--no-auto-flush"];

/// The programs that were found.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    /// Each with what it says of its version.
    found: Vec<(&'static str, String)>,
    /// Where those with data of their own have it.
    place: OnceCell<PathBuf>,
}

impl Peers {
    /// Looks for all of them.
    pub(crate) fn look() -> Self {
        let said = |name: &&'static str| {
            let output = Command::new(name).arg("--version").output().ok().filter(|output| output.status.success())?;
            let text = String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned();
            // What some say in front of their version is their own name, and what they were built of behind it.
            let version = text.split_whitespace().find(|word| word.chars().any(|c| c.is_ascii_digit()))?.to_owned();
            let version = version.split('/').next_back()?.trim_start_matches('v').to_owned();
            Some((*name, version))
        };
        Self { found: NAMES.iter().filter_map(said).collect(), place: OnceCell::new() }
    }

    /// One program's case, if it was found: what is run is called so behind its name and version.
    fn case<'a>(
        &self,
        repository: &'a Repository,
        name: &str,
        what: &str,
        mut command: impl FnMut(&mut Command, usize) + 'a,
    ) -> Option<Case<'a>> {
        let (program, version) = self.found.iter().find(|(found, _)| *found == name)?;
        let program = *program;
        let prepare = move |round| {
            let mut process = repository.command(program);
            process.stderr(Stdio::null());
            command(&mut process, round);
            process
        };
        Some(Case::prepared(repository, format!("{name} {version}: {what}"), prepare))
    }

    /// Hook managers with one hook, which is `true`.
    pub(crate) fn at_commit<'a>(&self, repository: &'a Repository) -> Vec<Case<'a>> {
        let (lefthook, pre_commit) = configurations(repository);
        let config = pre_commit.clone();
        let cases = [
            self.case(repository, "lefthook", "run pre-commit", move |command, _| {
                command.args(["run", "pre-commit", "--no-auto-install", "--skip-lfs", "--no-tty", "--colors", "off"]);
                command.env("LEFTHOOK_CONFIG", &lefthook);
            }),
            self.case(repository, "prek", "run", move |command, _| {
                command.args(["run", "-q", "-c"]).arg(&pre_commit);
            }),
            self.case(repository, "pre-commit", "run", move |command, _| {
                command.args(["run", "-c"]).arg(&config);
            }),
        ];
        cases.into_iter().flatten().collect()
    }

    /// The same at a push, which Git describes in the file `input`; and git-lfs, which looks through what is pushed.
    pub(crate) fn at_push<'a>(&self, repository: &'a Repository, url: &'a Path, input: &'a Path) -> Vec<Case<'a>> {
        let (lefthook, pre_commit) = configurations(repository);
        let told = move |command: &mut Command| {
            command.arg("origin").arg(url).stdin(std::fs::File::open(input).expect("it was written"));
        };
        let cases = [
            self.case(repository, "git-lfs", "pre-push", move |command, _| {
                command.arg("pre-push");
                told(command);
            }),
            self.case(repository, "lefthook", "run pre-push", move |command, _| {
                command.args(["run", "pre-push", "--no-auto-install", "--skip-lfs", "--no-tty", "--colors", "off"]);
                command.env("LEFTHOOK_CONFIG", &lefthook);
                told(command);
            }),
            self.case(repository, "prek", "hook-impl pre-push", move |command, _| {
                command.args(["-q", "hook-impl", "--hook-type", "pre-push", "--script-version", "4", "--hook-dir"]);
                command.arg(repository.common_dir().join("hooks")).arg("-c").arg(&pre_commit).arg("--");
                told(command);
            }),
        ];
        cases.into_iter().flatten().collect()
    }

    /// What is ready to be worked on.
    pub(crate) fn available<'a>(&self, repository: &'a Repository) -> Vec<Case<'a>> {
        let jit = self.in_its_place(repository, "jit", "query available", |command, _| {
            command.args(["query", "available"]);
        });
        let br = self.in_its_place(repository, "br", "ready", |command, _| {
            command.arg("ready").args(BR);
        });
        jit.into_iter().chain(br).collect()
    }

    /// One issue.
    pub(crate) fn show<'a>(&self, repository: &'a Repository, id: &'a str) -> Vec<Case<'a>> {
        let jit = self.in_its_place(repository, "jit", "issue show", move |command, _| {
            command.args(["issue", "show", id]);
        });
        let br = self.in_its_place(repository, "br", "show", move |command, _| {
            command.arg("show").arg(bead(id)).args(BR);
        });
        jit.into_iter().chain(br).collect()
    }

    /// An issue is taken: another one in every round.
    pub(crate) fn acquire<'a>(&self, repository: &'a Repository) -> Vec<Case<'a>> {
        // Every fifth is ready, and waits for nothing.
        let free = move |round: usize| &repository.issues()[repository.issues().len() - 5 * (round + 1)];
        let jit = self.in_its_place(repository, "jit", "claim acquire", move |command, round| {
            repository.use_leases("others");
            command.args(["claim", "acquire", free(round), "--ttl", "600"]);
        });
        let br = self.in_its_place(repository, "br", "update --claim", move |command, round| {
            command.arg("update").arg(bead(free(round))).args(["--claim", "--actor", "agent:bench"]).args(BR);
        });
        jit.into_iter().chain(br).collect()
    }

    /// A worktree with a branch is made, and that of the round before removed.
    pub(crate) fn add_worktree<'a>(&'a self, repository: &'a Repository) -> Option<Case<'a>> {
        self.case(repository, "wt", "switch --create", |command, round| {
            if round > 0 {
                self.remove_worktree(repository);
            }
            repository.settle();
            command.args(["switch", "--create", "other", "--no-cd", "--no-hooks", "-y"]);
        })
    }

    /// Removes the worktree that was made last.
    pub(crate) fn remove_worktree(&self, repository: &Repository) {
        if self.found.iter().any(|(name, _)| *name == "wt") {
            let mut command = repository.command("wt");
            command.args(["remove", "other", "--foreground", "--no-hooks", "-y", "-D"]);
            let output = command.output().expect("it was found");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }

    /// The worktrees there are, in the form that asks for least.
    pub(crate) fn list_worktrees<'a>(&self, repository: &'a Repository) -> Option<Case<'a>> {
        self.case(repository, "wt", "list, branch and path", |command, _| {
            command.args(["list", "--config-set", "list.columns=[\"branch\",\"path\"]"]);
        })
    }

    /// A case of a program that has data of its own.
    fn in_its_place<'a>(
        &self,
        repository: &'a Repository,
        name: &str,
        what: &str,
        mut command: impl FnMut(&mut Command, usize) + 'a,
    ) -> Option<Case<'a>> {
        self.found.iter().find(|(found, _)| *found == name)?;
        let place = self.place.get_or_init(|| self.prepare(repository)).clone();
        self.case(repository, name, what, move |process, round| {
            process.current_dir(&place);
            command(process, round);
        })
    }

    /// Makes the worktree of the programs with data of their own, with that data.
    fn prepare(&self, repository: &Repository) -> PathBuf {
        let place = repository.sparse("others", &["--no-cone", "/.jit/", "/src/part-000/"]);
        let write = |name: &str, text: String| std::fs::write(place.join(name), text).expect("a file in our own directory");
        let index = json!({"schema_version": 2, "all_ids": repository.issues(), "deleted_ids": []});
        write(".jit/index.json", index.to_string());
        if self.found.iter().any(|(name, _)| *name == "br") {
            let br = |arguments: &[&str]| {
                let output = repository.command("br").current_dir(&place).args(arguments).output().expect("it was found");
                assert!(output.status.success(), "br {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            };
            br(&["init", "--prefix", "bd", "-q"]);
            let beads = (0..repository.issues().len()).map(|number| bead_line(repository, number) + "\n");
            write(".beads/issues.jsonl", beads.collect());
            br(&["sync", "--import-only", "-q"]);
        }
        place
    }
}

/// The configurations of the hook managers, which lie beside the repository.
fn configurations(repository: &Repository) -> (PathBuf, PathBuf) {
    let (lefthook, pre_commit) = (repository.beside("lefthook.yml"), repository.beside("pre-commit.yaml"));
    std::fs::write(&lefthook, LEFTHOOK).expect("a file in our own directory");
    std::fs::write(&pre_commit, PRE_COMMIT).expect("a file in our own directory");
    (lefthook, pre_commit)
}

/// What an issue is called in beads.
fn bead(id: &str) -> String {
    format!("bd-{}", &id[..8])
}

/// An issue as a line that beads imports.
fn bead_line(repository: &Repository, number: usize) -> String {
    let issue: serde_json::Value = serde_json::from_str(&repository.issue_text(number, 0)).expect("an issue");
    let text = |name: &str| issue[name].as_str().expect("text");
    let status = match text("state") {
        "done" => "closed",
        "backlog" => "deferred",
        "in_progress" => "in_progress",
        _ => "open",
    };
    let kind = ["task", "bug", "feature"][number % 3];
    let priority = ["critical", "high", "normal", "low"].iter().position(|name| *name == text("priority"));
    let (id, at) = (bead(text("id")), text("created_at"));
    let dependencies = issue["dependencies"].as_array().expect("a list").iter();
    let dependencies: Vec<_> = dependencies
        .map(|on| {
            let on = bead(on.as_str().expect("an id"));
            json!({"issue_id": id, "depends_on_id": on, "type": "blocks", "created_at": at, "created_by": "bench"})
        })
        .collect();
    let mut bead = json!({
        "id": id, "title": text("title"), "description": text("description"), "status": status, "priority": priority,
        "issue_type": kind, "created_at": at, "updated_at": at, "dependencies": dependencies,
    });
    if status == "closed" {
        bead["closed_at"] = json!(at);
    }
    bead.to_string()
}
