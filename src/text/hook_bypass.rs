//! Finds shell commands that bypass the hooks of a repository, for example `git commit --no-verify`.
//!
//! This is advice for an agent before it runs a command, not a barrier. Text that cannot be parsed passes, and so does a bypass in an
//! alias, a variable or a script. The push hook and `check` judge the result.

mod options;
#[cfg(test)]
mod tests;

use crate::text::shell_words;

/// The maximum nesting of `sh -c`.
const DEEPEST: usize = 8;
/// Words that may precede a command.
const KEYWORDS: [&str; 11] = ["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "coproc"];
/// Programs that run the command in their arguments.
const WRAPPERS: [&str; 15] = [
    "env", "command", "builtin", "exec", "nohup", "nice", "ionice", "sudo", "doas", "timeout", "xargs", "stdbuf", "setsid",
    "chronic", "winpty",
];
const SHELLS: [&str; 6] = ["sh", "bash", "zsh", "dash", "ksh", "fish"];

/// A way to bypass the hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bypass {
    /// An option of a Git command.
    Option {
        /// The Git command, for example `commit`.
        verb: String,
        /// The option as typed.
        option: String,
    },
    /// A setting that changes the hooks directory.
    HooksPath,
    /// A variable that disables hooks.
    Variable {
        /// The name of the variable.
        name: String,
    },
}

impl Bypass {
    /// The message for the agent.
    pub(crate) fn sentence(&self) -> String {
        let what = match self {
            Self::Option { verb, option } => format!("git {verb} with {option}"),
            Self::HooksPath => "another core.hooksPath".to_owned(),
            Self::Variable { name } => format!("the variable {name}"),
        };
        format!(
            "{what} bypasses the hooks of this repository. Run the command without it: a hook that refuses explains why and names the next command."
        )
    }
}

/// The first bypass in a line of shell.
pub(crate) fn bypass(text: &str) -> Option<Bypass> {
    BypassScanner { variables: Vec::new(), depth: 0 }.script(text)
}

/// The state of the scan at one position of a script.
#[derive(Clone)]
struct BypassScanner {
    /// Variables that disable hooks for the commands that follow.
    variables: Vec<String>,
    depth: usize,
}

impl BypassScanner {
    fn script(mut self, text: &str) -> Option<Bypass> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        shell_words::commands(text)?.iter().find_map(|words| self.command(words))
    }

    fn command(&mut self, words: &[String]) -> Option<Bypass> {
        let start = words.iter().position(|word| !KEYWORDS.contains(&word.as_str()))?;
        let words = &words[start..];
        let after = words.iter().position(|word| assignment(word).is_none())?;
        let (set, words) = words.split_at(after);
        let mut inner = self.clone();
        inner.variables.extend(aimed(set));
        let (program, arguments) = words.split_first()?;
        match name(program) {
            "export" | "declare" | "typeset" => {
                self.variables.extend(aimed(arguments));
                None
            }
            "eval" => inner.script(&arguments.join(" ")),
            "git" => inner.git(arguments),
            name if SHELLS.contains(&name) => inner.script(script_of(arguments)?),
            name if WRAPPERS.contains(&name) => inner.wrapped(arguments),
            _ => None,
        }
    }

    /// Scans the command behind the options of the program that runs it.
    fn wrapped(mut self, arguments: &[String]) -> Option<Bypass> {
        let runs = |word: &String| {
            let name = name(word);
            name == "git" || SHELLS.contains(&name) || WRAPPERS.contains(&name)
        };
        let start = arguments.iter().position(runs)?;
        self.variables.extend(aimed(&arguments[..start]));
        self.command(&arguments[start..])
    }

    fn git(&self, arguments: &[String]) -> Option<Bypass> {
        let (verb, rest, moves_hooks) = options::verb(arguments)?;
        let spec = options::of(verb)?;
        if moves_hooks {
            return Some(Bypass::HooksPath);
        }
        if let Some(name) = self.variables.first() {
            return Some(Bypass::Variable { name: name.clone() });
        }
        options::skipping(&spec, rest).map(|option| Bypass::Option { verb: verb.to_owned(), option })
    }
}

/// The file name of a program, without a Windows extension.
fn name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// The script after `-c`, also in a group of short options such as `-lc`.
fn script_of(arguments: &[String]) -> Option<&str> {
    let is_c = |word: &String| word.len() > 1 && word.starts_with('-') && !word.starts_with("--") && word.contains('c');
    let at = arguments.iter().position(is_c)?;
    arguments[at + 1..].iter().find(|word| !word.starts_with('-')).map(String::as_str)
}

/// Splits `NAME=value`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let fits = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    (fits && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some((name, value))
}

/// The variables that disable hooks: of husky, lefthook, pre-commit, prek, overcommit and simple-git-hooks, and the variables that
/// change Git's settings.
fn aimed(words: &[String]) -> Vec<String> {
    let is_off = |value: &str| matches!(value, "0" | "false");
    let is_on = |value: &str| !value.is_empty() && !is_off(value);
    let names_path = |value: &str| value.to_ascii_lowercase().contains("core.hookspath");
    let is_aimed = |(name, value): &(&str, &str)| match *name {
        "HUSKY" | "LEFTHOOK" => is_off(value),
        "HUSKY_SKIP_HOOKS" | "OVERCOMMIT_DISABLE" | "SKIP_SIMPLE_GIT_HOOKS" => is_on(value),
        "SKIP" | "PREK_SKIP" | "LEFTHOOK_EXCLUDE" => !value.is_empty(),
        "GIT_CONFIG_PARAMETERS" => names_path(value),
        name => name.starts_with("GIT_CONFIG_KEY_") && names_path(value),
    };
    words.iter().filter_map(|word| assignment(word)).filter(is_aimed).map(|(name, _)| name.to_owned()).collect()
}
