//! Whether a line of shell goes around the hooks of a repository: `--no-verify` and its kin, in what is committed, merged or
//! published.
//!
//! Advice for an agent before it runs something, and no wall: what cannot be read is let through, and so is what an alias, a
//! variable or a script hides. The push hook and `check` judge what comes of it.

mod options;
#[cfg(test)]
mod tests;

use crate::text::shell_words;

/// How deep `sh -c` may be nested.
const DEEPEST: usize = 8;
/// Words that stand before a command.
const KEYWORDS: [&str; 11] = ["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "coproc"];
/// Programs that run the command in their arguments.
const WRAPPERS: [&str; 15] = [
    "env", "command", "builtin", "exec", "nohup", "nice", "ionice", "sudo", "doas", "timeout", "xargs", "stdbuf", "setsid",
    "chronic", "winpty",
];
const SHELLS: [&str; 6] = ["sh", "bash", "zsh", "dash", "ksh", "fish"];

/// A way around the hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bypass {
    /// An option of a Git command.
    Option {
        /// `commit`, for instance.
        verb: String,
        /// As it was typed.
        option: String,
    },
    /// Git is told of another folder of hooks.
    HooksPath,
    /// A variable that switches hooks off.
    Variable {
        /// Its name.
        name: String,
    },
}

impl Bypass {
    /// What is said of it.
    pub(crate) fn sentence(&self) -> String {
        let what = match self {
            Self::Option { verb, option } => format!("git {verb} with {option}"),
            Self::HooksPath => "another core.hooksPath".to_owned(),
            Self::Variable { name } => format!("the variable {name}"),
        };
        format!(
            "{what} goes around the hooks of this repository. Give the command without it: what a hook refuses, it explains, with the next command."
        )
    }
}

/// The first way around the hooks in a line of shell.
pub(crate) fn bypass(text: &str) -> Option<Bypass> {
    BypassScanner { variables: Vec::new(), depth: 0 }.script(text)
}

/// What is known at one place of a script.
#[derive(Clone)]
struct BypassScanner {
    /// Variables that switch hooks off and that commands from here on have.
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

    /// A command behind the options of the program that runs it.
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

/// The last part of a path, without an extension of Windows.
fn name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// The script behind `-c`, also in a cluster such as `-lc`.
fn script_of(arguments: &[String]) -> Option<&str> {
    let is_c = |word: &String| word.len() > 1 && word.starts_with('-') && !word.starts_with("--") && word.contains('c');
    let at = arguments.iter().position(is_c)?;
    arguments[at + 1..].iter().find(|word| !word.starts_with('-')).map(String::as_str)
}

/// The two sides of `NAME=value`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let fits = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    (fits && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some((name, value))
}

/// Those that switch hooks off: of husky, lefthook, pre-commit and prek, overcommit, simple-git-hooks, and Git's own ways to
/// be told of a setting.
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
