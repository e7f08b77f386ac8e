//! What stands in the files, and which of them there are.
//!
//! `AGENTS.md` is read by Codex, Cursor and many others. Claude Code reads it where there is no `CLAUDE.md`, since 2.1.277 and
//! not everywhere; Gemini reads `GEMINI.md` unless its settings name another file. Both can import a file by a line with `@`.

use std::path::Path;

use serde_json::Value;

use crate::commands::setup::agents::KnownAgent;
use crate::commands::setup::agents::agent_file::{AgentFile, AgentFileContent};
use crate::error::Error;
use crate::store::file;

/// The file that all agents are sent to.
const AGENTS: &str = "AGENTS.md";
const CLAUDE: &str = "CLAUDE.md";
const CLAUDE_SETTINGS: &str = ".claude/settings.json";
const GEMINI: &str = "GEMINI.md";
const GEMINI_SETTINGS: &str = ".gemini/settings.json";

/// What stands in `AGENTS.md`.
const BODY: &str = "\
## Work in this repository: git jit

Work items are issues, files in `.jit/issues/`. A lease gives one agent in one worktree the right to edit one of them.

- When you begin, and after a long pause: `git jit prime`. It tells the rules in force, your leases, what is available.
- Before you edit an issue: `git jit claim acquire ID`. When it is finished: `git jit done ID`.
- Commit `.jit` together with the code that it is about.
- About an issue that another holds: `git jit note add ID TEXT`, which needs no lease.
- When something is refused, read the message: it names the next command. Do not go around the hooks.
";

/// Every place, those first that others refer to. What the named agents do not need is left out.
pub(crate) fn files(root: &Path, named: &[KnownAgent]) -> Result<Vec<AgentFile>, Error> {
    let agents = AgentFile::find(root, AGENTS, None, AgentFileContent::Block(BODY))?;
    let mut files = Vec::new();
    for (path, agent, kind) in [
        (CLAUDE, KnownAgent::Claude, AgentFileContent::Block("@AGENTS.md\n")),
        (CLAUDE_SETTINGS, KnownAgent::Claude, AgentFileContent::Hooks),
        (GEMINI, KnownAgent::Gemini, AgentFileContent::Block("@./AGENTS.md\n")),
    ] {
        let place = AgentFile::find(root, path, Some(agent), kind);
        // What nobody asked for and cannot be read does not keep others from what they asked for.
        let Ok(place) = place else {
            if named.contains(&agent) {
                files.push(place?);
            }
            continue;
        };
        if place.is_same_as(&agents) {
            continue;
        }
        let is_needless = !place.has_ours() && (refers(&place) || agent == KnownAgent::Gemini && gemini_reads_agents(root));
        if kind == AgentFileContent::Hooks || !is_needless {
            files.push(place);
        }
    }
    files.insert(0, agents);
    Ok(files)
}

/// Whether a file imports `AGENTS.md` already, by a line that is not ours.
fn refers(place: &AgentFile) -> bool {
    let text = place.text.as_deref().unwrap_or_default();
    text.split_whitespace().any(|word| matches!(word, "@AGENTS.md" | "@./AGENTS.md"))
}

/// Whether Gemini's settings name `AGENTS.md`, in their form of today or of before.
fn gemini_reads_agents(root: &Path) -> bool {
    let read = || -> Option<Value> { serde_json::from_slice(&file::read_optional(&root.join(GEMINI_SETTINGS)).ok()??).ok() };
    let Some(settings) = read() else { return false };
    [settings.pointer("/context/fileName"), settings.get("contextFileName")].into_iter().flatten().any(|name| match name {
        Value::Array(names) => names.iter().any(|name| name == AGENTS),
        name => name == AGENTS,
    })
}
