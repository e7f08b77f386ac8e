//! `status --line`: what it says, that it says nothing where there is nothing, and that it touches nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use crate::support::{Outcome, Place, World, tools};

/// The line of a worktree at a moment, without its end.
fn line(place: &Place, seconds: u64) -> String {
    let outcome = place.at("boot", seconds).jit("status --line").ok();
    assert_eq!(outcome.stderr, "");
    outcome.line()
}

/// Every file below a directory, and when it was changed.
fn stamps(dir: &Path) -> BTreeMap<String, SystemTime> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        if path.is_dir() {
            all.extend(stamps(&path));
        }
        all.insert(path.display().to_string(), entry.metadata().and_then(|data| data.modified()).expect("a time"));
    }
    all
}

#[test]
fn it_names_the_issue_the_time_that_is_left_and_the_branch() {
    let (world, issues) = World::under("warn");
    let team = world.team().agent("agent:me");
    let short = &issues[0][..8];
    team.at("boot", 100).acquire(&issues[0]);
    assert_eq!(line(&team, 148), format!("{short} first, 9m 12s, main"));
    assert_eq!(line(&team.sub("src/deep"), 148), format!("{short} first, 9m 12s, main"));
    // Somebody else has none here, and a worktree that has never written anything has none either.
    assert_eq!(line(&team.agent("agent:you"), 148), "");
    assert_eq!(line(&world.linked("other"), 148), "");
    assert_eq!(line(&team, 800), "", "it is over");
    team.at("boot", 900).jit(&format!("claim acquire {} --ttl 0 --reason long", issues[1])).ok();
    assert_eq!(line(&team, 901), format!("{} second, no end, main", &issues[1][..8]));
    assert_eq!(line(&team, 9000), format!("{} second, stale, main", &issues[1][..8]));
    team.git("checkout -q --detach").ok();
    assert_eq!(line(&team, 901), format!("{} second, no end, detached", &issues[1][..8]));
}

#[test]
fn a_worktree_that_was_made_for_an_issue_says_so_whoever_holds_it() {
    let (world, issues) = World::under("warn");
    let team = world.team();
    let me = team.agent("agent:me").at("boot", 0);
    me.jit(&format!("issue update {} --context github=42", issues[0])).warns("without a lease");
    team.git("commit -q -a -m Number").ok();
    let path = me.jit(&format!("worktree spawn {} --no-agent --quiet", issues[0])).ok().line();
    let there = team.moved(&path);
    assert_eq!(line(&there, 60), "42 first, 9m 0s, issue-42-first");
    me.moved(&path).jit(&format!("issue update {} --priority low", issues[0])).ok();
    me.moved(&path).jit(&format!("claim release {}", issues[0])).ok();
    assert_eq!(line(&there, 60), "42 first, closing, issue-42-first");
    there.git("commit -q -a -m Low").ok();
    assert_eq!(line(&there, 60), "42 first, no lease, issue-42-first");
    // Another one is taken there: that is what somebody is at work on.
    me.moved(&path).jit(&format!("claim acquire {}", issues[1])).ok();
    assert_eq!(line(&there, 60), format!("{} second, 9m 0s, issue-42-first", &issues[1][..8]));
    let document = there.at("boot", 60).json("status --line");
    assert_eq!(document["remaining_secs"], 540);
    assert_eq!(document["lease"], "held");
    assert_eq!(document["slug"], "second");
    assert_eq!(document["line"], line(&there, 60));
}

#[test]
fn a_title_and_a_branch_give_no_orders_to_a_shell() {
    let world = World::new();
    let team = world.team().agent("agent:me");
    let issue = team.create("$(touch owned) `id` #[fg=red] %n and a title that goes on and on for ever and ever");
    team.at("boot", 0).acquire(&issue);
    team.git_args(&["checkout", "-q", "-b", "a$(id)`b`%n#c;&|'\"!"]).ok();
    let line = line(&team, 1);
    assert_eq!(line, format!("{} touch-owned-id-fg-red-n-and-a, 9m 59s, a__id__b__n_c______", &issue[..8]));
    assert!(line.chars().all(|c| c.is_ascii_alphanumeric() || "-_./, ".contains(c)), "{line}");
}

