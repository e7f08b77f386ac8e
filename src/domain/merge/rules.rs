//! The merge rule of each field: the side that changed it, else the rule of the field.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::issue::{DELETED_AT, Priority, State};
use crate::domain::merge::json_equality::{canonical, elements, is_object, same, value};
use crate::domain::merge::texts::Texts;
use crate::domain::merge::{Lines, MergeSide, Ruling, by_key, words};
use crate::domain::tracker::gate::GateVerdict;
use crate::text::json_edit;

/// The fields that record a deletion.
const OF_DELETION: [&str; 4] = [DELETED_AT, "deleted_by", "deleted_reason", "deleted_state"];

/// The merge result of one value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FieldOutcome {
    /// The value of that side; removed if that side lacks it.
    Take(MergeSide),
    /// A value made from both sides.
    Made(Value),
    /// A person must decide.
    Conflict,
}

/// A value that differs between the versions.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) path: Vec<String>,
    pub(crate) outcome: FieldOutcome,
}

/// The texts of a value: in the base, on our side, on their side.
type Three<'a> = [Option<&'a str>; 3];

/// Merges the fields of one issue.
pub(crate) struct Weighing<'l> {
    pub(crate) items: Vec<Item>,
    pub(crate) rulings: Vec<Ruling>,
    lines: Lines<'l>,
}

impl<'l> Weighing<'l> {
    pub(crate) fn new(lines: Lines<'l>) -> Self {
        Self { items: Vec::new(), rulings: Vec::new(), lines }
    }

    /// Merges the members of an object, which exists on both sides and perhaps in the base.
    pub(crate) fn object(&mut self, path: &[String], base: Option<&str>, ours: &str, theirs: &str) {
        let members = [base.map(by_key).unwrap_or_default(), by_key(ours), by_key(theirs)];
        let keys: BTreeSet<&String> = members.iter().flat_map(BTreeMap::keys).collect();
        for key in keys {
            let three = [0, 1, 2].map(|n| members[n].get(key).copied());
            self.value(&[path, std::slice::from_ref(key)].concat(), three);
        }
    }

    fn value(&mut self, path: &[String], three: Three<'_>) {
        let [base, ours, theirs] = three;
        let outcome = if same(ours, theirs) {
            if same(ours, base) {
                return;
            }
            // Equal values in different spelling.
            FieldOutcome::Take(if ours <= theirs { MergeSide::Ours } else { MergeSide::Theirs })
        } else if same(ours, base) {
            FieldOutcome::Take(MergeSide::Theirs)
        } else if same(theirs, base) {
            FieldOutcome::Take(MergeSide::Ours)
        } else {
            match self.both_changed(path, three) {
                Some(outcome) => outcome,
                None => return,
            }
        };
        self.items.push(Item { path: path.to_vec(), outcome });
    }

    /// Merges a value that both sides changed differently; `None` if its members are merged one by one.
    fn both_changed(&mut self, path: &[String], three: Three<'_>) -> Option<FieldOutcome> {
        let [base, ours, theirs] = three;
        let chosen = match words(path).as_slice() {
            ["labels" | "dependencies" | "gates_required"] => return Some(made(set(three))),
            ["documents"] => return Some(made(documents(three))),
            ["description"] => return Some(made(self.text(three))),
            ["state"] => by_rank(three, state),
            ["priority"] => {
                by_rank(three, |_, ours: Priority, theirs| Some(if ours < theirs { MergeSide::Ours } else { MergeSide::Theirs }))
            }
            ["created_at"] => Some(by_time(three, true)),
            ["updated_at"] => Some(by_time(three, false)),
            ["gates_status", _] => verdict(ours, theirs),
            _ => match (ours, theirs) {
                (Some(ours), Some(theirs)) if is_object(ours) && is_object(theirs) => {
                    let base = base.filter(|base| is_object(base));
                    if base.is_none() {
                        // The members need an object to be inserted into.
                        self.items.push(Item { path: path.to_vec(), outcome: FieldOutcome::Made(Value::Object(Map::new())) });
                    }
                    self.object(path, base, ours, theirs);
                    return None;
                }
                _ => None,
            },
        };
        Some(chosen.map_or(FieldOutcome::Conflict, |side| self.ruled(path, three, side)))
    }

