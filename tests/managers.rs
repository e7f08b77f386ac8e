//! The hooks beside real hook managers, as they come from npm and `PyPI`.
//!
//! Fetched once into the build's own directory, in CI or with `JIT_TEST_FETCH=1 cargo test --test all managers`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Place, World, tools};

/// What a manager's stanza is about: our words, cut out of what `hooks install` says.
fn stanza(said: &str) -> Vec<&str> {
    let lines = said.lines().skip_while(|line| !line.contains("Add this,")).skip(1);
    lines
        .take_while(|line| !line.contains("Then run git jit hooks install"))
        .map(|line| line.strip_prefix("  ").unwrap_or(line))
        .collect()
}

/// The folder that has `node_modules` and `python`, fetched if it is not there.
fn fetched() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("managers");
    std::fs::create_dir_all(&dir).expect("made");
    // Tests may be threads or processes: one of them fetches.
    let lock = std::fs::File::create(dir.join("lock")).expect("created");
    lock.lock().expect("locked");
    if !dir.join("python/bin/prek").exists() {
        let npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "husky@9", "lefthook@1", "--prefix"];
        let python = ["-m", "pip", "install", "--quiet", "pre-commit==4.*", "prek", "--target"];
        for (program, words, target) in [("npm", &npm[..], dir.clone()), ("python3", &python[..], dir.join("python"))] {
            let status = Command::new(program).args(words).arg(target).status();
            assert!(status.is_ok_and(|status| status.success()), "{program} fetches the managers");
        }
    }
    dir
}

struct Team {
    world: World,
    issues: Vec<String>,
    team: Place,
    fetched: PathBuf,
}

impl Team {
    /// A strict team without hooks, with the managers on its PATH.
    fn new() -> Self {
        let (world, issues) = World::strict();
        let fetched = fetched();
        let paths = [crate::support::binaries(), fetched.join("node_modules/.bin"), fetched.join("python/bin")];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::env::join_paths(paths.into_iter().chain(std::env::split_paths(&path))).expect("folders");
        let team = world.team().agent("agent:here").with("PATH", &all.to_string_lossy());
        let team = team.with("PYTHONPATH", &fetched.join("python").display().to_string());
        team.jit("hooks uninstall").ok();
        Self { world, issues, team, fetched }
    }

    fn run(&self, script: &str) {
        crate::support::Outcome::of(script.to_owned(), self.team.command("bash").args(["-euc", script])).ok();
    }

    /// An edit without a lease goes nowhere, and one with a lease does; several refs at once, one of them bad, do not.
    fn is_enforced(&self) {
        let (team, issues) = (&self.team, &self.issues);
        team.jit("hooks status --canary").ok();
        team.git("checkout -q -b topic").ok();
        team.edit(&issues[0], "Sneaky");
        team.git("commit -q -a -m Sneaky").exits(1).says("commit refused");
        team.git("commit -q -a --no-verify -m Sneaky").ok();
        team.git("branch clean HEAD~1").ok();
        assert_ne!(team.git("push -q origin clean topic").status(), 0, "one of two refs is bad");
        assert_ne!(team.git("push -q origin topic clean").status(), 0);
        team.git("reset -q --hard HEAD~1").ok();
        team.acquire(&issues[1]);
        team.edit(&issues[1], "Mine");
        team.git("commit -q -a -m Mine").ok();
        team.git("push -q origin topic").ok();
    }
}

#[test]
fn husky_runs_ours_from_its_files() {
    if !tools::may_fetch() {
        return;
    }
    let at = Team::new();
    at.run("husky");
    let said = at.team.jit("hooks install").exits(1).says("husky owns pre-commit, pre-merge-commit, pre-push").stderr;
    let mut file = None;
    for line in stanza(&said) {
        if let Some(named) = line.strip_prefix("as the last line of ") {
            file = Some(named.trim_end_matches(':').to_owned());
        } else {
            at.team.write(file.as_ref().expect("a file is named first"), format!("{}\n", line.trim()));
        }
    }
    at.team.jit("hooks install").ok().says("already installed");
    at.is_enforced();
    // What husky generates is in no other worktree.
    let side = at.world.linked("side");
    at.team.jit("hooks status").exits(1).says("without pre-commit");
    drop(side);
}

