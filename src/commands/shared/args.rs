//! Arguments that several verbs have, and their parsers.

use std::io::Read;
use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::commands::shared::session::Session;
use crate::domain::id::AgentId;
use crate::domain::issue::{InvalidIssue, Priority, State, valid_label};
use crate::domain::lease::LONGEST_TTL_SECS;
use crate::domain::tracker::query::{AssigneeFilter, Filter};
use crate::error::Error;
use crate::store;

/// The largest input from stdin or a file, in bytes.
const LARGEST_INPUT: u64 = 64 * 1024 * 1024;
/// The longest description, in bytes.
const LONGEST_DESCRIPTION: usize = 256 * 1024;

/// A parser for one of several named values.
pub(crate) fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    as_str: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.map(as_str))
        .try_map(move |word| all.into_iter().find(|value| as_str(*value) == word).ok_or("none of them"))
}

pub(crate) fn state() -> impl TypedValueParser<Value = State> {
    one_of(State::ALL, State::as_str)
}

pub(crate) fn priority() -> impl TypedValueParser<Value = Priority> {
    one_of(Priority::ALL, Priority::as_str)
}

// Which issues to select.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Filters {
    /// Only issues in this effective state: ready issues have no open dependencies
    #[arg(long, short, value_parser = state(), value_delimiter = ',', value_name = "STATE")]
    state: Vec<State>,
    /// Only issues with this priority
    #[arg(long, short, value_parser = priority(), value_delimiter = ',', value_name = "PRIORITY")]
    priority: Vec<Priority>,
    /// Only issues with this label, or with all of several; namespace:* matches any label of the namespace
    #[arg(long, short, value_delimiter = ',', value_name = "LABEL")]
    label: Vec<String>,
    /// Only issues of this type, which is a label type:…
    #[arg(long = "type", value_delimiter = ',', value_name = "TYPE")]
    kind: Vec<String>,
    /// Only issues assigned to this agent; me for yourself, none for unassigned issues
    #[arg(long, short, value_name = "TYPE:NAME")]
    assignee: Option<String>,
    /// Only issues with this text in the title, the description, a label or the id
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Include deleted issues
    #[arg(long)]
    pub deleted: bool,
    /// Only issues that this worktree has itself
    #[arg(long)]
    pub local: bool,
}

impl Filters {
    /// The same filters with this search text.
    pub(crate) fn with_text(mut self, text: String) -> Self {
        self.search = Some(text);
        self
    }

    /// The filter, in which `me` is the agent `me`.
    pub(crate) fn meant(self, me: &AgentId) -> Result<Filter, Error> {
        let Self { state, priority, label, kind, assignee, search, deleted: _, local: _ } = self;
        Ok(Filter {
            states: state,
            priorities: priority,
            labels: label,
            types: kind,
            assignee: assignee.map(|typed| wanted(&typed, me)).transpose()?,
            text: search.map(|text| text.to_lowercase()),
        })
    }
}

fn wanted(typed: &str, me: &AgentId) -> Result<AssigneeFilter, Error> {
    Ok(match typed.trim() {
        "none" => AssigneeFilter::Unassigned,
        other => AssigneeFilter::Agent(agent(other, me)?.to_string()),
    })
}

/// The agent `typed`, which may be `me`.
pub(crate) fn agent(typed: &str, me: &AgentId) -> Result<AgentId, Error> {
    if typed.trim() == "me" { Ok(me.clone()) } else { Ok(typed.trim().parse()?) }
}

/// Labels as they are stored, with `kind` as one of them.
pub(crate) fn labels(typed: &[String], kind: Option<&str>) -> Result<Vec<String>, Error> {
    let kind = kind.map(|kind| format!("type:{kind}"));
    let all = typed.iter().chain(&kind);
    Ok(all.map(|label| valid_label(label).map(str::to_owned)).collect::<Result<_, InvalidIssue>>()?)
}

/// A description, if it is valid.
pub(crate) fn description(text: String) -> Result<String, Error> {
    let refuse = |what: &str, hint: &str| Err(Error::Usage { what: what.to_owned(), hint: hint.to_owned() });
    let text = text.replace("\r\n", "\n");
    if text.len() > LONGEST_DESCRIPTION {
        return refuse(
            "the description is larger than 256 KiB",
            "Put it into a file of the repository, and add that: git jit doc add",
        );
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return refuse("the description has control characters other than tabs and line ends", "Remove them and try again");
    }
    Ok(text)
}

/// A description from its flag or from a file, if either was given.
pub(crate) fn description_of(session: &Session, text: Option<String>, file: Option<&Path>) -> Result<Option<String>, Error> {
    let text = match (text, file) {
        (Some(text), _) => Some(text),
        (None, Some(path)) => Some(input(session, path)?.trim_end_matches(['\r', '\n']).to_owned()),
        (None, None) => None,
    };
    text.map(description).transpose()
}

/// The text of a file, or of stdin for `-`.
pub(crate) fn input(session: &Session, path: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let shown = if path == Path::new("-") { Path::new("stdin") } else { path };
    let mut read = |from: &mut dyn Read| from.take(LARGEST_INPUT).read_to_end(&mut bytes).map(drop);
    let done = if path == Path::new("-") {
        read(&mut std::io::stdin().lock())
    } else {
        std::fs::File::open(session.cx.cwd.join(path)).and_then(|mut file| read(&mut file))
    };
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::NotThere {
            what: "file",
            name: path.display().to_string(),
            hint: "Name an existing file, or use - to read stdin".to_owned(),
        }),
        Err(error) => Err(store::Error::io("read", shown)(error).into()),
        Ok(()) => String::from_utf8(bytes).map_err(|_| Error::Usage {
            what: format!("{} is not UTF-8 text", shown.display()),
            hint: "Use a text file in UTF-8".to_owned(),
        }),
    }
}

/// A duration in seconds: a number of seconds, or a number with the unit `s`, `m`, `h` or `d`. From one second to 30 days.
pub(crate) fn duration_secs(text: &str) -> Result<u64, Error> {
    let typed = text.trim();
    let (number, unit) = match typed.char_indices().last() {
        Some((at, 's')) => (&typed[..at], 1),
        Some((at, 'm')) => (&typed[..at], 60),
        Some((at, 'h')) => (&typed[..at], 3600),
        Some((at, 'd')) => (&typed[..at], 86_400),
        _ => (typed, 1),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| (1..=LONGEST_TTL_SECS).contains(seconds)).ok_or_else(|| Error::Usage {
        what: format!("invalid lease duration '{typed}'"),
        hint: "Use seconds, or 30m, 2h, 1d, up to 30 days".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_a_unit_and_an_absurd_one_is_an_error() {
        for (text, expected) in [("600", 600), ("90s", 90), ("30m", 1800), ("2h", 7200), (" 1d ", 86_400), ("30d", 2_592_000)] {
            assert_eq!(duration_secs(text).expect(text), expected);
        }
        for text in ["", "0", "-1", "31d", "99999999999999999999", "18446744073709551615h", "2 weeks", "é", "1.5h"] {
            assert!(duration_secs(text).is_err(), "{text}");
        }
    }
}