    /// Takes one side and reports the dropped value, except for timestamps.
    fn ruled(&mut self, path: &[String], [_, ours, theirs]: Three<'_>, side: MergeSide) -> FieldOutcome {
        let (kept, dropped) = if side == MergeSide::Ours { (ours, theirs) } else { (theirs, ours) };
        if !path[0].ends_with("_at") {
            let words = |raw: Option<&str>| raw.map_or_else(|| "nothing".to_owned(), canonical);
            self.rulings.push(Ruling { field: path.join("."), kept: words(kept), dropped: words(dropped) });
        }
        FieldOutcome::Take(side)
    }

    /// Merges two texts by lines.
    fn text(&self, [base, ours, theirs]: Three<'_>) -> Option<Value> {
        let read = |raw: &str| serde_json::from_str::<String>(raw).ok();
        let base = base.map_or_else(|| Some(String::new()), read)?;
        (self.lines)(&base, &read(ours?)?, &read(theirs?)?).map(Value::from)
    }

    /// A deleted issue is rejected. If one side deleted it and the other one gave it another state, a person decides, and the fields that
    /// record the deletion follow that decision.
    pub(crate) fn couple(&mut self, texts: &Texts<'_>) {
        let fields = |name: &str| (json_edit::raw(texts.ours, &[name]), json_edit::raw(texts.theirs, &[name]));
        let differs = |name: &str| matches!(fields(name), (ours, theirs) if !same(ours, theirs));
        let is_deleted_once = fields(DELETED_AT).0.is_some() != fields(DELETED_AT).1.is_some();
        if !is_deleted_once || !differs("state") {
            return;
        }
        let outcome = |name: &str| self.items.iter().find(|item| item.path == [name]).map(|item| &item.outcome);
        let taken = |name: &str| match outcome(name) {
            Some(FieldOutcome::Take(MergeSide::Theirs)) => fields(name).1,
            Some(FieldOutcome::Take(MergeSide::Ours)) | None => fields(name).0,
            Some(FieldOutcome::Made(_) | FieldOutcome::Conflict) => None,
        };
        let is_rejected = |raw: &str| serde_json::from_str(raw).is_ok_and(|state: State| state == State::Rejected);
        let is_torn = taken(DELETED_AT).is_some() && !taken("state").is_some_and(is_rejected);
        if !is_torn {
            return;
        }
        let torn: Vec<&str> = OF_DELETION.into_iter().chain(["state"]).filter(|name| differs(name)).collect();
        self.rulings.retain(|ruling| !torn.contains(&ruling.field.as_str()));
        self.items.retain(|item| item.path.len() != 1 || !torn.contains(&item.path[0].as_str()));
        self.items.extend(torn.iter().map(|name| Item { path: vec![(*name).to_owned()], outcome: FieldOutcome::Conflict }));
    }
}

fn made(value: Option<Value>) -> FieldOutcome {
    value.map_or(FieldOutcome::Conflict, FieldOutcome::Made)
}

/// The side that a rule about two values prefers.
fn by_rank<T: DeserializeOwned>(
    [base, ours, theirs]: Three<'_>,
    prefer: impl Fn(Option<T>, T, T) -> Option<MergeSide>,
) -> Option<MergeSide> {
    let read = |raw: &str| serde_json::from_str(raw).ok();
    prefer(base.and_then(read), read(ours?)?, read(theirs?)?)
}

/// Closed wins over open unless the base was closed; of two open states the later one wins. A person decides between done and rejected,
/// and between reopened and closed in another way.
fn state(base: Option<State>, ours: State, theirs: State) -> Option<MergeSide> {
    let further = if ours > theirs { MergeSide::Ours } else { MergeSide::Theirs };
    match (ours.is_closed(), theirs.is_closed()) {
        (false, false) => Some(further),
        _ if base.is_some_and(State::is_closed) => None,
        (true, false) => Some(MergeSide::Ours),
        (false, true) => Some(MergeSide::Theirs),
        (true, true) => [ours, theirs].contains(&State::Archived).then_some(further),
    }
}

/// The side with the earlier or the later time; compared as times if both are valid, else as texts. Any time wins over none.
fn by_time([_, ours, theirs]: Three<'_>, wants_earlier: bool) -> MergeSide {
    let time = |raw: &str| serde_json::from_str::<String>(raw).ok()?.parse::<jiff::Timestamp>().ok();
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return the_one_there(ours) };
    let is_earlier = match (time(ours), time(theirs)) {
        (Some(ours), Some(theirs)) if ours != theirs => ours < theirs,
        _ => ours < theirs,
    };
    if is_earlier == wants_earlier { MergeSide::Ours } else { MergeSide::Theirs }
}

