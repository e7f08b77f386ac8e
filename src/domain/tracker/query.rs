//! Listings: which issues a query returns, by its kind and its filters.
//!
//! [`missing`] returns reasons, so that a listing and its explanation always agree. Filters compare effective states, not stored ones.

use crate::domain::id::Holder;
use crate::domain::issue::{Issue, Priority, State, Summary};

/// The kind of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryKind {
    /// All issues.
    All,
    /// Issues that the caller can start now.
    Available,
    /// Issues with open dependencies.
    Blocked,
    /// Issues without open dependencies, for any assignee.
    Ready,
    /// Issues that are assigned to the caller or held by the caller.
    Mine,
    /// Closed issues.
    Closed,
}

impl QueryKind {
    /// The spelling on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Available => "available",
            Self::Blocked => "blocked",
            Self::Ready => "ready",
            Self::Mine => "mine",
            Self::Closed => "closed",
        }
    }
}

/// The current facts about an issue, as seen by the caller.
#[derive(Debug, Clone)]
pub(crate) struct IssueFacts {
    pub effective: State,
    /// Dependencies that are not closed.
    pub blocked_by: Vec<String>,
    /// Whether it is unassigned or assigned to the caller.
    pub is_for_me: bool,
    /// Whether the caller holds it.
    pub is_held_by_me: bool,
    /// The other holder, if any.
    pub held_by: Option<Holder>,
}

/// Why an issue is not in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It was deleted.
    Deleted,
    /// Its state does not belong in the listing.
    State(State),
    /// It has these open dependencies.
    Blocked(Vec<String>),
    /// It has no open dependencies.
    Unblocked,
    /// It is assigned to another.
    AssignedTo(String),
    /// Another holder has it.
    HeldBy(Holder),
    /// It is neither assigned to the caller nor held by the caller.
    NotMine,
}

/// The reasons why an issue is not in a listing; empty if it is.
pub(crate) fn missing(kind: QueryKind, issue: &Summary, facts: &IssueFacts) -> Vec<Missing> {
    let mut missing = Vec::new();
    if issue.is_deleted {
        missing.push(Missing::Deleted);
    }
    let not_begun = || match facts.effective {
        State::Ready => None,
        State::Backlog => Some(Missing::Blocked(facts.blocked_by.clone())),
        other => Some(Missing::State(other)),
    };
    let closed = Some(Missing::State(facts.effective)).filter(|_| facts.effective.is_closed());
    match kind {
        QueryKind::All => {}
        QueryKind::Ready => missing.extend(not_begun()),
        QueryKind::Available => {
            missing.extend(not_begun());
            missing.extend(issue.assignee.clone().filter(|_| !facts.is_for_me).map(Missing::AssignedTo));
            missing.extend(facts.held_by.clone().map(Missing::HeldBy));
        }
        QueryKind::Blocked => missing.extend(closed.or(facts.blocked_by.is_empty().then_some(Missing::Unblocked))),
        QueryKind::Mine => {
            let is_mine = facts.is_held_by_me || (issue.assignee.is_some() && facts.is_for_me);
            missing.extend(closed.or((!is_mine).then_some(Missing::NotMine)));
        }
        QueryKind::Closed => missing.extend((!facts.effective.is_closed()).then_some(Missing::State(facts.effective))),
    }
    missing
}

/// A filter by assignee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AssigneeFilter {
    /// Unassigned issues.
    Unassigned,
    /// Issues of this agent.
    Agent(String),
}

/// The filters of a query; all that are set must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Filter {
    /// Any of these states.
    pub states: Vec<State>,
    /// Any of these priorities.
    pub priorities: Vec<Priority>,
    /// All of these labels; `namespace:*` matches any label of the namespace.
    pub labels: Vec<String>,
    /// A label `type:` with any of these values.
    pub types: Vec<String>,
    pub assignee: Option<AssigneeFilter>,
    /// A text in the issue, in lower case.
    pub text: Option<String>,
}

impl Filter {
    /// Parses terms of the form `state=ready,gated label=area:web`, all of which must match; the error says what is wrong.
    pub(crate) fn parse(terms: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        for term in terms.split_whitespace() {
            let (key, value) = term.split_once('=').ok_or_else(|| format!("invalid term '{term}': use key=value"))?;
            let words = || value.split(',').filter(|word| !word.is_empty());
            let unknown = |word: &str| format!("'{word}' is no {key}");
            match key {
                "state" => {
                    filter.states =
                        words().map(|word| State::parse(word).ok_or_else(|| unknown(word))).collect::<Result<_, _>>()?;
                }
                "priority" => {
                    filter.priorities =
                        words().map(|word| Priority::parse(word).ok_or_else(|| unknown(word))).collect::<Result<_, _>>()?;
                }
                "label" => filter.labels.extend(words().map(str::to_owned)),
                "type" => filter.types.extend(words().map(str::to_owned)),
                "assignee" if value == "none" => filter.assignee = Some(AssigneeFilter::Unassigned),
                "assignee" => filter.assignee = Some(AssigneeFilter::Agent(value.to_owned())),
                "text" => filter.text = Some(value.to_lowercase()),
                _ => return Err(format!("unknown key '{key}': use state, priority, label, type, assignee or text")),
            }
            if value.is_empty() {
                return Err(format!("'{term}' says nothing"));
            }
        }
        if filter == Self::default() { Err("it is empty".to_owned()) } else { Ok(filter) }
    }

