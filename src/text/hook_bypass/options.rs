//! Options of Git commands that run hooks: which of them skip hooks, and which take a value, so that `--no-verify` inside a
//! message does not count as an option.

/// What the parser must know about the options of one command.
pub(crate) struct Spec {
    /// Whether `-n` is short for `--no-verify`; for other commands it means something else.
    has_short: bool,
    /// Short options with a required value: the rest of the word, or the next word.
    takes: &'static str,
    /// Short options with an optional value: only the rest of the word.
    may_take: &'static str,
    /// Long options with a value.
    long: &'static [&'static str],
}

const COMMIT: Spec = Spec {
    has_short: true,
    takes: "mFCct",
    may_take: "uS",
    long: &[
        "message",
        "file",
        "author",
        "date",
        "template",
        "reuse-message",
        "reedit-message",
        "fixup",
        "squash",
        "cleanup",
        "trailer",
        "pathspec-from-file",
    ],
};
const AM: Spec =
    Spec { has_short: true, takes: "", may_take: "CpS", long: &["directory", "exclude", "include", "patch-format", "whitespace"] };
const PUSH: Spec = Spec { has_short: false, takes: "o", may_take: "", long: &["push-option", "receive-pack", "exec", "repo"] };
const MERGE: Spec = Spec {
    has_short: false,
    takes: "mFsX",
    may_take: "S",
    long: &["message", "file", "strategy", "strategy-option", "into-name", "cleanup", "depth", "upload-pack", "server-option"],
};
const REBASE: Spec =
    Spec { has_short: false, takes: "sXx", may_take: "CS", long: &["exec", "onto", "strategy", "strategy-option", "whitespace"] };
/// Commands without an option that skips hooks. Settings still can.
const NONE: Spec = Spec { has_short: false, takes: "mXs", may_take: "S", long: &[] };

/// The options of a command that runs relevant hooks; `None` for other commands.
pub(crate) fn of(verb: &str) -> Option<Spec> {
    Some(match verb {
        "commit" => COMMIT,
        "am" => AM,
        "push" => PUSH,
        "merge" | "pull" => MERGE,
        "rebase" => REBASE,
        "cherry-pick" | "revert" => NONE,
        _ => return None,
    })
}

/// The Git command, the words after it, and whether an option before it changes the hooks directory.
pub(crate) fn verb(arguments: &[String]) -> Option<(&str, &[String], bool)> {
    let mut moves_hooks = false;
    let mut at = 0;
    loop {
        let word = arguments.get(at)?.as_str();
        let next = arguments.get(at + 1).map_or("", String::as_str);
        at += match word {
            "-c" | "--config-env" => {
                moves_hooks |= names_path(next);
                2
            }
            "-C" | "--git-dir" | "--work-tree" | "--namespace" | "--super-prefix" | "--attr-source" | "--exec-path" => 2,
            word if word.starts_with('-') => {
                moves_hooks |= word.strip_prefix("--config-env=").is_some_and(names_path);
                1
            }
            verb => return Some((verb, &arguments[at + 1..], moves_hooks)),
        };
    }
}

fn names_path(setting: &str) -> bool {
    setting.split('=').next().is_some_and(|key| key.eq_ignore_ascii_case("core.hookspath"))
}

/// The option among these words that skips hooks.
pub(crate) fn skipping(spec: &Spec, words: &[String]) -> Option<String> {
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if word == "--" {
            return None;
        }
        if let Some(long) = word.strip_prefix("--") {
            // Git accepts a unique prefix of a long option; `--no-ver` could also mean `--no-verbose`.
            if "no-verify".starts_with(long) && long.len() >= "no-veri".len() {
                return Some(word.to_owned());
            }
            if long.len() > 1 && spec.long.iter().any(|name| name.starts_with(long)) {
                words.next();
            }
        } else if let Some(cluster) = word.strip_prefix('-') {
            for (at, c) in cluster.char_indices() {
                if c == 'n' && spec.has_short {
                    return Some(word.to_owned());
                }
                if spec.takes.contains(c) && at + c.len_utf8() == cluster.len() {
                    words.next();
                }
                if spec.takes.contains(c) || spec.may_take.contains(c) {
                    break;
                }
            }
        }
    }
    None
}