#[test]
fn lefthook_runs_ours_at_the_end_of_its_commands() {
    if !tools::may_fetch() {
        return;
    }
    let at = Team::new();
    let commands = |hook: &str| format!("{hook}:\n  commands:\n    theirs:\n      run: echo theirs\n");
    at.team.write("lefthook.yml", commands("pre-commit") + &commands("pre-push"));
    at.run("lefthook install");
    let said = at.team.jit("hooks install").exits(1).says("lefthook owns pre-commit, pre-push").stderr;
    let (mut text, mut script) = (String::new(), None);
    for line in stanza(&said).into_iter().skip(1) {
        if let Some(named) = line.strip_prefix("and in ") {
            script = Some(named.trim_end_matches(':').to_owned());
        } else if let Some(script) = &script {
            at.team.write(script, format!("{}\n", line.trim()));
        } else if let "pre-commit:" | "pre-push:" = line.trim() {
            text += &commands(line.trim().trim_end_matches(':'));
        } else {
            text += &format!("{}\n", line.strip_prefix("  ").unwrap_or(line));
        }
    }
    at.team.write("lefthook.yml", text);
    at.run("lefthook install");
    at.team.jit("hooks install").ok().says("pre-merge-commit").never_says("hooks/pre-push");
    at.is_enforced();
}

/// pre-commit and prek read the same file.
fn with_a_config(install: &str, name: &str) {
    let at = Team::new();
    let theirs = "repos:\n  - repo: local\n    hooks:\n      - id: theirs\n        name: theirs\n        entry: 'true'\n        language: system\n";
    at.team.write(".pre-commit-config.yaml", theirs);
    at.team.git("add .pre-commit-config.yaml").ok();
    at.team.git("commit -q -m Config").ok();
    at.run(&format!("{install} -t pre-commit -t pre-merge-commit -t pre-push"));
    let said = at.team.jit("hooks install").exits(1).says(&format!("{name} owns pre-commit, pre-merge-commit here")).stderr;
    let lines = stanza(&said).into_iter().skip(1).filter(|line| !line.starts_with("then run"));
    let ours: String = lines.map(|line| format!("{line}\n")).collect();
    at.team.write(".pre-commit-config.yaml", format!("{theirs}{ours}"));
    at.team.git("commit -q -a --no-verify -m Stanza").ok();
    // For the push ours goes in front of theirs, which hands on one ref alone.
    at.team.jit("hooks install").ok().says("pre-push.before-git-jit");
    at.is_enforced();
    at.team.jit("hooks uninstall").ok();
    assert!(at.team.read(".git/hooks/pre-push").contains("File generated by"), "theirs is back");
    // The other way round: theirs takes the place of ours, keeps it, and runs it.
    at.team.git("checkout -q -f main").ok();
    at.team.git("branch -D topic clean").ok();
    at.team.write(".pre-commit-config.yaml", theirs);
    at.team.git("commit -q -a --no-verify -m Theirs").ok();
    at.run("rm .git/hooks/pre-*");
    at.team.jit("hooks install").ok();
    at.run(&format!("{install} -t pre-commit -t pre-merge-commit -t pre-push"));
    at.team.jit("hooks status --canary").ok().says("called by another tool's hook");
    at.team.edit(&at.issues[2], "Sneaky");
    at.team.git("commit -q -a -m Sneaky").exits(1).says("commit refused");
    assert!(at.fetched.exists());
}

#[test]
fn pre_commit_runs_ours_and_ours_runs_pre_commit() {
    if !tools::may_fetch() {
        return;
    }
    with_a_config("python3 -m pre_commit install", "pre-commit");
}

#[test]
fn prek_runs_ours_and_ours_runs_prek() {
    if !tools::may_fetch() {
        return;
    }
    with_a_config("prek install", "prek");
}
