//! The reference of commands as one page of Markdown, from the command line's own description.
//!
//! Knows clap's tree and nothing of a verb: what it lacks is to be said in the verb's own help. The same tree gives the same bytes.

use clap::{Arg, ArgAction, Command};

use crate::exit::ExitStatus;

/// How the page begins.
const HEAD: &str = "\
# Commands

Made by `git jit man --markdown docs/reference/commands.md` from the command line's own description; not edited by hand.
`git jit help VERB` says the same in a terminal. What a verb answers with `--json` is in [json.md](../json.md).
";

/// The page.
pub(crate) fn page(root: &Command) -> String {
    let verbs: Vec<&Command> = visible(root).collect();
    let mut text = format!("{HEAD}\n| verb | |\n|---|---|\n");
    for verb in &verbs {
        let name = verb.get_name();
        text += &format!("| [`{name}`](#git-jit-{name}) | {} |\n", about(verb).replace('|', "\\|"));
    }
    text += "\n## Options of every verb\n\n";
    text += &root.get_arguments().filter(|arg| arg.is_global_set()).map(item).collect::<String>();
    text += "\n## Exit statuses\n\n| status | meaning |\n|---:|---|\n";
    for (status, meaning) in ExitStatus::TABLE {
        text += &format!("| {} | {meaning} |\n", status.code());
    }
    for verb in verbs {
        section(verb, "git jit", "##", &mut text);
    }
    text
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).as_deref().map(plain).unwrap_or_default()
}

/// A verb and all that is below it.
fn section(command: &Command, above: &str, level: &str, text: &mut String) {
    let name = format!("{above} {}", command.get_name());
    *text += &format!("\n{level} {name}\n\n{}.\n", about(command));
    let aliases: Vec<String> = command.get_visible_aliases().map(|alias| format!("`{above} {alias}`")).collect();
    if !aliases.is_empty() {
        *text += &format!("\nAlso {}.\n", aliases.join(", "));
    }
    if !command.has_subcommands() {
        let usage = command.clone().render_usage().to_string();
        *text += &format!("\n```text\n{}\n```\n", usage.trim().trim_start_matches("Usage: "));
    }
    let is_own = |arg: &&Arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help";
    let own: Vec<&Arg> = command.get_arguments().filter(is_own).collect();
    if !own.is_empty() {
        *text += "\n";
        *text += &own.into_iter().map(item).collect::<String>();
    }
    if let Some(after) = command.get_after_help() {
        *text += &format!("\n```text\n{}\n```\n", after.to_string().trim());
    }
    for verb in visible(command) {
        section(verb, &name, "###", text);
    }
}

/// An argument or an option, as an item of a list.
fn item(arg: &Arg) -> String {
    let names = arg.get_short().map(|short| format!("-{short}")).into_iter().chain(arg.get_long().map(|long| format!("--{long}")));
    let names = names.collect::<Vec<_>>().join(", ");
    let value = value(arg);
    let shown = match (names.is_empty(), value.is_empty()) {
        (true, _) => value,
        (_, true) => names,
        _ if arg.is_require_equals_set() => format!("{names}[={value}]"),
        _ => format!("{names} {value}"),
    };
    let help = arg.get_help().map(ToString::to_string).as_deref().map(plain).unwrap_or_default();
    let words: Vec<String> =
        arg.get_possible_values().iter().filter(|word| !word.is_hide_set()).map(|word| format!("`{}`", word.get_name())).collect();
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let one_of = if words.is_empty() || is_switch { String::new() } else { format!(" One of {}.", words.join(", ")) };
    let defaults: Vec<String> = arg.get_default_values().iter().map(|word| format!("`{}`", word.to_string_lossy())).collect();
    let default = if is_switch || defaults.is_empty() { String::new() } else { format!(" Default: {}.", defaults.join(", ")) };
    format!("- `{shown}`: {help}.{one_of}{default}\n")
}

/// What stands for an argument's value.
fn value(arg: &Arg) -> String {
    if !arg.get_action().takes_values() {
        return String::new();
    }
    let id = arg.get_id().as_str().to_uppercase();
    let names = arg.get_value_names().map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let many = arg.is_positional()
        && (arg.get_num_args().is_some_and(|range| range.max_values() > 1) || matches!(arg.get_action(), ArgAction::Append));
    format!("{}{}", names.unwrap_or(id), if many { "…" } else { "" })
}

/// Text whose signs mean nothing to Markdown, in one line.
fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.trim_end_matches('.').replace('<', "&lt;").replace('*', "\\*").replace('[', "\\[")
}
