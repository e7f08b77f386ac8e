//! The function `wt` in real shells: it changes the directory, passes on the exit status, and completes.

use std::path::PathBuf;

use super::stand_ins::StandIns;
use crate::support::waiting::until;
use crate::support::{Outcome, Place, World, tools};

/// How a shell is started, and how it loads the function.
struct Shell {
    program: &'static str,
    arguments: &'static [&'static str],
    load: &'static str,
}

const BASH: Shell =
    Shell { program: "bash", arguments: &["--norc", "--noprofile", "-c"], load: "set -eu; eval \"$(git-jit shell-init bash)\"" };
const ZSH: Shell = Shell { program: "zsh", arguments: &["-f", "-c"], load: "set -eu; eval \"$(git-jit shell-init zsh)\"" };
const FISH: Shell = Shell { program: "fish", arguments: &["--no-config", "-c"], load: "git-jit shell-init fish | source" };

impl Shell {
    fn is_fish(&self) -> bool {
        self.program == "fish"
    }

    fn run(&self, place: &Place, script: &str) -> Outcome {
        let script = format!("{}\n{script}", self.load);
        let mut command = place.command(self.program);
        Outcome::of(format!("{}: {script}", self.program), command.args(self.arguments).arg(&script))
    }
}

fn stage() -> (World, StandIns, Place) {
    let world = World::new();
    let team = world.team().agent("agent:alice");
    team.git("add -A").ok();
    team.git("commit -q -m Begin").ok();
    let stand_ins = StandIns::new(&world);
    stand_ins.issue(42, "Fix login", "OPEN");
    stand_ins.issue(45, "Rust SDK", "OPEN");
    let team = stand_ins.at(&team);
    (world, stand_ins, team)
}

/// The last directory that a shell printed.
fn at(outcome: &Outcome) -> PathBuf {
    PathBuf::from(outcome.stdout.lines().last().unwrap_or_default())
}

/// The same steps in every shell.
fn story(shell: &Shell) {
    let (world, stand_ins, team) = stage();
    let temporary = world.place("").sub("tmp");
    let team = team.with("TMPDIR", temporary.dir.to_str().expect("text"));
    coming_and_going(shell, &team);
    failing(shell, &stand_ins, &team);
    leaving(shell, &team);
    assert_eq!(std::fs::read_dir(&temporary.dir).expect("a folder").count(), 0, "nothing is left behind");
}

fn coming_and_going(shell: &Shell, team: &Place) {
    let trees = team.dir.join("trees");
    let (fix, sdk) = (trees.join("issue-42-fix-login"), trees.join("issue-45-rust-sdk"));
    assert_eq!(at(&shell.run(team, "wt spawn 42; pwd").ok()), fix);
    assert_eq!(at(&shell.run(team, "wt spawn 45 --headless; pwd").ok()), team.dir, "in the background: one stays");
    until("every agent has ended", || {
        let list = team.json("wt list");
        !list["worktrees"].as_array().expect("a list").iter().any(|tree| tree["agent"]["alive"] == true)
    });
    assert_eq!(at(&shell.run(&team.sub("src"), "wt goto 45; pwd").ok()), sdk);
    assert_eq!(at(&shell.run(team, "wt goto 45; wt goto main; pwd").ok()), team.dir);
    let by_hand = if shell.is_fish() { "cd (wt path 42); pwd" } else { "cd \"$(wt path 42)\"; pwd" };
    assert_eq!(at(&shell.run(team, by_hand).ok()), fix);
    shell.run(team, "wt goto 45").ok().says_nothing();
    shell.run(team, "wt list").ok().says("Fix login").says("Rust SDK");
}

/// A failure is passed on, and the directory does not change.
fn failing(shell: &Shell, stand_ins: &StandIns, team: &Place) {
    let words = if shell.is_fish() { "wt goto 99; or echo failed $status; pwd" } else { "wt goto 99 || echo failed $?; pwd" };
    let stayed = shell.run(team, words).ok().says("failed 3").says("no worktree '99'");
    assert_eq!(at(&stayed), team.dir);
    if !shell.is_fish() {
        shell.run(team, "wt goto 99; echo not reached").exits(3).never_says("not reached");
    }
    let fix = team.dir.join("trees/issue-42-fix-login");
    let agent_does = |what: &str| stand_ins.at(team).with("AGENT_DOES", what);
    let words = if shell.is_fish() { "wt spawn 42; echo status $status; pwd" } else { "wt spawn 42 || echo status $?; pwd" };
    assert_eq!(at(&shell.run(&agent_does("exit 7"), words).ok().says("status 7")), fix, "where the work is");
    assert_eq!(at(&shell.run(&agent_does("git jit wt goto main"), "wt spawn 42; pwd").ok()), fix, "an agent leads nobody");
}

