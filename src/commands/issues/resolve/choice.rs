//! The decisions on the command line: a side for some fields or for all others, and values for some fields.

use serde_json::Value;

use crate::commands::issues::resolve::report::Resolution;
use crate::commands::shared::args;
use crate::commands::shared::edit_session::EditSession;
use crate::domain::issue::{Priority, State, valid_title};
use crate::domain::merge::{Conflict, IssueMerge, MergeSide};
use crate::error::Error;

/// The value of `--ours` and `--theirs` without field names.
pub(crate) const ALL: &str = "*";

/// The decisions on the command line.
pub(crate) struct FieldChoices {
    /// The side for all fields without another choice.
    pub rest: Option<MergeSide>,
    sides: Vec<(String, MergeSide)>,
    values: Vec<(String, String)>,
}

impl FieldChoices {
    pub(crate) fn new(ours: Option<Vec<String>>, theirs: Option<Vec<String>>, fields: &[String]) -> Result<Self, Error> {
        let mut choices = Self { rest: None, sides: Vec::new(), values: Vec::new() };
        for (names, side) in [(ours, MergeSide::Ours), (theirs, MergeSide::Theirs)] {
            for name in names.into_iter().flatten() {
                match name.trim() {
                    ALL if choices.rest.is_some_and(|rest| rest != side) => {
                        let what = "--ours and --theirs cannot both apply to all other fields";
                        return Err(usage(what.to_owned(), "Name the fields of one: git jit resolve --ours=title --theirs"));
                    }
                    ALL => choices.rest = Some(side),
                    "" => return Err(usage("empty field name".to_owned(), "Use --ours without = for all other fields")),
                    name => choices.sides.push((name.to_owned(), side)),
                }
            }
        }
        for field in fields {
            let Some((name, value)) = field.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
                let what = format!("invalid field '{}': expected NAME=VALUE", field.escape_debug());
                return Err(usage(what, "For example: --field title=\"Fix login\""));
            };
            choices.values.push((name.trim().to_owned(), value.to_owned()));
        }
        let mut names: Vec<&String> = choices.names().collect();
        names.sort_unstable();
        match names.windows(2).find(|two| two[0] == two[1]) {
            Some(two) => Err(usage(format!("the field '{}' is named twice", two[0]), "Decide each field once")),
            None => Ok(choices),
        }
    }

    /// The fields that are named.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.sides.iter().map(|(name, _)| name).chain(self.values.iter().map(|(name, _)| name))
    }

    /// Whether any decision was made.
    pub(crate) fn is_decision(&self) -> bool {
        self.rest.is_some() || self.names().next().is_some()
    }

    /// Decides a conflict if there is a choice for its field.
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

    /// Refuses a choice for a field that is not in conflict.
    pub(crate) fn require_known<'r>(&self, resolutions: impl Iterator<Item = &'r Resolution>) -> Result<(), Error> {
        let conflicts: Vec<String> = resolutions.flat_map(|it| it.conflicts.iter().map(Conflict::field)).collect();
        let Some(name) = self.names().find(|name| !conflicts.contains(name)) else { return Ok(()) };
        let hint = match conflicts.as_slice() {
            [] => "No field is in conflict".to_owned(),
            all => format!("In conflict: {}", all.join(", ")),
        };
        Err(Error::NotThere { what: "conflict in field", name: name.clone(), hint })
    }
}

fn usage(what: String, hint: &str) -> Error {
    Error::Usage { what, hint: hint.to_owned() }
}

/// The value of a field as its file has it.
fn value(edit: &EditSession<'_>, field: &str, typed: &str) -> Result<Value, Error> {
    let invalid =
        |valid: &[&str]| usage(format!("invalid {field} '{}'", typed.escape_debug()), &format!("One of: {}", valid.join(", ")));
    Ok(match field {
        "title" => Value::from(valid_title(typed)?),
        "state" => State::parse(typed).ok_or_else(|| invalid(&State::ALL.map(State::as_str)))?.as_str().into(),
        "priority" => Priority::parse(typed).ok_or_else(|| invalid(&Priority::ALL.map(Priority::as_str)))?.as_str().into(),
        "assignee" if typed.trim().is_empty() => Value::Null,
        "assignee" => Value::from(args::agent(typed, &edit.session.agent(edit.layout)?)?.as_str()),
        "description" => Value::from(typed),
        _ if field.starts_with("context.") => Value::from(typed),
        _ => serde_json::from_str(typed).unwrap_or_else(|_| Value::from(typed)),
    })
}
