//! The runs that are stored in `docs/performance`, and the page and picture that are made of them.

use std::path::{Path, PathBuf};

use super::run::{self, Run};
use super::{page, picture};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// Stores a run under its date.
pub(crate) fn keep(run: &Run) -> std::io::Result<PathBuf> {
    let dir = docs().join("performance");
    std::fs::create_dir_all(&dir)?;
    let path = dir.join(run.date.replace(' ', "-").replace(':', "") + ".json");
    let text = serde_json::to_string_pretty(run).expect("numbers and words") + "\n";
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Makes the measured parts of the page, and the picture of the newest curves, anew.
pub(crate) fn render() -> std::io::Result<()> {
    let dir = docs().join("performance");
    let runs = run::stored_in(&dir)?;
    let path = docs().join("performance.md");
    std::fs::write(&path, page::renewed(&std::fs::read_to_string(&path)?, &runs))?;
    std::fs::write(dir.join("growth.svg"), picture::svg(&runs))
}
