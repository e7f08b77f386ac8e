//! `git jit watch`: one frame for programs, and in a real terminal what it shows, what keys do, and how it leaves.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::waiting::{pauses, until};
use crate::support::{Outcome, Place, World, tools};

fn team() -> (World, Place, [String; 2]) {
    let world = World::new();
    let team = world.team().agent("agent:alice");
    let issues = ["First thing", "Second thing"].map(|title| team.create(title));
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    (world, team, issues)
}

#[test]
fn a_frame_as_text_has_the_four_panels_in_every_worktree() {
    let (world, team, [first, second]) = team();
    team.jit(&format!("claim acquire {first} --ttl 2h --reason why")).ok();
    let other = world.linked("other");
    other.acquire(&second);
    for (place, mine, others) in [(&team, &first, &second), (&other, &second, &first), (&team.sub("below"), &first, &second)] {
        let frame = place.jit("watch --once").ok().stdout;
        let lines: Vec<&str> = frame.lines().collect();
        assert!(lines[1].starts_with("── Leases 2 ──"), "{frame}");
        assert!(lines[2].starts_with(&format!("*  {}", &mine[..8])) && lines[3].contains(&others[..8]), "{frame}");
        assert!(
            frame.contains("First thing") && frame.contains("agent:other") && (frame.contains("2h 0m") || frame.contains("1h 59m")),
            "{frame}"
        );
        let heads = ["── Worktrees 2 ──", "── Available 1 ──", "── Events 2 ──"];
        assert!(heads.iter().all(|head| frame.contains(head)), "{frame}");
        assert!(lines.iter().all(|line| line.chars().count() <= 100), "{frame}");
    }
    let document = other.json("watch");
    assert_eq!((&document["mine"][0]["issue_id"], &document["others"][0]["reason"]), (&second.as_str().into(), &"why".into()));
    assert_eq!(document["titles"][&first], "First thing");
    assert_eq!(document["events"][0]["issue_id"], second.as_str(), "the newest first");
    assert_eq!((document["worktrees"].as_array().map(Vec::len), &document["available_total"]), (Some(2), &1.into()));
    assert_eq!(other.json("watch --once")["agent_id"], "agent:other");
}

#[test]
fn a_lease_that_is_stale_or_over_is_told_as_that() {
    let (_world, team, [first, second]) = team();
    let at = |seconds| team.at("boot", seconds);
    at(0).jit(&format!("claim acquire {first} --ttl 0 --reason long")).ok();
    at(0).jit(&format!("claim acquire {second} --ttl 60")).ok();
    assert!(at(30).jit("watch --once").ok().stdout.contains("── Leases 2 ──"));
    let frame = at(4000).jit("watch --once").ok().stdout;
    assert!(frame.contains("── Leases 1 ──") && frame.contains("stale, silent"), "{frame}");
}

#[test]
fn without_a_terminal_it_refuses_and_says_what_there_is() {
    let (_world, team, _) = team();
    let refused =
        team.jit("watch").exits(2).says("stdout is not a terminal").says("git jit events --follow").says("git jit status");
    assert_eq!(refused.stdout, "");
    team.jit("watch --interval 0 --once").exits(2);
    World::empty().place("").jit("watch --once").exits(3).says("not a git repository");
}

#[test]
fn a_title_cannot_paint_and_what_cannot_be_read_is_told() {
    let (_world, team, [first, second]) = team();
    team.edit(&first, "\\u001b[31mred\\u202e\\nx");
    let frame = team.jit("watch --once").ok().stdout;
    assert!(!frame.contains('\u{1b}') && !frame.contains('\u{202e}') && frame.contains("[31mred"), "{frame}");
    team.write(&Place::file(&second), "{");
    let frame = team.jit("watch --once").ok().stdout;
    assert!(frame.lines().nth(1).is_some_and(|line| line.contains(".json")), "{frame}");
    assert_eq!(team.json("watch")["unreadable"].as_array().map(Vec::len), Some(1));
}

#[test]
fn looking_writes_nothing() {
    let (_world, team, [first, _]) = team();
    team.acquire(&first);
    let shared = team.dir.join(".git/jit");
    let look = || -> Vec<(PathBuf, Vec<u8>)> {
        let files = ["claims.jsonl", "events.jsonl"].map(|name| shared.join(name)).into_iter();
        files.map(|path| (path.clone(), std::fs::read(path).expect("there"))).collect()
    };
    let (before, status) = (look(), team.git("status --porcelain").ok().stdout);
    team.jit("watch --once").ok();
    assert!(look() == before && team.git("status --porcelain").ok().stdout == status);
}

/// A shell in a terminal of tmux, by a server of its own that ends with it.
struct Pane {
    place: Place,
    socket: String,
}

