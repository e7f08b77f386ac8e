//! Finds the value of each setting, and the place that it comes from.

use crate::commands::setup::config::report::{PlacedValue, SettingView, SettingsReport};
use crate::commands::setup::config::{read, repository_file};
use crate::commands::shared::session::Session;
use crate::domain::policy::{Candidate, PolicySettings};
use crate::enforce::policy::EffectivePolicy;
use crate::error::Error;
use crate::store::config::edit::{self, Home, KEYS, Key};
use crate::store::layout::Layout;

/// The value of a setting in one place, as it is written.
fn value_in(settings: &PolicySettings, key: &Key) -> Option<String> {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    match key.name {
        "worktree.enforce_leases" => settings.enforcement.map(|enforcement| enforcement.as_str().to_owned()),
        "worktree.mode" => settings.worktrees.map(|on| if on { "auto" } else { "off" }.to_owned()),
        "worktree.allow_issue_creation" => {
            settings.create_in_primary_only.map(|only| if only { "main-only" } else { "anywhere" }.to_owned())
        }
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

/// All settings, each with its value and the places that set it.
pub(crate) fn gather(session: &Session) -> Result<SettingsReport, Error> {
    let layout = session.layout()?;
    let EffectivePolicy { policy, places } = EffectivePolicy::of_worktree(&session.cx, layout);
    let in_force = PolicySettings {
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
            let source = origin.describe().to_owned();
            let places = vec![PlacedValue { place: source.clone(), value: agent.to_string() }];
            return Ok(SettingView::known(key, agent.to_string(), source, places));
        }
        let value_of = |candidate: &Candidate| {
            Some(PlacedValue { place: candidate.place.clone(), value: value_in(candidate.settings.as_ref().ok()?, key)? })
        };
        let places: Vec<PlacedValue> = places.iter().filter_map(value_of).collect();
        let value = value_in(&in_force, key).unwrap_or_default();
        if key.name == "worktree.enforce_leases"
            && let Some((place, _)) = policy.unreadable.first()
        {
            let source = format!("{place}, which cannot be read");
            return Ok(SettingView::known(key, "strict".to_owned(), source, places));
        }
        let source = places.iter().find(|placed| placed.value == value).map(|placed| placed.place.clone());
        Ok(SettingView::known(key, value, source.unwrap_or_else(|| "default".to_owned()), places))
    };
    let settings = KEYS.iter().map(one).collect::<Result<Vec<_>, Error>>()?;
    let unreadable = policy.unreadable.iter().map(|(place, why)| format!("{place}: {why}")).collect();
    Ok(SettingsReport { count: settings.len(), settings, unreadable })
}

/// A setting that either file may have. The user's file has precedence.
fn of_either(session: &Session, layout: &Layout, key: &'static Key) -> SettingView {
    let mut places = Vec::new();
    let files = session.cx.agent_file.clone().into_iter().chain(repository_file(layout).ok());
    for path in files {
        // An unreadable file is reported by the commands that need it.
        let value = read(&path).ok().and_then(|text| edit::get(&text, key.name).ok().flatten());
        places.extend(value.map(|value| PlacedValue { place: path.display().to_string(), value }));
    }
    let first = places.first().map(|first| (first.place.clone(), first.value.clone()));
    let (source, value) = first.unwrap_or_else(|| ("default".to_owned(), key.default.to_owned()));
    SettingView::known(key, value, source, places)
}
