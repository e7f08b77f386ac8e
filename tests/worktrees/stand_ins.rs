//! Test doubles of programs: `gh` with given answers, and agents that record how they were started.

use std::path::PathBuf;

use crate::support::{Place, World, binaries};

const GH: &str = r#"#!/bin/sh
printf '%s\n' "$*" >> "$STAND_INS/gh.log"
answer="$STAND_INS/gh/$3"
[ -f "$answer.json" ] && exec cat "$answer.json"
cat "$answer.err" >&2 2>/dev/null || echo "GraphQL: Could not resolve to an issue or pull request with the number of $3. (repository.issue)" >&2
exit "$(cat "$answer.status" 2>/dev/null || echo 1)"
"#;

const AGENT: &str = r#"#!/bin/sh
log="$STAND_INS/${0##*/}.log"
{
    printf 'cwd %s\n' "$PWD"
    for word in "$@"; do printf 'arg %s\n' "$word"; done
    env | grep -E '^(JIT_|GIT_)' | sort
    echo end
} >> "$log"
echo "${0##*/} said something"
[ -z "$AGENT_DOES" ] || eval "$AGENT_DOES"
"#;

/// A folder of test doubles, first on `PATH`.
pub(super) struct StandIns {
    dir: PathBuf,
}

impl StandIns {
    /// All of them: `gh`, `claude`, `codex` and `gemini`. The user's shell is the real `sh`.
    pub(super) fn new(world: &World) -> Self {
        let dir = world.path("stand-ins");
        std::fs::create_dir_all(dir.join("gh")).expect("made");
        let all = Self { dir };
        all.program("gh", GH);
        for agent in ["claude", "codex", "gemini"] {
            all.program(agent, AGENT);
        }
        all
    }

    /// Adds a program.
    pub(super) fn program(&self, name: &str, script: &str) {
        let path = self.dir.join("bin").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, script).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("set");
    }

    /// Removes a program.
    pub(super) fn without(&self, name: &str) -> &Self {
        std::fs::remove_file(self.dir.join("bin").join(name)).expect("it was there");
        self
    }

    /// The same place with the test doubles on `PATH`.
    pub(super) fn at(&self, place: &Place) -> Place {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.dir.join("bin"), binaries()].into_iter().chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).expect("folders without separators");
        place.with("PATH", path.to_str().expect("text")).with("STAND_INS", self.dir.to_str().expect("text"))
    }

    /// Sets the answer of GitHub about an issue.
    pub(super) fn issue(&self, number: u32, title: &str, state: &str) {
        let page = format!("https://github.com/your-org/my-project/issues/{number}");
        let answer =
            serde_json::json!({ "number": number, "title": title, "state": state, "body": "As told\r\nthere", "url": page });
        std::fs::write(self.dir.join(format!("gh/{number}.json")), answer.to_string()).expect("written");
    }

    /// Sets any answer, valid or not.
    pub(super) fn answer(&self, number: u32, json: &str) {
        std::fs::write(self.dir.join(format!("gh/{number}.json")), json).expect("written");
    }

    /// Makes `gh` fail for this number, with a message.
    pub(super) fn failure(&self, number: u32, complaint: &str, status: i32) {
        std::fs::write(self.dir.join(format!("gh/{number}.err")), complaint).expect("written");
        std::fs::write(self.dir.join(format!("gh/{number}.status")), status.to_string()).expect("written");
    }

    /// The record of a test double.
    pub(super) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.join(format!("{name}.log"))).unwrap_or_default()
    }

    /// The arguments of the last start of an agent.
    pub(super) fn arguments(&self, name: &str) -> Vec<String> {
        let log = self.log(name);
        let last = log.trim_end().rsplit("\nend\n").next().unwrap_or_default();
        let last = if last.trim() == "end" { "" } else { last };
        last.lines().filter_map(|line| line.strip_prefix("arg ")).map(str::to_owned).collect()
    }
}