/// The side that has the value that the other one lacks.
fn the_one_there(ours: Option<&str>) -> MergeSide {
    if ours.is_some() { MergeSide::Ours } else { MergeSide::Theirs }
}

/// Of two gate records the worse result, because no gate has run on the merge; of equal results the later one.
fn verdict(ours: Option<&str>, theirs: Option<&str>) -> Option<MergeSide> {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Some(the_one_there(ours)) };
    let rank = |raw: &str| {
        let record: Value = serde_json::from_str(raw).ok()?;
        let field = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let status = field("status").and_then(|status| serde_json::from_value(Value::from(status.to_ascii_lowercase())).ok())?;
        let severity = match status {
            GateVerdict::Passed => 0,
            GateVerdict::Pending => 1,
            GateVerdict::Failed => 2,
        };
        let at = field("updated_at").unwrap_or_default();
        Some((severity, at.parse::<jiff::Timestamp>().ok(), at, raw.to_owned()))
    };
    Some(if rank(ours)? > rank(theirs)? { MergeSide::Ours } else { MergeSide::Theirs })
}

/// The elements that both sides have, and those that either side added. What one side removed is removed.
fn set(three: Three<'_>) -> Option<Value> {
    let read = |raw: Option<&str>| raw.map_or_else(|| Some(Vec::new()), |raw| serde_json::from_str::<Vec<String>>(raw).ok());
    let [base, ours, theirs] = [read(three[0])?, read(three[1])?, read(three[2])?];
    let stays = |word: &&String| if base.contains(word) { ours.contains(word) && theirs.contains(word) } else { true };
    let all: BTreeSet<&String> = ours.iter().chain(&theirs).filter(stays).collect();
    if [&base, &ours, &theirs].iter().all(|set| set.is_sorted()) {
        return Some(all.into_iter().cloned().collect());
    }
    let old: Vec<&String> = base.iter().filter(|word| all.contains(word)).collect();
    let mut merged: Vec<&String> = Vec::new();
    for word in old.into_iter().chain(all) {
        if !merged.contains(&word) {
            merged.push(word);
        }
    }
    Some(merged.into_iter().cloned().collect())
}

/// Documents, identified by path and commit: merged like a set; a person decides about one that both sides changed.
fn documents(three: Three<'_>) -> Option<Value> {
    let [base, ours, theirs] = [keyed(three[0])?, keyed(three[1])?, keyed(three[2])?];
    let find = |list: &[(String, String)], key: &str| list.iter().find(|(other, _)| other == key).map(|(_, raw)| raw.clone());
    let added: BTreeSet<&(String, String)> = ours.iter().chain(&theirs).filter(|(key, _)| find(&base, key).is_none()).collect();
    let mut keys: Vec<&String> = Vec::new();
    for (key, _) in base.iter().chain(added) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut merged = Vec::new();
    for key in keys {
        let (base, ours, theirs) = (find(&base, key), find(&ours, key), find(&theirs, key));
        let (base, ours, theirs) = (base.as_deref(), ours.as_deref(), theirs.as_deref());
        let taken = match () {
            // Equal values in different spelling.
            () if same(ours, theirs) => ours.min(theirs),
            () if same(theirs, base) => ours,
            () if same(ours, base) => theirs,
            () => return None,
        };
        merged.extend(taken.map(value).map(|value| value.ok_or(())));
    }
    merged.into_iter().collect::<Result<Vec<_>, ()>>().ok().map(Value::from)
}

/// The elements of an array with their keys; `None` if two elements have the same key.
fn keyed(raw: Option<&str>) -> Option<Vec<(String, String)>> {
    let Some(raw) = raw else { return Some(Vec::new()) };
    let key = |element: &String| {
        let field = |name: &str| is_object(element).then(|| json_edit::raw(element, &[name]).map(canonical)).flatten();
        field("path").map_or_else(|| canonical(element), |path| format!("{path} {:?}", field("commit").filter(|it| it != "null")))
    };
    let all: Vec<(String, String)> = elements(raw)?.into_iter().map(|element| (key(&element), element)).collect();
    let keys: BTreeSet<&String> = all.iter().map(|(key, _)| key).collect();
    (keys.len() == all.len()).then_some(all)
}
