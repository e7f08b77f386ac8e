//! What a page shows of a shell is played: its blocks of the kind `console`, one session a page, in a scratch home.
//!
//! | in a page | means |
//! |---|---|
//! | `$ command` | is run; lines that begin with `> ` go on with it |
//! | a line below it | stands in what the command says, as often as it is shown; `…` stands for anything, alone on a line for other lines |
//! | `# exit N: why`, last | the command ends with this status, which is not 0; without it, with 0 |
//! | `<!-- run: … -->` | is run too and is no part of the page: what the page takes for granted; `$GIT_JIT` is this checkout |
//! | `<!-- needs: PROGRAM -->` | without that program the page is not played |
//!
//! Ids, times left and the scratch home are made alike on both sides before they are compared.

use std::path::Path;

use crate::support::{Outcome, World};

/// One command of a page, and what the page says of it.
struct Step {
    line: usize,
    command: String,
    shown: Vec<String>,
    status: i32,
}

/// A shell that the pages are written for.
pub(super) struct Shell {
    program: &'static str,
    arguments: &'static [&'static str],
}

pub(super) const BASH: Shell = Shell { program: "bash", arguments: &["--norc", "--noprofile"] };
pub(super) const ZSH: Shell = Shell { program: "zsh", arguments: &["-f"] };

/// The only words that may stand behind the fence of a block: whatever is a command is run. Lines for the configuration of shells and
/// of tmux are tried in `tests/agents/line.rs`, in the programs that read them.
const FENCES: [&str; 9] = ["console", "text", "json", "toml", "yaml", "bash", "zsh", "fish", "tmux"];

/// The commands of a page, in order.
fn steps(page: &str, text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut fence = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line_number = number + 1;
        if let Some(hidden) = line.strip_prefix("<!-- run:") {
            let mut command = hidden.to_owned();
            while !command.trim_end().ends_with("-->") {
                let (_, more) = lines.next().unwrap_or_else(|| panic!("{page}:{line_number}: the comment has no end"));
                command += &format!("\n{more}");
            }
            let command = command.trim_end().trim_end_matches("-->").to_owned();
            steps.push(Step { line: line_number, command, shown: Vec::new(), status: 0 });
        } else if let Some(word) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(word.to_owned()) };
            assert!(fence.is_none() || FENCES.contains(&word), "{page}:{line_number}: ```{word} is run by nobody");
        } else if fence.as_deref() == Some("console") {
            take(&mut steps, line, &format!("{page}:{line_number}"), line_number);
        }
    }
    steps
}

/// Takes in a line of a block.
fn take(steps: &mut Vec<Step>, line: &str, at: &str, number: usize) {
    if let Some(command) = line.strip_prefix("$ ") {
        assert!(!command.contains(" #"), "{at}: zsh knows no comments where commands are typed");
        steps.push(Step { line: number, command: command.to_owned(), shown: Vec::new(), status: 0 });
        return;
    }
    let step = steps.last_mut().unwrap_or_else(|| panic!("{at}: said before any command"));
    if let Some(more) = line.strip_prefix("> ").or(if line == ">" { Some("") } else { None }) {
        step.command += &format!("\n{more}");
    } else if let Some(status) = line.strip_prefix("# exit ") {
        let status = status.split(':').next().unwrap_or_default();
        step.status = status.parse().unwrap_or_else(|_| panic!("{at}: '{status}' is no status"));
        assert_ne!(step.status, 0, "{at}: 0 needs no word");
    } else if !line.trim().is_empty() {
        step.shown.push(line.to_owned());
    }
}

/// Every command with marks around what it says; braces, so that the shell itself goes on.
fn script(steps: &[Step]) -> String {
    let one = |step: &Step| format!("{{ {}\n}} </dev/null\nprintf '\\n\\001%s\\n' $?\n", step.command);
    format!("exec 2>&1\ncd ~ || exit\n{}", steps.iter().map(one).collect::<String>())
}

