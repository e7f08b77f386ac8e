//! A table of scenarios: what is done with real Git, and whether the hooks refuse it.
//!
//! A [`Case`] is a bash script that must succeed, one last command that is judged, and a verdict. It is played in a strict
//! team whose three issues are published: in the primary worktree or in a linked one by turns, and in both where the place
//! matters. `JIT_BOTH_PLACES=1` plays all in both. The scripts' words are in `prelude.sh`. All failures of a topic are
//! reported at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Scene;
use crate::support::{Outcome, Place, World};

mod authority;
mod commits;
mod content;
mod corners;
mod index;
mod known;
mod merges;
mod policy;
mod pushes;
mod regressions;
mod remotes;
mod replays;
mod worlds;

/// What the last command of a case must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It succeeds, and no hook objects or warns.
    Passes,
    /// It succeeds, and a hook warns.
    Warns,
    /// It fails, because a hook refuses it.
    Refused,
}

/// Where a case makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Both,
    PrimaryOnly,
    LinkedOnly,
}

/// One scenario.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    /// What comes before what is given: a repository of another kind.
    world: &'static str,
    given: &'static str,
    when: &'static str,
    verdict: Verdict,
    /// What a refusal must say.
    because: &'static str,
    place: Where,
    enforcement: &'static str,
}

const fn case(name: &'static str, given: &'static str, when: &'static str, verdict: Verdict) -> Case {
    Case { name, world: "", given, when, verdict, because: "", place: Where::Both, enforcement: "strict" }
}

const fn passes(name: &'static str, given: &'static str, when: &'static str) -> Case {
    case(name, given, when, Verdict::Passes)
}

const fn refused(name: &'static str, given: &'static str, when: &'static str) -> Case {
    case(name, given, when, Verdict::Refused)
}

impl Case {
    /// It is refused for this reason and no other.
    const fn because(self, because: &'static str) -> Self {
        Self { because, ..self }
    }

    /// It makes sense only in the primary worktree, or the place makes no difference to it.
    const fn primary(self) -> Self {
        Self { place: Where::PrimaryOnly, ..self }
    }

    /// It makes sense only in a linked worktree.
    const fn linked(self) -> Self {
        Self { place: Where::LinkedOnly, ..self }
    }

    /// It happens in a repository that this script makes.
    const fn within(self, world: &'static str) -> Self {
        Self { world, ..self }
    }

    /// The published policy is this one.
    const fn under(self, enforcement: &'static str) -> Self {
        Self { enforcement, ..self }
    }

    /// What is wrong with how it went, if anything.
    fn failure(&self, stage: &Stage) -> Option<String> {
        let outcome = stage.play(&format!("{}\n{}", self.world, self.given), self.when);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        let place = if stage.is_linked { "a linked worktree" } else { "the primary worktree" };
        let wrong = |why: &str| {
            let Self { name, world, given, when, .. } = self;
            let status = outcome.status();
            Some(format!("## {name}, in {place}: {why}\n{world}\n{given}\n{when}\n-> {status}\n{told}"))
        };
        let Some((_, judged)) = outcome.stderr.split_once(MARK) else { return wrong("what was given failed") };
        let judged = format!("{judged}{}", outcome.stdout.split_once(MARK).map(|(_, after)| after).unwrap_or_default());
        let is_refusal = ["git jit: commit refused", "git jit: push refused"].iter().any(|text| judged.contains(text));
        match self.verdict {
            Verdict::Passes | Verdict::Warns if outcome.status() != 0 => wrong("it should have passed"),
            Verdict::Passes if judged.contains("git jit:") => wrong("it should have passed in silence"),
            Verdict::Warns if !judged.contains("would be refused") => wrong("it should have been warned about"),
            Verdict::Refused if outcome.status() == 0 => wrong("it should have been refused"),
            Verdict::Refused if !is_refusal => wrong("it failed, and no hook refused it"),
            Verdict::Refused if !judged.contains(self.because) => wrong(&format!("it should have said '{}'", self.because)),
            // What could not be judged is refused as well, and proves nothing, unless that is the point.
            Verdict::Refused if self.because.is_empty() && judged.contains(UNJUDGED) => wrong("it could not be judged"),
            _ => None,
        }
    }
}

