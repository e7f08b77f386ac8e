//! Where each setting has its value from.

use crate::commands::setup::config::report::{Setting, SettingsReport};
use crate::commands::setup::config::{read, repository_file};
use crate::commands::shared::session::Session;
use crate::domain::policy::{Candidate, Enforcement, PolicySettings as Said};
use crate::enforce::policy::EffectivePolicy;
use crate::error::Error;
use crate::store::config::edit::{self, Home, KEYS, Key};
use crate::store::layout::Layout;

/// What a place says of a setting.
fn said(settings: &Said, key: &Key) -> Option<String> {
    let word = |yes: bool, a: &str, b: &str| if yes { a.to_owned() } else { b.to_owned() };
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    match key.name {
        "worktree.enforce_leases" => settings.enforcement.map(|enforcement| {
            match enforcement {
                Enforcement::Off => "off",
                Enforcement::Warn => "warn",
                Enforcement::Strict => "strict",
            }
            .to_owned()
        }),
        "worktree.mode" => settings.worktrees.map(|on| word(on, "auto", "off")),
        "worktree.allow_issue_creation" => settings.create_in_primary_only.map(|only| word(only, "main-only", "anywhere")),
        "global_operations.require_main_history" => settings.require_main_history.map(|yes| yes.to_string()),
        "coordination.default_ttl_secs" => number(settings.default_ttl_secs),
        "coordination.stale_threshold_secs" => number(settings.stale_threshold_secs),
        "coordination.max_indefinite_leases_per_agent" => number(settings.max_indefinite_leases_per_agent),
        "coordination.max_indefinite_leases_per_repo" => number(settings.max_indefinite_leases_per_repo),
        "coordination.renew_on_activity" => settings.renew_on_activity.map(|yes| yes.to_string()),
        "coordination.lease_renewal_threshold_pct" => number(settings.lease_renewal_threshold_pct),
        _ => None,
    }
}

/// All settings, each with what it comes from.
pub(crate) fn gather(session: &Session) -> Result<SettingsReport, Error> {
    let layout = session.layout()?;
    let EffectivePolicy { policy, places } = EffectivePolicy::of_worktree(&session.cx, layout);
    let in_force = Said {
        enforcement: Some(policy.enforcement),
        worktrees: Some(policy.worktrees),
        create_in_primary_only: Some(policy.create_in_primary_only),
        require_main_history: Some(policy.require_main_history.unwrap_or(true)),
        default_ttl_secs: Some(policy.default_ttl_secs),
        stale_threshold_secs: Some(policy.limits.stale_after_secs),
        max_indefinite_leases_per_agent: Some(policy.limits.indefinite_per_agent),
        max_indefinite_leases_per_repo: Some(policy.limits.indefinite_per_repo),
        renew_on_activity: Some(policy.care.renews_on_activity),
        lease_renewal_threshold_pct: Some(policy.care.warns_below_pct),
    };
    let one = |key: &'static Key| {
        if key.home == Home::Either {
            return Ok(of_either(session, layout, key));
        }
        if key.home == Home::User {
            let (agent, origin) = crate::actor::agent(&session.cx, layout, session.agent_flag.as_deref())?;
            let places = vec![(origin.describe().to_owned(), agent.to_string())];
            return Ok(Setting { key, value: agent.to_string(), source: origin.describe().to_owned(), places });
        }
        let says = |candidate: &Candidate| Some((candidate.place.clone(), said(candidate.settings.as_ref().ok()?, key)?));
        let places: Vec<(String, String)> = places.iter().filter_map(says).collect();
        let value = said(&in_force, key).unwrap_or_default();
        if key.name == "worktree.enforce_leases"
            && let Some((place, _)) = policy.unreadable.first()
        {
            let source = format!("{place}, which cannot be read");
            return Ok(Setting { key, value: "strict".to_owned(), source, places });
        }
        let deciding = places.iter().find(|(_, said)| *said == value).map(|(place, _)| place.clone());
        Ok(Setting { key, value, source: deciding.unwrap_or_else(|| "default".to_owned()), places })
    };
    let settings = KEYS.iter().map(one).collect::<Result<_, Error>>()?;
    Ok(SettingsReport { settings, unreadable: policy.unreadable })
}

/// A setting that either file may have: the user's counts first.
fn of_either(session: &Session, layout: &Layout, key: &'static Key) -> Setting {
    let mut places = Vec::new();
    let files = session.cx.agent_file.clone().into_iter().chain(repository_file(layout).ok());
    for path in files {
        // A file that cannot be read is told of where that matters: it says nothing of this.
        let value = read(&path).ok().and_then(|text| edit::get(&text, key.name).ok().flatten());
        places.extend(value.map(|value| (path.display().to_string(), value)));
    }
    let first = places.first().cloned();
    let (source, value) = first.unwrap_or_else(|| ("default".to_owned(), key.default.to_owned()));
    Setting { key, value, source, places }
}
