//! The files that agents read, and the text that git jit adds to them.
//!
//! Codex, Cursor and many others read `AGENTS.md`. Claude Code reads it where there is no `CLAUDE.md`, since 2.1.277 and not
//! everywhere. Gemini reads `GEMINI.md` unless its settings name another file. Both can import a file with a line `@FILE`.

use std::path::Path;

use serde_json::Value;

use crate::commands::setup::agents::KnownAgent;
use crate::commands::setup::agents::agent_file::{AgentFile, AgentFileContent};
use crate::error::Error;
use crate::store::file;

/// The file with the instructions; the others import it.
const AGENTS: &str = "AGENTS.md";
const CLAUDE: &str = "CLAUDE.md";
const CLAUDE_SETTINGS: &str = ".claude/settings.json";
const GEMINI: &str = "GEMINI.md";
const GEMINI_SETTINGS: &str = ".gemini/settings.json";

/// The block in `AGENTS.md`.
const BODY: &str = "\
## Work in this repository: git jit

Work items are issues: files in `.jit/issues/`. A lease gives one agent in one worktree the right to edit one issue.

- At the start, and after a long pause, run `git jit prime`. It prints the rules in force, your leases and the available issues.
- Before you edit an issue: `git jit claim acquire ID`. When it is finished: `git jit done ID`.
- Commit `.jit` together with the code that it is about.
- To comment on an issue that another agent holds: `git jit note add ID TEXT`. Notes need no lease.
- If something is refused, read the message: it names the next command. Do not bypass the hooks.
";

/// Every file, `AGENTS.md` first. Files that the named agents do not need are left out.
pub(crate) fn files(root: &Path, named: &[KnownAgent]) -> Result<Vec<AgentFile>, Error> {
    let agents = AgentFile::find(root, AGENTS, None, AgentFileContent::Block(BODY))?;
    let mut files = Vec::new();
    for (path, agent, content) in [
        (CLAUDE, KnownAgent::Claude, AgentFileContent::Block("@AGENTS.md\n")),
        (CLAUDE_SETTINGS, KnownAgent::Claude, AgentFileContent::Hooks),
        (GEMINI, KnownAgent::Gemini, AgentFileContent::Block("@./AGENTS.md\n")),
    ] {
        let file = AgentFile::find(root, path, Some(agent), content);
        // An unreadable file of an agent that was not named does not stop the others.
        let Ok(file) = file else {
            if named.contains(&agent) {
                files.push(file?);
            }
            continue;
        };
        if file.is_same_as(&agents) {
            continue;
        }
        let is_needless = !file.is_managed() && (imports(&file) || agent == KnownAgent::Gemini && gemini_reads_agents(root));
        if content == AgentFileContent::Hooks || !is_needless {
            files.push(file);
        }
    }
    files.insert(0, agents);
    Ok(files)
}

/// Whether the user's own text already imports `AGENTS.md`.
fn imports(file: &AgentFile) -> bool {
    let text = file.text.as_deref().unwrap_or_default();
    text.split_whitespace().any(|word| matches!(word, "@AGENTS.md" | "@./AGENTS.md"))
}

/// Whether Gemini's settings name `AGENTS.md`, in the current format or the former one.
fn gemini_reads_agents(root: &Path) -> bool {
    let read = || -> Option<Value> { serde_json::from_slice(&file::read_optional(&root.join(GEMINI_SETTINGS)).ok()??).ok() };
    let Some(settings) = read() else { return false };
    [settings.pointer("/context/fileName"), settings.get("contextFileName")].into_iter().flatten().any(|name| match name {
        Value::Array(names) => names.iter().any(|name| name == AGENTS),
        name => name == AGENTS,
    })
}
