//! A table of scenarios: what is done with real Git, and whether the hooks refuse it.
//!
//! A [`Case`] is a bash script that must succeed, one last command that is judged, and a verdict. It is played in the
//! primary worktree and in a linked one of a strict team whose three issues are published. The scripts' words are in
//! `prelude.sh`. All failures of a topic are told at once.

use super::Scene;
use crate::support::{Outcome, World};

mod authority;
mod commits;
mod content;
mod index;
mod known;
mod merges;
mod policy;
mod pushes;
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
    fn failure(&self, is_linked: bool) -> Option<String> {
        let (world, issues) = World::under(self.enforcement);
        let here = if is_linked { world.linked("side") } else { world.team().agent("agent:here") };
        let scene = Scene { world, issues, here };
        let outcome = scene.play(&format!("{}\n{}", self.world, self.given), self.when);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        let place = if is_linked { "a linked worktree" } else { "the primary worktree" };
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
            _ => None,
        }
    }
}

/// Stands in the output between what was given and what is judged.
const MARK: &str = "--- judged from here on ---\n";

impl Scene {
    fn play(&self, given: &str, when: &str) -> Outcome {
        let script = format!("{}\n{given}\nprintf '%s' '{MARK}' | tee /dev/stderr\n{when}\n", include_str!("table/prelude.sh"));
        let place = self.world.place("");
        let mut here = self.here.with("HERE", &self.here.dir.display().to_string());
        for (name, issue) in ["A", "B", "C"].iter().zip(&self.issues) {
            here = here.with(name, issue).with(&format!("F{name}"), &format!(".jit/issues/{issue}.json"));
        }
        for (name, path) in [("REMOTE", "remote.git"), ("TEAM", "team"), ("WORLD", "")] {
            here = here.with(name, place.dir.join(path).display().to_string().trim_end_matches('/'));
        }
        Outcome::of("the script".to_owned(), here.command("bash").args(["-euc", &script]))
    }
}

/// Plays the cases of a topic, and tells all that went wrong.
fn play(cases: &[Case]) {
    let mut failures = Vec::new();
    for case in cases {
        if case.place != Where::LinkedOnly {
            failures.extend(case.failure(false));
        }
        if case.place != Where::PrimaryOnly {
            failures.extend(case.failure(true));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases went wrong\n\n{}", failures.len(), cases.len(), failures.join("\n"));
}
