//! The reports of `config`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line, table};
use crate::store::config::edit::Key;

/// A setting with its value in force, and every place that sets it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Setting")]
pub(crate) struct SettingView {
    /// Its table and its name.
    pub key: String,
    /// The value in force.
    pub value: String,
    /// The place that the value comes from.
    pub source: String,
    /// The default; none for a setting that this program does not know.
    pub default: Option<&'static str>,
    /// What it is for.
    pub about: Option<&'static str>,
    /// The places that set it.
    pub places: Vec<PlacedValue>,
}

/// A value in one place.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct PlacedValue {
    /// A file, a ref or a variable.
    pub place: String,
    /// The value there.
    pub value: String,
}

impl SettingView {
    /// A setting of this program.
    pub(crate) fn known(key: &Key, value: String, source: String, places: Vec<PlacedValue>) -> Self {
        Self { key: key.name.to_owned(), value, source, default: Some(key.default), about: Some(key.about), places }
    }

    /// A setting that has no effect here.
    pub(crate) fn unknown(key: &str, value: String) -> Self {
        let source = ".jit/config.toml".to_owned();
        Self { key: key.to_owned(), value, source, default: None, about: None, places: Vec::new() }
    }
}

/// The report of `config get`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SettingReport {
    /// The setting.
    pub setting: SettingView,
}

impl Report for SettingReport {
    fn human(&self, _: &Styles) -> String {
        format!("{}\n", plain_line(&self.setting.value))
    }

    fn quiet(&self) -> Option<String> {
        Some(plain_line(&self.setting.value))
    }
}

/// The report of `config show`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SettingsReport {
    /// The number of settings.
    pub count: usize,
    /// The settings, in the order of the file.
    pub settings: Vec<SettingView>,
    /// The places that cannot be read, each with the reason.
    pub unreadable: Vec<String>,
}

impl Report for SettingsReport {
    fn human(&self, styles: &Styles) -> String {
        let row = |setting: &SettingView| {
            let about = setting.about.unwrap_or_default().to_owned();
            vec![setting.key.clone(), plain_line(&setting.value), plain_line(&setting.source), about]
        };
        let rows: Vec<Vec<String>> = self.settings.iter().map(row).collect();
        let mut text = table(&["SETTING", "VALUE", "FROM", "ABOUT"], &rows, styles, |column, cell| match column {
            0 => styles.id(cell),
            3 => styles.faint(cell),
            _ => cell.to_owned(),
        });
        for place in &self.unreadable {
            let mark = styles.bad("cannot read");
            text += &format!("{mark} {}; until it is fixed, edits of issues are judged as under strict\n", plain_line(place));
        }
        text
    }
}

/// The report of `config set` and `config unset`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ConfigChange")]
pub(crate) struct SettingChange {
    /// Whether the file changed.
    pub changed: bool,
    /// The setting.
    pub key: String,
    /// Its new value; none if it was removed.
    pub value: Option<String>,
    /// The file.
    pub file: String,
}

impl Report for SettingChange {
    fn human(&self, styles: &Styles) -> String {
        let what = match &self.value {
            Some(value) => format!("{} = {}", self.key, plain_line(value)),
            None => format!("{} is not set", plain_line(&self.key)),
        };
        let mark = if self.changed { styles.good("✓") } else { "Unchanged:".to_owned() };
        format!("{mark} {what}\n  in {}\n", plain_line(&self.file))
    }
}

/// The report of `config validate`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ValidationReport {
    /// Whether there is no problem.
    pub valid: bool,
    /// The number of problems.
    pub count: usize,
    /// The places that were checked.
    pub places: Vec<String>,
    /// The problems.
    pub problems: Vec<ValidationProblem>,
}

/// A mistake in the settings of one place.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ValidationProblem {
    /// A file, a ref or a variable.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl Report for ValidationReport {
    fn human(&self, styles: &Styles) -> String {
        if self.valid {
            return format!("{} No mistakes in the settings ({} checked)\n", styles.good("✓"), count(self.places.len(), "place"));
        }
        let line = |problem: &ValidationProblem| {
            format!("{} {}: {}\n", styles.bad("✗"), plain_line(&problem.place), plain_line(&problem.message))
        };
        self.problems.iter().map(line).collect()
    }

    fn status(&self) -> ExitStatus {
        if self.valid { ExitStatus::Done } else { ExitStatus::Invalid }
    }
}
