//! `docs/demo.svg`: a short session with the real program, drawn. What it says is compared with a fresh one, ids and times aside.
//!
//! `JIT_DRAW=1 cargo test --test all -- docs::picture` draws it anew. Look at it before it is committed.

use std::path::{Path, PathBuf};

use super::root;
use super::session::steady;
use crate::support::{Place, World};

/// What stands before the first command and is not in the picture.
const BEFORE: &str =
    "git init -q --bare -b main server.git && git init -q -b main shop && cd shop && git remote add origin ~/server.git
git commit -q --allow-empty -m Root && git jit init
LOGIN=$(git jit issue create --quiet --priority high 'Fix login') && DOCS=$(git jit issue create --quiet 'Write the docs')
git jit dep add $(git jit issue create --quiet 'Release 1.0') $LOGIN && git jit config set worktree.enforce_leases strict
git add -A && git commit -q -m Issues && git jit hooks install && git push -q -u origin main
echo $LOGIN > ~/login && echo $DOCS > ~/docs";

/// Where a command is typed, who sees it, and the command; `LOGIN` and `DOCS` are the beginnings of two ids.
const SESSION: [(&str, &str, &str); 8] = [
    ("shop", "", "git jit query available"),
    ("shop", "agent:alice", "git jit wt spawn LOGIN --no-agent"),
    ("shop", "agent:bob", "git jit wt spawn DOCS --no-agent --quiet"),
    ("shop/trees/issue-DOCS-write-the-docs", "agent:bob", "git jit claim acquire LOGIN"),
    ("shop/trees/issue-DOCS-write-the-docs", "agent:bob", "sed -i 's/\"high\"/\"low\"/' .jit/issues/LOGIN*.json"),
    ("shop/trees/issue-DOCS-write-the-docs", "agent:bob", "git commit -a -m 'Not that urgent'"),
    ("shop/trees/issue-LOGIN-fix-login", "agent:alice", "git jit done LOGIN"),
    ("shop/trees/issue-LOGIN-fix-login", "agent:alice", "git commit -q -a -m 'Fix the login'"),
];

/// A line of the picture: its text, with the escapes of a terminal, and whether it was typed.
struct Line {
    text: String,
    is_typed: bool,
}

/// What a script says, on both streams.
fn bash(place: &Place, script: &str) -> String {
    let output = place.command("bash").args(["-c", &format!("exec 2>&1\n{script}")]).output().expect("a shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Plays the session.
fn play() -> Vec<Line> {
    let world = World::empty();
    let home = world.place("").sub("home");
    bash(&home, BEFORE);
    let id = |name: &str| home.read(name).trim()[..8].to_owned();
    let (login, docs) = (id("login"), id("docs"));
    let fill = |text: &str| text.replace("LOGIN", &login).replace("DOCS", &docs);
    let mut lines = Vec::new();
    for (dir, agent, command) in SESSION {
        let place = home.sub(&fill(dir)).with("CLICOLOR_FORCE", "1");
        let place = if agent.is_empty() { place } else { place.agent(agent) };
        let said = bash(&place, &fill(command)).replace(&home.dir.display().to_string(), "~");
        let who = agent.strip_prefix("agent:").unwrap_or("team");
        lines.push(Line { text: format!("\u{1b}[1m{who}\u{1b}[0m\u{1b}[2m $\u{1b}[0m {}", fill(command)), is_typed: true });
        let told = said.lines().filter(|line| !line.trim().is_empty());
        lines.extend(told.map(|line| Line { text: line.to_owned(), is_typed: false }));
    }
    lines
}

/// A line cut where its colours change: the style, as a class, and the text.
fn runs(text: &str) -> Vec<(&'static str, String)> {
    let mut runs = Vec::new();
    for (at, part) in text.split("\u{1b}[").enumerate() {
        let (codes, text) = if at == 0 { ("0", part) } else { part.split_once('m').expect("an escape ends") };
        let class = match codes {
            "0" => "",
            "1" => "b",
            "2" => "f",
            "32" => "g",
            "33" => "y",
            "33;1" => "y b",
            "31;1" => "r b",
            other => panic!("nobody has said how {other} looks"),
        };
        if !text.is_empty() {
            runs.push((class, text.to_owned()));
        }
    }
    runs
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const STYLE: &str = "\
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d0d7de; white-space: pre }
.b { font-weight: bold; fill: #f0f6fc } .f { fill: #8b949e } .g { fill: #56d364 } .y { fill: #e3b341 } .r { fill: #ff7b72 }";

/// The picture: a dark window of its own, so that it reads on light and on dark pages.
fn draw(lines: &[Line]) -> String {
    let (mut y, mut texts) = (34, String::new());
    for (at, line) in lines.iter().enumerate() {
        y += if at == 0 {
            0
        } else if line.is_typed {
            27
        } else {
            19
        };
        let span = |(class, text): (&str, String)| {
            if class.is_empty() { escaped(&text) } else { format!("<tspan class=\"{class}\">{}</tspan>", escaped(&text)) }
        };
        let spans: String = runs(&line.text).into_iter().map(span).collect();
        texts += &format!("<text x=\"20\" y=\"{y}\" xml:space=\"preserve\">{spans}</text>\n");
    }
    let (width, height) = (880, y + 20);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Two agents: one takes a lease on an issue, the other one's edit of it is refused</title>\n\
         <style>\n{STYLE}\n</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#0d1117\" stroke=\"#30363d\"/>\n{texts}</svg>\n"
    )
}

/// The lines of text in a picture.
fn texts(svg: &str) -> Vec<String> {
    let untagged = |line: &str| line.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<String>();
    let plain = |line: &str| untagged(line).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    svg.lines().filter(|line| line.starts_with("<text ")).map(plain).collect()
}

#[test]
fn the_picture_shows_what_the_program_says() {
    let path: PathBuf = root().join("docs/demo.svg");
    let fresh = draw(&play());
    if std::env::var_os("JIT_DRAW").is_some() {
        std::fs::write(&path, &fresh).expect("written");
    }
    let committed = std::fs::read_to_string(Path::new(&path)).expect("a picture");
    let steadied = |svg: &str| texts(svg).iter().map(|line| steady(line)).collect::<Vec<_>>();
    assert_eq!(steadied(&committed), steadied(&fresh), "draw it anew: JIT_DRAW=1 cargo test --test all -- docs::picture");
    let lines = texts(&fresh);
    assert!((20..40).contains(&lines.len()), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("commit refused")) && lines.iter().any(|line| line.contains("Unblocked")));
    // Whatever the widest font does, nothing stands outside: 8.43 points a column at 14 points.
    let widest = lines.iter().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|columns| columns <= 99), "{widest:?} columns are too many");
}