/// After removing the current directory, or after another process did.
fn leaving(shell: &Shell, team: &Place) {
    let trees = team.dir.join("trees");
    let left = shell.run(team, "wt goto 45; wt remove 45 -D --leave --discard-untracked; pwd").ok();
    assert_eq!(at(&left), team.dir);
    assert!(!trees.join("issue-45-rust-sdk").exists());
    let gone = format!(
        "wt goto 42; git -C '{}' worktree remove --force '{}'; wt goto main; pwd",
        team.dir.display(),
        trees.join("issue-42-fix-login").display()
    );
    assert_eq!(at(&shell.run(team, &gone).ok()), team.dir);
}

#[test]
fn the_story_in_bash() {
    story(&BASH);
}

#[test]
fn the_story_in_zsh() {
    if !tools::has("zsh") {
        return;
    }
    story(&ZSH);
}

#[test]
fn the_story_in_fish() {
    if !tools::has("fish") {
        return;
    }
    story(&FISH);
}

const COMPLETE_IN_BASH: &str = r#"
try() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _wt; printf '%s\n' "$*:" "${COMPREPLY[@]}"; }
try wt sp
try wt goto ''
try wt goto 4
try wt spawn --he
try wt remove 42 --disc
try wt spawn ''
complete -p wt
"#;

/// Real completion in a shell with its own terminal: what it shows, one candidate a line.
const COMPLETE_IN_ZSH: &str = r#"
zmodload zsh/zpty
export TERM=dumb
zpty shell zsh -f -i
zpty -w shell 'stty -echo rows 100 columns 200; PS1= PS2= LISTMAX=1000; unsetopt prompt_sp prompt_cr'
zpty -w shell 'autoload -Uz compinit; compinit -u -D; eval "$(git-jit shell-init zsh)"'
zpty -w shell 'show() { zle list-choices; zle -R; zle -I; print -r -- "<$BUFFER>"; BUFFER= }; zle -N show; bindkey "^X" show'
zpty -w shell 'print -r -- is"_"ready'
zpty -r shell said '*is_ready*'
for line in 'wt sp' 'wt goto ' 'wt goto 4' 'wt spawn --he' 'wt remove 42 --disc' 'wt spawn '; do
    zpty -w -n shell "$line"$'\C-X'
    zpty -r shell said "*<$line>*"
    print -rl -- "$line:" "${(@M)${(@f)said}:#* -- *}"
done
zpty -d shell
"#;

const COMPLETE_IN_FISH: &str = r"
for line in 'wt sp' 'wt goto ' 'wt goto 4' 'wt spawn --he' 'wt remove 42 --disc' 'wt spawn '
    echo $line':'
    complete -C $line
end
";

fn completion(shell: &Shell, script: &str) {
    let (_world, _stand_ins, team) = stage();
    team.jit("wt spawn 42 --no-agent").ok();
    let id = team.create("Write: the docs, 'all' of them");
    let said = shell.run(&team, script).ok().stdout;
    let part = |from: &str| {
        let rest = said.split_once(&format!("{from}:\n")).unwrap_or_else(|| panic!("{from} in {said}")).1;
        rest.split("\nwt ").next().unwrap_or_default().to_owned()
    };
    assert!(part("wt sp").contains("spawn"), "{said}");
    let goto = part("wt goto ");
    assert!(goto.contains("42") && goto.contains("main"), "{said}");
    assert!(part("wt goto 4").contains("42") && !part("wt goto 4").contains("main"), "{said}");
    assert!(part("wt spawn --he").contains("--headless"), "{said}");
    let words = part("wt remove 42 --disc");
    assert!(words.contains("--discard-changes") && words.contains("--discard-ignored") && !words.contains("--unlock"), "{said}");
    assert!(part("wt spawn ").contains(&id[..8]), "{said}");
}