/// What a hook says that could not come to a verdict.
const UNJUDGED: &str = "could not be judged";
/// Stands in the output between what was given and what is judged.
const MARK: &str = "--- judged from here on ---\n";

/// A world that is put back to its beginning for every case, which costs less than to make it.
struct Stage {
    scene: Scene,
    is_linked: bool,
    beginning: TempDir,
}

impl Stage {
    fn new(enforcement: &str, is_linked: bool) -> Self {
        let (world, issues) = World::in_memory_under(enforcement);
        let here = if is_linked { world.linked("side") } else { world.team().agent("agent:here") };
        let beginning = tempfile::tempdir_in(world.path("..")).expect("a scratch directory");
        // The fewer files there are, the sooner they are put back.
        let slim = "for repo in remote.git team/.git; do rm -f $repo/hooks/*.sample; git -C $repo gc -q; done";
        Outcome::of(slim.to_owned(), world.place("").command("sh").args(["-euc", slim])).ok();
        let stage = Self { scene: Scene { world, issues, here }, is_linked, beginning };
        stage.copy(&stage.root(), stage.beginning.path());
        stage
    }

    fn root(&self) -> PathBuf {
        self.scene.world.path("").components().collect()
    }

    fn copy(&self, from: &Path, to: &Path) {
        let from = from.join(".").display().to_string();
        let to = to.display().to_string();
        Outcome::of(format!("cp {from}"), self.scene.world.place("").command("cp").args(["-a", &from, &to])).ok();
    }

    fn put_back(&self) {
        for entry in self.root().read_dir().expect("it is there") {
            let path = entry.expect("it is readable").path();
            if path.is_dir() && !path.is_symlink() {
                std::fs::remove_dir_all(path).expect("removed");
            } else {
                std::fs::remove_file(path).expect("removed");
            }
        }
        self.copy(self.beginning.path(), &self.root());
    }

    fn play(&self, given: &str, when: &str) -> Outcome {
        self.put_back();
        let prelude = include_str!("table/prelude.sh");
        let script = format!("{prelude}\n{given}\nprintf '%s' '{MARK}' | tee /dev/stderr\n{when}\n");
        let Scene { world, issues, here } = &self.scene;
        let mut here = here.with("HERE", &here.dir.display().to_string());
        for (name, issue) in ["A", "B", "C"].iter().zip(issues) {
            here = here.with(name, issue).with(&format!("F{name}"), &Place::file(issue));
        }
        for (name, path) in [("REMOTE", world.path("remote.git")), ("TEAM", world.path("team")), ("WORLD", self.root())] {
            here = here.with(name, &path.display().to_string());
        }
        Outcome::of("the script".to_owned(), here.command("bash").args(["-euc", &script]))
    }
}

/// Plays the cases of a topic, each in one of the two places by turns, and reports everything that went wrong.
///
/// `JIT_BOTH_PLACES=1` plays each in both: the long form.
fn play(cases: &[Case]) {
    let is_long = std::env::var_os("JIT_BOTH_PLACES").is_some();
    play_where(cases, |number, is_linked| is_long || number.is_multiple_of(2) == is_linked);
}

/// Plays the cases of a topic in the primary worktree and in a linked one, because the place matters to them.
fn play_in_both(cases: &[Case]) {
    play_where(cases, |_, _| true);
}

/// Plays cases where they make sense; those that make sense in both places, where `is_due` by their number.
fn play_where(cases: &[Case], is_due: impl Fn(usize, bool) -> bool) {
    let mut failures = Vec::new();
    for is_linked in [false, true] {
        let mut stages: BTreeMap<&str, Stage> = BTreeMap::new();
        let is_played = |number: usize, case: &Case| match case.place {
            Where::Both => is_due(number, is_linked),
            Where::PrimaryOnly => !is_linked,
            Where::LinkedOnly => is_linked,
        };
        for (_, case) in cases.iter().enumerate().filter(|(number, case)| is_played(*number, case)) {
            let stage = stages.entry(case.enforcement).or_insert_with(|| Stage::new(case.enforcement, is_linked));
            failures.extend(case.failure(stage));
        }
    }
    assert!(failures.is_empty(), "{} times something went wrong\n\n{}", failures.len(), failures.join("\n"));
}