/// Plays a page, and says where it does not tell the truth.
#[expect(clippy::print_stdout, reason = "a page that is not played is told of")]
pub(super) fn play(page: &str, shell: &Shell) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let needed = text.lines().filter_map(|line| line.strip_prefix("<!-- needs: ")?.strip_suffix(" -->"));
    if let Some(program) = needed.into_iter().find(|program| !is_there(program)) {
        println!("{page} was not played: there is no {program}");
        return;
    }
    let steps = steps(page, &text);
    assert!(!steps.is_empty(), "{page} shows no command");
    let world = World::empty();
    let home = world.place("").sub("home").with("GIT_JIT", env!("CARGO_MANIFEST_DIR"));
    home.write("session", script(&steps));
    let mut command = home.command(shell.program);
    let said = Outcome::of(page.to_owned(), command.args(shell.arguments).arg("session")).stdout;
    let mut rest = said.as_str();
    for step in &steps {
        let at = format!("{page}:{}: {}", step.line, step.command);
        let (told, after) = rest.split_once("\n\u{1}").unwrap_or_else(|| panic!("{at}: the session ended: {rest}"));
        let (status, after) = after.split_once('\n').unwrap_or((after, ""));
        assert_eq!(status, step.status.to_string(), "{at} ended with {status}:\n{told}");
        let told = told.replace(&home.dir.display().to_string(), "/home/you");
        if let Some(line) = missing(&step.shown, &told) {
            panic!("{at} does not say:\n{line}\nIt says:\n{told}");
        }
        rest = after;
    }
}

/// Whether a program can be had.
fn is_there(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// The first line that is shown and not told. In any order: rows of a table are sorted by ids that differ.
fn missing(shown: &[String], told: &str) -> Option<String> {
    let mut told: Vec<String> = told.lines().map(steady).collect();
    let mut lines = shown.iter().filter(|line| line.trim() != "…");
    let is_missing = |line: &&String| match told.iter().position(|said| fits(&steady(line), said)) {
        Some(at) => {
            told.remove(at);
            false
        }
        None => true,
    };
    lines.find(is_missing).cloned()
}

/// Whether a line is the one that is shown, where `…` stands for anything.
fn fits(shown: &str, said: &str) -> bool {
    let mut parts = shown.trim_end().split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = said.trim_end().strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A line in which ids are all `‹id›` and times `‹time›`; blanks are one each, since columns are as wide as what stands in them.
pub(super) fn steady(line: &str) -> String {
    let mut line = line.to_owned();
    let is_uuid = |text: &str| {
        text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.replace('-', "").bytes().all(is_hex)
    };
    while let Some(at) = (0..line.len()).find(|at| line.get(*at..at + 36).is_some_and(is_uuid)) {
        line.replace_range(at..at + 36, "‹id›");
    }
    let word = |word: &str| word.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).map(alike).collect::<String>();
    let line = line.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    // A time of several parts is one.
    line.replace("‹time› ‹time›", "‹time›").replace("‹time› ‹time›", "‹time›")
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// A part of a word with what follows it, without what differs from run to run.
fn alike(part: &str) -> String {
    let bare = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_ulid = bare.len() == 26 && bare.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let count = bare.trim_end_matches(['d', 'h', 'm', 's']);
    // Of eight digits that end with a `d` some are an id, and none a time.
    let is_time =
        count.len() + 1 == bare.len() && (1..=4).contains(&count.len()) && count.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = matches!(bare.len(), 7 | 8 | 10 | 12 | 40) && bare.bytes().all(is_hex) || is_ulid;
    let word = if is_time {
        "‹time›"
    } else if is_id {
        "‹id›"
    } else {
        bare
    };
    format!("{word}{}", &part[bare.len()..])
}

#[test]
fn a_line_that_nobody_said_is_missed_and_ids_and_times_are_not() {
    let told = "error: issue 4b22d033 is held by agent:a in wt:bdaa46b9 for 9m 59s more\n  See /home/you/issue-4b22d033-fix\nlast";
    let lines = |lines: &[&str]| missing(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), told);
    assert_eq!(lines(&["error: issue 00000000 is held by agent:a in wt:11111111 for 1h more", "…", "last"]), None);
    assert_eq!(steady("agent:a in wt:5786892d for 59m 59s"), steady("agent:a in wt:e8b4bf3c for 1h 0m"));
    assert_eq!(lines(&["error: … held by agent:a …", "  See /home/you/issue-00000000-fix"]), None);
    assert_eq!(lines(&["last", "last"]).as_deref(), Some("last"));
    assert_eq!(lines(&["error: … held by agent:b …"]).as_deref(), Some("error: … held by agent:b …"));
    assert_eq!(lines(&["error: issue 4b22d033 is held"]).as_deref(), Some("error: issue 4b22d033 is held"));
    let alike = ["  Id: 4b22d033-8182-402e-8407-845ea5f40cfe (main)", "  Id:   aaaaaaaa-bbb1-ccc2-ddd3-eeeeeeeeeeee (main)"];
    assert_eq!(steady(alike[0]), steady(alike[1]));
}
