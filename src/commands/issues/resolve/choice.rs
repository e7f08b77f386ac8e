//! What was chosen on the command line: a side for some fields or for the rest, a value for others.

use serde_json::Value;

use crate::commands::issues::resolve::report::Resolution;
use crate::commands::shared::args;
use crate::commands::shared::edit_session::EditSession;
use crate::domain::issue::{Priority, State, valid_title};
use crate::domain::merge::{Conflict, IssueMerge, MergeSide};
use crate::error::Error;

/// What stands for all fields that are not named.
pub(crate) const ALL: &str = "*";

/// What was chosen.
pub(crate) struct FieldChoices {
    /// The side of what is not named.
    pub rest: Option<MergeSide>,
    sides: Vec<(String, MergeSide)>,
    values: Vec<(String, String)>,
}

impl FieldChoices {
    /// What the options say.
    pub(crate) fn of(ours: Option<Vec<String>>, theirs: Option<Vec<String>>, fields: &[String]) -> Result<Self, Error> {
        let mut choice = Self { rest: None, sides: Vec::new(), values: Vec::new() };
        for (names, side) in [(ours, MergeSide::Ours), (theirs, MergeSide::Theirs)] {
            for name in names.into_iter().flatten() {
                match name.trim() {
                    ALL if choice.rest.is_some_and(|rest| rest != side) => {
                        let what = "--ours and --theirs cannot both stand for all that is left";
                        return Err(usage(what.to_owned(), "Name the fields of one: git jit resolve --ours=title --theirs"));
                    }
                    ALL => choice.rest = Some(side),
                    "" => return Err(usage("a side of no field".to_owned(), "Without = a side stands for all that is left")),
                    name => choice.sides.push((name.to_owned(), side)),
                }
            }
        }
        for field in fields {
            let Some((name, value)) = field.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
                let what = format!("'{}' is not of the form NAME=VALUE", field.escape_debug());
                return Err(usage(what, "For example: --field title=\"Fix login\""));
            };
            choice.values.push((name.trim().to_owned(), value.to_owned()));
        }
        let mut names: Vec<&String> =
            choice.sides.iter().map(|(name, _)| name).chain(choice.values.iter().map(|(name, _)| name)).collect();
        names.sort_unstable();
        match names.windows(2).find(|two| two[0] == two[1]) {
            Some(two) => Err(usage(format!("the field '{}' is named twice", two[0]), "Decide each field once")),
            None => Ok(choice),
        }
    }

    /// Whether anything was chosen.
    pub(crate) fn decides(&self) -> bool {
        self.rest.is_some() || !self.sides.is_empty() || !self.values.is_empty()
    }

    /// Decides a conflict, as far as something was chosen for it.
    pub(crate) fn decide(&self, edit: &EditSession<'_>, merge: &mut IssueMerge, conflict: &Conflict) -> Result<(), Error> {
        let name = conflict.field();
        let side = self.sides.iter().find(|(other, _)| *other == name).map(|(_, side)| *side).or(self.rest);
        if let Some((_, typed)) = self.values.iter().find(|(other, _)| *other == name) {
            merge.make(&conflict.path, value(edit, &name, typed)?);
        } else if let Some(side) = side {
            merge.take(&conflict.path, side);
        }
        Ok(())
    }

    /// An error for a field that is in conflict nowhere.
    pub(crate) fn require_known<'r>(&self, resolutions: impl Iterator<Item = &'r Resolution>) -> Result<(), Error> {
        let left: Vec<String> = resolutions.flat_map(|it| it.conflicts.iter().map(Conflict::field)).collect();
        let mut named = self.sides.iter().map(|(name, _)| name).chain(self.values.iter().map(|(name, _)| name));
        match named.find(|name| !left.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Error::NotThere {
                what: "conflict in field",
                name: name.clone(),
                hint: if left.is_empty() {
                    "No field is in conflict".to_owned()
                } else {
                    format!("In conflict: {}", left.join(", "))
                },
            }),
        }
    }
}

fn usage(what: String, hint: &str) -> Error {
    Error::Usage { what, hint: hint.to_owned() }
}

/// What was typed, as the field has it.
fn value(edit: &EditSession<'_>, field: &str, typed: &str) -> Result<Value, Error> {
    let none_of = |all: Vec<&str>| Error::Usage {
        what: format!("'{}' is no {field}", typed.escape_debug()),
        hint: format!("One of: {}", all.join(", ")),
    };
    Ok(match field {
        "title" => Value::from(valid_title(typed)?),
        "state" => {
            let state = State::parse(typed).ok_or_else(|| none_of(State::ALL.map(State::as_str).to_vec()))?;
            Value::from(state.as_str())
        }
        "priority" => {
            let priority = Priority::parse(typed).ok_or_else(|| none_of(Priority::ALL.map(Priority::as_str).to_vec()))?;
            Value::from(priority.as_str())
        }
        "assignee" if typed.trim().is_empty() => Value::Null,
        "assignee" => Value::from(args::agent(typed, &edit.session.agent(edit.layout)?)?.as_str()),
        "description" => Value::from(typed),
        _ if field.starts_with("context.") => Value::from(typed),
        _ => serde_json::from_str(typed).unwrap_or_else(|_| Value::from(typed)),
    })
}
