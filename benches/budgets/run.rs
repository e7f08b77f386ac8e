//! One run of the bench as it is stored in `docs/performance`: what was measured, when and where.
//!
//! A file of it is written once and stays: the page shows several beside each other.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Everything that one run measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The form of the document: 2.
    pub schema_version: u32,
    /// When it began, in UTC.
    pub date: String,
    /// What was measured: `git describe --always --dirty`.
    pub commit: String,
    /// Processor, cores, system, file system and Git.
    pub machine: String,
    /// The rows, in the order of the table.
    pub rows: Vec<Row>,
    /// How costs grow.
    pub curves: Vec<Curve>,
}

/// The runs that are stored in a folder, from the oldest to the newest.
pub(crate) fn stored_in(dir: &Path) -> std::io::Result<Vec<Run>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| Ok(serde_json::from_slice(&std::fs::read(path)?)?)).collect()
}

/// Each curve as the newest run has it that measured it, in the order of the run with most of them.
pub(crate) fn newest_curves(runs: &[Run]) -> Vec<(&Run, &Curve)> {
    let all = runs.iter().max_by_key(|run| run.curves.len()).map(|run| run.curves.as_slice()).unwrap_or_default();
    let newest = |curve: &Curve| runs.iter().rev().find_map(|run| Some((run, run.curve(curve)?)));
    all.iter().filter_map(newest).collect()
}

impl Run {
    /// The curve of this kind, if it was measured.
    pub(crate) fn curve(&self, kind: &Curve) -> Option<&Curve> {
        self.curves.iter().find(|curve| curve.name == kind.name && curve.over == kind.over)
    }

    /// The row of this kind, if it was measured.
    pub(crate) fn row(&self, kind: &Row) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == kind.name && row.beside == kind.beside)
    }
}

/// One line of the table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What was done.
    pub name: String,
    /// The median, in `unit`.
    pub value: f64,
    /// `ms`, `s` or `MB` (of 1 000 000 bytes).
    pub unit: String,
    /// The median of what it is compared with, in `ms`.
    pub floor: Option<f64>,
    /// The median of the ratios of neighbours in time.
    pub ratio: Option<f64>,
    /// What the ratio may be at most; the value, where there is no ratio.
    pub budget: Option<f64>,
    /// Whether it is within its budget, or is as it must be.
    pub met: Option<bool>,
    /// How often it was measured.
    pub runs: usize,
    /// The name of our row that this one of another program stands beside.
    pub beside: Option<String>,
}

/// How the cost of one thing grows with the size of another.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Curve {
    /// What was done.
    pub name: String,
    /// What grows: `issues`, `worktrees`, `operations in the log`, `processes at once`.
    pub over: String,
    /// How it may grow; nothing for what is not ours.
    pub allowed: Option<Growth>,
    /// The exponent of its growth over the last two sizes, less what it costs at the smallest; 0 where it does not grow.
    pub exponent: f64,
    /// Whether it grows no faster than it may.
    pub met: Option<bool>,
    /// From the smallest size to the largest.
    pub points: Vec<Point>,
}

/// How a cost may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Growth {
    /// Not at all: at the largest size at most 1.3 times what it is at the smallest.
    Flat,
    /// At most in proportion.
    Linear,
}

/// What it costs at one size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Point {
    /// How many there are.
    pub size: usize,
    /// The median, in milliseconds.
    pub ms: f64,
    /// The median of `git rev-parse HEAD` beside it, in milliseconds.
    pub floor_ms: f64,
    /// How often it was measured.
    pub runs: usize,
}