impl Drop for Pane {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

impl Pane {
    fn new(world: &World, place: &Place, columns: u16, lines: u16) -> Self {
        let place = place.with("LC_ALL", "C.UTF-8").with("PS1", "READY> ").with("TERM", "xterm-256color");
        let pane = Self { place, socket: world.path("tmux").display().to_string() };
        let (columns, lines) = (columns.to_string(), lines.to_string());
        pane.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &lines, "bash --norc --noprofile"]).ok();
        pane.type_line("stty -g > before; echo HERE ''BEFORE");
        pane.shows("HERE BEFORE\n");
        pane
    }

    fn tmux(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.place.command("tmux");
        Outcome::of(format!("tmux {}", arguments.join(" ")), command.args(["-u", "-S", &self.socket]).args(arguments))
    }

    fn type_line(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]).ok();
        self.keys(&["Enter"]);
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat()).ok();
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"]).ok().stdout
    }

    /// Waits until the terminal shows something, and returns all that it shows.
    fn waits(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "never {what}:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How often the watch has begun to wait.
    fn wakings(&self) -> u64 {
        pauses(self.place.read("pid").trim().parse().expect("a process id"))
    }

    fn shows(&self, text: &str) -> String {
        self.waits(text, |screen| screen.contains(text))
    }

    /// Starts the watch, with its process id in `pid`.
    fn watch(&self, variables: &str) {
        self.type_line(&format!("{variables} bash -c 'echo $$ > pid; exec git-jit watch'; echo ENDED $?"));
    }

    /// The terminal is what it was: the screen from before, a cursor, echo and lines.
    fn is_given_back(&self, status: i32) -> String {
        let ended = format!("ENDED {status}\n");
        let screen = self.waits(&ended, |screen| screen.contains(&ended) && screen.contains("HERE BEFORE"));
        assert!(!screen.contains("Leases"), "{screen}");
        assert_eq!(self.tmux(&["display", "-p", "#{alternate_on} #{cursor_flag}"]).ok().line(), "0 1");
        self.type_line("stty -g > after; echo SA''ID");
        self.shows("SAID\n");
        assert_eq!(self.place.read("before"), self.place.read("after"));
        screen
    }
}

#[test]
fn what_changes_is_shown_and_keys_are_obeyed_in_tmux() {
    if !tools::has("tmux") {
        return;
    }
    let (world, team, [first, _]) = team();
    let pane = Pane::new(&world, &team, 80, 24);
    pane.watch("");
    let screen = pane.shows("── Available 2 ──");
    assert!(screen.contains("▶─ Leases 0 ──") && screen.contains("No leases") && screen.contains("q quit"), "{screen}");
    team.acquire(&first);
    let screen = pane.shows("▶─ Leases 1 ──");
    assert!(screen.lines().any(|line| line.contains(&first[..8]) && line.contains("agent:alice")), "{screen}");
    let counted = pane.waits("a second less", |screen| screen.contains("9m 5"));
    assert!(counted.contains(&first[..8]), "{counted}");
    let third = team.create("Third thing");
    pane.shows("── Available 3 ──");
    pane.shows("Third thing");
    let document = team.json("watch");
    let listed = |at: usize| document["available"][at]["id"].as_str().expect("an id").to_owned() + "  ";
    pane.keys(&["Tab", "Tab", "Down"]);
    pane.shows(&listed(1));
    pane.keys(&["?"]);
    pane.shows("this help");
    pane.keys(&["?", "End"]);
    pane.shows(&listed(2));
    // By hand, with no event: seen with the interval.
    team.edit(&third, "By hand");
    pane.shows("By hand");
    pane.tmux(&["resize-window", "-x", "30", "-y", "7"]).ok();
    pane.waits("small", |screen| screen.contains("▶─ Available 1-3 of") || screen.contains("▶─ Available 3 "));
    for (columns, lines) in [("1", "1"), ("200", "2"), ("2", "60"), ("80", "24")] {
        let before = pane.wakings();
        pane.tmux(&["resize-window", "-x", columns, "-y", lines]).ok();
        until("it has drawn and waits again", || pane.wakings() > before);
    }
    pane.shows("── Events");
    pane.keys(&["q"]);
    pane.is_given_back(0);
}

#[test]
fn the_terminal_is_given_back_on_every_way_out_in_tmux() {
    if !tools::has("tmux") {
        return;
    }
    let (world, team, _) = team();
    let pane = Pane::new(&world, &team, 80, 24);
    for key in ["q", "Escape", "C-c"] {
        pane.watch("");
        pane.shows("── Available 2 ──");
        pane.keys(&[key]);
        pane.is_given_back(0);
        pane.type_line("clear; echo HERE ''BEFORE");
        pane.waits("cleared", |screen| !screen.contains("ENDED"));
    }
    pane.watch("");
    pane.shows("── Available 2 ──");
    pane.place.command("kill").args(["-TERM", pane.place.read("pid").trim()]).assert().success();
    pane.is_given_back(0);
    pane.type_line("clear; echo HERE ''BEFORE");
    pane.waits("cleared", |screen| !screen.contains("ENDED"));
    pane.watch("JIT_TEST_WATCH=error");
    assert!(pane.is_given_back(7).contains("cannot use the terminal: requested by a test"));
    pane.type_line("clear; echo HERE ''BEFORE");
    pane.waits("cleared", |screen| !screen.contains("ENDED"));
    pane.watch("JIT_TEST_WATCH=panic");
    assert!(pane.is_given_back(101).contains("requested by a test"));
}

/// The library below read from a terminal that was gone for ever, with all of a processor.
#[test]
fn it_ends_with_its_terminal_in_tmux() {
    if !tools::has("tmux") {
        return;
    }
    let (world, team, _) = team();
    let pane = Pane::new(&world, &team, 80, 24);
    pane.tmux(&["new-window", "bash --norc --noprofile"]).ok();
    pane.watch("");
    pane.shows("── Available 2 ──");
    let pid = pane.place.read("pid").trim().to_owned();
    pane.tmux(&["kill-window"]).ok();
    until("it has ended", || !pane.place.command("kill").args(["-0", &pid]).output().expect("run").status.success());
}
