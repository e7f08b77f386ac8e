//! A repository of a given size, packed and published, with the strict policy and hooks, and without leases.

use std::fmt::Write as _;
use std::path::PathBuf;

use git_jit::testing::fill_log;

use crate::support::{Place, World};

/// The number of issues in a small repository.
pub(crate) const FEW: usize = 50;
/// The number of issues in a large one: its index is several times as long as what may be read of it.
pub(crate) const MANY: usize = 2_000;
/// The number of operations in a long lease log: several segments.
pub(crate) const LONG: u64 = 20_000;

const CONFIG: &str = "[worktree]\nenforce_leases = \"strict\"\n";
/// Files that are not issues.
const OTHERS: usize = 20;

/// A repository with its primary worktree.
pub(crate) struct Repository {
    world: World,
}

impl Repository {
    /// One with this many issues and a log of this many operations, and without leases.
    pub(crate) fn of(size: usize, operations: u64) -> Self {
        let world = World::roomy();
        let place = world.place("");
        place.git("init -q -b main team").ok();
        let repository = Self { world };
        let team = repository.primary();
        repository.world.add_remote();
        // Nothing may run in the background; everything is in one pack.
        for setting in ["gc.auto 0", "maintenance.auto false", "fastimport.unpackLimit 1", "receive.unpackLimit 1"] {
            team.git(&format!("config {setting}")).ok();
            team.git(&format!("--git-dir ../remote.git config {setting}")).ok();
        }
        team.pipe("git fast-import --quiet", history(size).as_bytes()).ok();
        team.git("reset -q --hard").ok();
        // Before hooks are installed: unpublished edits are adopted at that time, with a line per issue.
        team.git("push -q -u origin main").ok();
        team.jit("init").ok();
        team.jit("hooks install").ok();
        if operations > 0 {
            fill_log(&repository.common_dir(), operations, &[], &[]).expect("the log is filled");
        }
        repository
    }

    /// A small repository with a new log, and a large one with a long log.
    pub(crate) fn both() -> [Self; 2] {
        [Self::of(FEW, 0), Self::of(MANY, LONG)]
    }

    /// The primary worktree.
    pub(crate) fn primary(&self) -> Place {
        self.world.team().agent("agent:me")
    }

    /// Creates a linked worktree.
    pub(crate) fn linked(&self) -> Place {
        self.world.linked("linked").agent("agent:me")
    }

    /// The common Git directory.
    pub(crate) fn common_dir(&self) -> PathBuf {
        self.world.path("team/.git")
    }
}

/// The id of an issue; the ids of a small repository exist in a large one too.
pub(crate) fn issue(number: usize) -> String {
    format!("{:08x}-0000-4000-8000-{number:012x}", number.wrapping_mul(0x9e37_79b1) & 0xffff_ffff)
}

/// Stages a change of a file, with the index in the state in which `git commit` runs the hook.
pub(crate) fn stage(place: &Place, path: &str, text: &str) {
    place.write(path, text);
    place.git(&format!("add -- {path}")).ok();
    place.git("write-tree").ok();
}

/// Changes a file that is not an issue, and stages it.
pub(crate) fn stage_other(place: &Place) {
    stage(place, "src/file-01.txt", "changed\n");
}

/// Changes an issue's title, and stages it.
pub(crate) fn stage_issue(place: &Place, id: &str) {
    place.edit(id, "Another title");
    place.git(&format!("add -- {}", Place::file(id))).ok();
    place.git("write-tree").ok();
}

/// One commit, for `git fast-import`.
fn history(size: usize) -> String {
    let mut stream = "commit refs/heads/main\ncommitter Test <test@example.com> 1767225600 +0000\ndata 4\nAll\n".to_owned();
    let mut add = |path: &str, text: &str| {
        write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).expect("a string takes everything");
    };
    add(".jit/config.toml", CONFIG);
    for number in 0..size {
        add(&Place::file(&issue(number)), &text(number));
    }
    for number in 0..OTHERS {
        add(&format!("src/file-{number:02}.txt"), &format!("File {number}\n"));
    }
    stream
}

fn text(number: usize) -> String {
    format!(
        r#"{{
  "id": "{}",
  "title": "Work item {number}",
  "description": "What is to be done, why, and how one sees that it is done.",
  "state": "ready",
  "priority": "normal",
  "assignee": null,
  "dependencies": [],
  "gates_required": [],
  "gates_status": {{}},
  "context": {{}},
  "documents": [],
  "labels": [
    "type:task"
  ],
  "created_at": "2026-01-01T00:00:00Z"
}}
"#,
        issue(number)
    )
}
