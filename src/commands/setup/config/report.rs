//! How settings are told, to people and to programs.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::commands::setup::config::told;
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line, table};
use crate::store::config::edit::Key;

/// A setting, what is in force, and who says what.
pub(crate) struct Setting {
    pub key: &'static Key,
    pub value: String,
    pub source: String,
    pub places: Vec<(String, String)>,
}

impl Report for Setting {
    fn json(&self) -> Value {
        json!({ "setting": told(self) })
    }

    fn human(&self, _: &Styles) -> String {
        format!("{}\n", plain_line(&self.value))
    }

    fn quiet(&self) -> Option<String> {
        Some(plain_line(&self.value))
    }
}

/// A setting that means nothing to this program.
pub(crate) struct Foreign {
    pub key: String,
    pub value: String,
}

impl Report for Foreign {
    fn json(&self) -> Value {
        json!({ "setting": { "key": self.key, "value": self.value, "source": ".jit/config.toml", "default": null, "about": null, "places": [] } })
    }

    fn human(&self, _: &Styles) -> String {
        format!("{}\n", plain_line(&self.value))
    }

    fn quiet(&self) -> Option<String> {
        Some(plain_line(&self.value))
    }
}

/// Every setting.
pub(crate) struct SettingsReport {
    pub settings: Vec<Setting>,
    pub unreadable: Vec<(String, String)>,
}

impl Report for SettingsReport {
    fn json(&self) -> Value {
        let unreadable: Vec<String> = self.unreadable.iter().map(|(place, why)| format!("{place}: {why}")).collect();
        json!({ "count": self.settings.len(), "settings": self.settings.iter().map(told).collect::<Vec<_>>(), "unreadable": unreadable })
    }

    fn human(&self, styles: &Styles) -> String {
        let row = |setting: &Setting| {
            vec![setting.key.name.to_owned(), plain_line(&setting.value), plain_line(&setting.source), setting.key.about.to_owned()]
        };
        let rows: Vec<Vec<String>> = self.settings.iter().map(row).collect();
        let mut text = table(&["SETTING", "VALUE", "FROM", "ABOUT"], &rows, styles, |column, cell| match column {
            0 => styles.id(cell),
            3 => styles.faint(cell),
            _ => cell.to_owned(),
        });
        for (place, why) in &self.unreadable {
            text += &format!(
                "{} {}: {}; until it is mended, edits of issues count as under strict\n",
                styles.bad("cannot be read:"),
                plain_line(place),
                plain_line(why)
            );
        }
        text
    }
}

/// A value that was put in or taken away.
pub(crate) struct SettingChange {
    pub key: String,
    pub value: Option<String>,
    pub path: PathBuf,
    pub changed: bool,
}

impl Report for SettingChange {
    fn json(&self) -> Value {
        json!({ "changed": self.changed, "key": self.key, "value": self.value, "file": self.path.display().to_string() })
    }

    fn human(&self, styles: &Styles) -> String {
        let what = match &self.value {
            Some(value) => format!("{} = {}", self.key, plain_line(value)),
            None => format!("{} is not set", plain_line(&self.key)),
        };
        let mark = if self.changed { styles.good("✓") } else { "Already so:".to_owned() };
        format!("{mark} {what}\n  in {}\n", plain_line(&self.path.display().to_string()))
    }
}

/// The places that have settings, and what is wrong with them.
pub(crate) struct Problems {
    pub places: Vec<String>,
    pub problems: Vec<(String, String)>,
}

impl Report for Problems {
    fn json(&self) -> Value {
        let one = |(place, why): &(String, String)| json!({ "place": place, "message": why });
        json!({
            "valid": self.problems.is_empty(), "count": self.problems.len(), "places": self.places,
            "problems": self.problems.iter().map(one).collect::<Vec<_>>(),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.problems.is_empty() {
            return format!("{} No mistake in {} with settings\n", styles.good("✓"), count(self.places.len(), "place"));
        }
        self.problems
            .iter()
            .map(|(place, why)| format!("{} {}: {}\n", styles.bad("✗"), plain_line(place), plain_line(why)))
            .collect()
    }

    fn status(&self) -> ExitStatus {
        if self.problems.is_empty() { ExitStatus::Done } else { ExitStatus::Invalid }
    }
}