    /// Whether an issue with this effective state matches all filters except the text.
    pub(crate) fn fits(&self, issue: &Summary, effective: State) -> bool {
        let has = |wanted: &String| match wanted.strip_suffix(":*") {
            Some(namespace) => issue.labels.iter().any(|label| label.split(':').next() == Some(namespace)),
            None => issue.labels.contains(wanted),
        };
        let is_type = |kind: &String| issue.labels.iter().any(|label| label.strip_prefix("type:") == Some(kind));
        (self.states.is_empty() || self.states.contains(&effective))
            && (self.priorities.is_empty() || self.priorities.contains(&issue.priority))
            && self.labels.iter().all(has)
            && (self.types.is_empty() || self.types.iter().any(is_type))
            && match &self.assignee {
                None => true,
                Some(AssigneeFilter::Unassigned) => issue.assignee.is_none(),
                Some(AssigneeFilter::Agent(agent)) => issue.assignee.as_ref() == Some(agent),
            }
    }

    /// Whether the title, the description, a label or the id contains the text of the filter.
    pub(crate) fn fits_text(&self, issue: &Issue) -> bool {
        let Some(text) = &self.text else { return true };
        let has = |field: &str| field.to_lowercase().contains(text);
        has(&issue.title)
            || has(&issue.description)
            || issue.labels.iter().any(|label| has(label))
            || issue.id.to_string().contains(text)
    }
}

/// The order of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Most urgent first, then oldest first.
    Priority,
    /// Oldest first.
    Created,
    /// Alphabetical.
    Title,
    /// By effective state, in the usual order of states.
    State,
}

impl Sort {
    pub(crate) const ALL: [Self; 4] = [Self::Priority, Self::Created, Self::Title, Self::State];

    /// The spelling on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Created => "created",
            Self::Title => "title",
            Self::State => "state",
        }
    }

    /// Compares two issues, each with its effective state.
    pub(crate) fn compare(self, a: (&Summary, State), b: (&Summary, State)) -> std::cmp::Ordering {
        let age = || a.0.created_at.cmp(&b.0.created_at).then(a.0.id.cmp(&b.0.id));
        let urgency = || a.0.priority.cmp(&b.0.priority).then_with(age);
        match self {
            Self::Priority => urgency(),
            Self::Created => age(),
            Self::Title => a.0.title.cmp(&b.0.title).then_with(age),
            Self::State => a.1.cmp(&b.1).then_with(urgency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(labels: &[&str], assignee: Option<&str>) -> Summary {
        Summary {
            id: "1a2b3c4d-0000-4000-8000-000000000001".parse().expect("an id"),
            title: "x".into(),
            state: State::Ready,
            priority: Priority::High,
            assignee: assignee.map(str::to_owned),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            dependencies: Vec::new(),
            created_at: String::new(),
            is_deleted: false,
        }
    }

    fn facts(effective: State) -> IssueFacts {
        IssueFacts { effective, blocked_by: Vec::new(), is_for_me: true, is_held_by_me: false, held_by: None }
    }

    #[test]
    fn a_filter_is_read_and_every_term_must_fit() {
        let issue = summary(&["type:bug", "area:web"], None);
        for (terms, fits) in [
            ("state=ready", true),
            ("state=done,ready", true),
            ("state=done", false),
            ("label=area:web priority=high,low", true),
            ("label=area:web,area:db", false),
            ("label=area:*", true),
            ("label=are:*", false),
            ("type=task,bug", true),
            ("assignee=none", true),
            ("assignee=agent:a", false),
        ] {
            assert_eq!(Filter::parse(terms).map(|filter| filter.fits(&issue, State::Ready)), Ok(fits), "{terms}");
        }
        for bad in ["", "state", "state=finished", "colour=red", "label="] {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn whatever_is_missing_is_named() {
        let other = Holder::here("agent:b".parse().expect("an id"), crate::domain::id::WorktreeId::from_bits(1));
        let theirs = summary(&[], Some("agent:b"));
        let held = IssueFacts { is_for_me: false, held_by: Some(other.clone()), ..facts(State::Ready) };
        let expected = vec![Missing::AssignedTo("agent:b".into()), Missing::HeldBy(other)];
        assert_eq!(missing(QueryKind::Available, &theirs, &held), expected);
        assert_eq!(missing(QueryKind::Ready, &theirs, &held), []);
        let blocked = IssueFacts { blocked_by: vec!["b".into()], ..facts(State::Backlog) };
        let free = summary(&[], None);
        assert_eq!(missing(QueryKind::Available, &free, &blocked), [Missing::Blocked(vec!["b".into()])]);
        assert_eq!(missing(QueryKind::Blocked, &free, &blocked), []);
        assert_eq!(missing(QueryKind::Blocked, &free, &facts(State::Ready)), [Missing::Unblocked]);
        assert_eq!(missing(QueryKind::Mine, &free, &facts(State::Ready)), [Missing::NotMine]);
        assert_eq!(missing(QueryKind::Mine, &summary(&[], Some("agent:me")), &facts(State::Gated)), []);
        assert_eq!(missing(QueryKind::Closed, &free, &facts(State::Done)), []);
        let deleted = Summary { is_deleted: true, ..free };
        assert_eq!(missing(QueryKind::All, &deleted, &facts(State::Rejected)), [Missing::Deleted]);
    }
}