#[test]
fn nothing_is_said_where_there_is_nothing_to_say_and_nothing_is_an_error() {
    let world = World::empty();
    let place = world.place("");
    let quiet = |place: &Place| drop(place.jit("status --line").ok().says_nothing());
    quiet(&place);
    place.git("init -q -b main bare-of-us").ok();
    quiet(&world.place("bare-of-us"));
    quiet(&world.place("bare-of-us/.git"));
    place.git("init -q --bare bare.git").ok();
    quiet(&world.place("bare.git"));
    place.jit("-C nowhere status --line").ok().says_nothing();
    let document = place.json("status --line");
    assert_eq!(document["line"], "");
    assert!(document["issue_id"].is_null());

    let (world, issues) = World::under("strict");
    let team = world.team().agent("agent:me");
    quiet(&team);
    team.acquire(&issues[0]);
    // What cannot be read is left out.
    team.write(&Place::file(&issues[0]), "<<<<<<<");
    team.jit("status --line").ok().says(&issues[0][..8]).says(", main");
    team.write(".jit/config.toml", "= nonsense");
    team.jit("status --line").ok().says(&issues[0][..8]);
    quiet(&team.with("JIT_AGENT_ID", "no id at all"));
    team.write(".git/jit/claims.index.json", "");
    team.write(".git/jit/claims.jsonl", "garbage\n");
    quiet(&team);
    team.write(".git/jit/worktree.json", "garbage");
    quiet(&team);
    // A directory that is gone under the shell.
    let script = format!("mkdir gone && cd gone && rmdir ../gone && {} status --line", env!("CARGO_BIN_EXE_git-jit"));
    Outcome::of(script.clone(), team.command("sh").args(["-c", &script])).ok().says_nothing();
}

#[test]
fn it_writes_nothing_beats_nothing_and_starts_nothing() {
    let (world, issues) = World::under("strict");
    let team = world.team().agent("agent:me");
    team.at("boot", 0).acquire(&issues[0]);
    let before = stamps(&team.dir);
    // Most of the time is gone: any other command would warn, and beat if it did something with the issue.
    assert_eq!(line(&team, 595), format!("{} first, 5s, main", &issues[0][..8]));
    let binary = env!("CARGO_BIN_EXE_git-jit");
    let mut alone = team.command(binary);
    alone.env("PATH", "/nonexistent").env("JIT_TEST_CLOCK", "boot:595000").args(["status", "--line"]);
    Outcome::of("without a PATH".to_owned(), &mut alone).ok().says("first, 5s");
    assert_eq!(stamps(&team.dir), before);
}

/// The block of this language on the page.
fn snippet(language: &str) -> String {
    let page = include_str!("../../docs/how-to/prompt.md");
    let block = page.split(&format!("```{language}\n")).nth(1).expect("the page has one");
    block.split("```").next().expect("it ends").to_owned()
}

/// Has a shell read what the page has for it, and say its prompt.
fn prompt(language: &str, arguments: &[&str], show: &str) {
    let (world, issues) = World::under("warn");
    let team = world.team().agent("agent:me").at("boot", 60);
    team.acquire(&issues[0]);
    let script = format!("{}\n{show}", snippet(language));
    let outcome = Outcome::of(language.to_owned(), team.command(language).args(arguments).arg(&script));
    outcome.ok().says(&format!("{} first, 10m 0s, main", &issues[0][..8]));
}

#[test]
fn the_prompt_of_the_page_in_bash() {
    prompt("bash", &["--norc", "--noprofile", "-c"], "printf '%s' \"${PS1@P}\"");
}

#[test]
fn the_prompt_of_the_page_in_zsh() {
    if !tools::has("zsh") {
        return;
    }
    prompt("zsh", &["-f", "-c"], "print -P -- \"$PROMPT\"");
}

#[test]
fn the_prompt_of_the_page_in_fish() {
    if !tools::has("fish") {
        return;
    }
    prompt("fish", &["--no-config", "-c"], "fish_right_prompt");
}

#[test]
fn the_command_of_the_page_for_tmux() {
    let (world, issues) = World::under("warn");
    let team = world.team().agent("agent:me").at("boot", 60);
    team.acquire(&issues[0]);
    let tmux = snippet("tmux");
    let command = tmux.split("'#(").nth(1).and_then(|rest| rest.split(")'").next()).expect("a command");
    let command = command.replace("#{pane_current_path}", &team.dir.display().to_string());
    let outcome = Outcome::of("tmux".to_owned(), team.moved("/").command("sh").args(["-c", &command]));
    outcome.ok().says(&format!("{} first, 10m 0s, main", &issues[0][..8]));
}