#[test]
fn clones_one_after_the_other_lie_beside_each_other() {
    let (world, _stand_ins, team) = stage();
    let projects = world.place("").sub("projects");
    let lines = "wt clone ../team worker-1.git\nwt clone ../team worker-2.git\nwt clone ../team worker-3.git\npwd";
    let cloned = BASH.run(&projects, lines).ok().says("To go there: cd ");
    assert_eq!(at(&cloned), projects.dir);
    for n in 1..=3 {
        assert!(projects.dir.join(format!("worker-{n}.git/trees/main")).exists());
    }
    let _ = team;
}

/// If the directory cannot be changed, the command does nothing and reports why.
fn without_a_place_for_temporary_files(shell: &Shell) {
    let (_world, _stand_ins, team) = stage();
    team.jit("wt spawn 42 --no-agent").ok();
    let words = if shell.is_fish() { "wt goto 42; or echo failed $status; pwd" } else { "wt goto 42 || echo failed $?; pwd" };
    let stayed = shell.run(&team.with("TMPDIR", "/nonexist"), words).ok();
    assert_eq!(at(&stayed.says("failed 7").says("cannot create a temporary file in /nonexist").says("TMPDIR")), team.dir);
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_is_told_in_bash() {
    without_a_place_for_temporary_files(&BASH);
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_is_told_in_zsh() {
    if !tools::has("zsh") {
        return;
    }
    without_a_place_for_temporary_files(&ZSH);
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_is_told_in_fish() {
    if !tools::has("fish") {
        return;
    }
    without_a_place_for_temporary_files(&FISH);
}

#[test]
fn completion_in_bash() {
    completion(&BASH, COMPLETE_IN_BASH);
}

#[test]
fn completion_in_zsh() {
    if !tools::has("zsh") {
        return;
    }
    completion(&Shell { load: "", ..ZSH }, COMPLETE_IN_ZSH);
}

#[test]
fn completion_in_fish() {
    if !tools::has("fish") {
        return;
    }
    completion(&FISH, COMPLETE_IN_FISH);
}

#[test]
fn without_the_function_one_is_told_how_to_get_it() {
    let (_world, _, team) = stage();
    team.jit("wt spawn 42 --no-agent").ok();
    for (shell, line) in
        [("/bin/zsh", "shell-init zsh"), ("/usr/bin/fish", "shell-init fish | source"), ("/bin/sh", "shell-init bash")]
    {
        let told = team.with("SHELL", shell).jit("wt goto 42").ok().says(line);
        assert!(told.line().ends_with("trees/issue-42-fix-login"), "the path alone is on stdout");
    }
    team.jit("shell-init tcsh").exits(2).says("bash, zsh, fish");
    assert_eq!(team.json("shell-init zsh")["shell"], "zsh");
}

#[test]
fn aliases_functions_and_odd_places_for_temporary_files_change_nothing() {
    let (_world, _, team) = stage();
    team.jit("wt spawn 42 --no-agent").ok();
    let fix = team.dir.join("trees/issue-42-fix-login");
    let odd = "printf() { builtin printf '[log] '; builtin printf \"$@\"; }; cd() { echo no; }; cat() { echo no; }; set -C; CDPATH=/; TMPDIR=.";
    let there = BASH.run(&team, &format!("{odd}; wt goto 42; pwd")).ok();
    assert_eq!(at(&there), fix);
    for place in [&team.dir, &fix] {
        let names: Vec<_> = std::fs::read_dir(place).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("git-jit.")), "{names:?}");
    }
    let gone = team.sub("gone");
    let script = "rmdir \"$PWD\"; eval \"$(git-jit shell-init bash)\"; wt goto main; pwd";
    let mut command = gone.command("bash");
    let outcome = Outcome::of(script.to_owned(), command.args(["--norc", "--noprofile", "-c", script]));
    assert_eq!(at(&outcome.ok()), team.dir);
}

#[test]
fn a_path_with_blanks_quotes_and_a_line_end_is_gone_to() {
    let world = World::empty();
    let odd = world.place("").sub("it's \"odd\" $HOME `x`\n");
    odd.git("init -q -b main team").ok();
    let team = odd.moved(odd.dir.join("team").to_str().expect("text"));
    team.git("commit -q --allow-empty -m Root").ok();
    team.jit("init").ok();
    let id = team.create("Odd");
    let outcome = BASH.run(
        &team,
        &format!(
            "wt spawn {id} --no-agent -q > /dev/null; [ \"$PWD\" -ef \"$(git rev-parse --show-toplevel)\" ]; basename \"$PWD\""
        ),
    );
    outcome.ok().says(&format!("issue-{}-odd", &id[..8]));
}
