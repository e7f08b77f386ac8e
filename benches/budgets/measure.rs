//! Times processes in turn with their floor, and says how they compare.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::repository::Repository;
use super::run::{Curve, Growth, Point, Row};

/// Rounds before the first that counts: caches fill, directories are made.
const WARM_UP: usize = 2;
/// How long cases that are measured in turn may take together: whoever is slow is measured less often.
const LONGEST: Duration = Duration::from_secs(45);
/// Rounds that are measured at least.
const FEWEST: usize = 3;
/// Up to here a cost counts as one that does not grow: the budget of a long log against an empty one.
const FLAT: f64 = 1.3;
/// The exponent of what is linear, with room for noise.
const LINEAR: f64 = 1.1;

/// One kind of process to be timed.
pub(crate) struct Case<'a> {
    /// What the row is called.
    pub name: String,
    /// Prepares the run of this number, which is not timed, and says what to run.
    pub prepare: Box<dyn FnMut(usize) -> Command + 'a>,
    /// What is timed just before.
    floor: Box<dyn Fn() -> Command + 'a>,
}

impl<'a> Case<'a> {
    /// A case that wants no preparation between its runs.
    pub(crate) fn new(repository: &'a Repository, name: impl Into<String>, mut command: impl FnMut() -> Command + 'a) -> Self {
        Self::prepared(repository, name, move |_| command())
    }

    /// A case that is told the number of each run, and prepares it.
    pub(crate) fn prepared(
        repository: &'a Repository,
        name: impl Into<String>,
        prepare: impl FnMut(usize) -> Command + 'a,
    ) -> Self {
        Self { name: name.into(), prepare: Box::new(prepare), floor: Box::new(|| repository.floor()) }
    }
}

/// The times of one case, each beside that of the floor that ran just before it, in milliseconds.
pub(crate) struct Samples {
    name: String,
    times: Vec<f64>,
    floors: Vec<f64>,
}

/// Times every case in every round, each after a floor of its own.
pub(crate) fn in_turn(mut cases: Vec<Case<'_>>, runs: usize) -> Vec<Samples> {
    let none = |case: &Case<'_>| Samples { name: case.name.clone(), times: Vec::new(), floors: Vec::new() };
    let mut all: Vec<Samples> = cases.iter().map(none).collect();
    let (start, mut measured) = (Instant::now(), 0);
    for round in 0.. {
        let counts = round >= WARM_UP || (round > 0 && start.elapsed() * 4 > LONGEST);
        for (case, samples) in cases.iter_mut().zip(&mut all) {
            let command = (case.prepare)(round);
            // A large process drives the small one out of the caches: a floor right behind it is a quarter too high.
            time((case.floor)());
            let floor_ms = time((case.floor)());
            let case_ms = time(command);
            if counts {
                samples.floors.push(floor_ms);
                samples.times.push(case_ms);
            }
        }
        measured += usize::from(counts);
        if measured >= runs || (measured >= FEWEST && start.elapsed() > LONGEST) {
            break;
        }
    }
    for samples in &all {
        let row = samples.row(None);
        eprintln!("  {}: {} ms, {:.2} of what stood before it", row.name, row.value, row.ratio.unwrap_or_default());
    }
    all
}

/// Milliseconds from the start of a process to its end, which must be a success.
pub(crate) fn time(mut command: Command) -> f64 {
    command.stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("the program can be run");
    let elapsed = millis(start);
    assert!(status.success(), "{status}: {command:?}");
    elapsed
}

/// Milliseconds since `start`.
pub(crate) fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len().is_multiple_of(2) { f64::midpoint(values[half - 1], values[half]) } else { values[half] }
}

impl Samples {
    /// The row of these times against their floors.
    pub(crate) fn row(&self, budget: impl Into<Option<f64>>) -> Row {
        compared(&self.name, &self.times, &self.floors, budget.into())
    }

    /// The row of what these times have beyond those of another case in the same rounds, in floors.
    pub(crate) fn beyond(&self, other: &Self, name: &str, budget: f64) -> Row {
        let more: Vec<f64> = self.times.iter().zip(&other.times).map(|(time, other)| time - other).collect();
        compared(name, &more, &self.floors, Some(budget))
    }

    /// The row of these times against those of another case in the same rounds.
    pub(crate) fn against(&self, other: &Self, name: &str, budget: f64) -> Row {
        compared(name, &self.times, &other.times, Some(budget))
    }

    /// The row of another program's times, beside our row of the name `ours`.
    pub(crate) fn beside(&self, ours: &str) -> Row {
        Row { beside: Some(ours.to_owned()), ..self.row(None) }
    }

    /// The same, with its ratio to what ours is compared with.
    pub(crate) fn beside_against(&self, ours: &str, other: &Self) -> Row {
        Row { beside: Some(ours.to_owned()), ..compared(&self.name, &self.times, &other.times, None) }
    }

    /// Where these times are on a curve.
    pub(crate) fn point(&self, size: usize) -> Point {
        let (ms, floor_ms) = (rounded(median(self.times.clone())), rounded(median(self.floors.clone())));
        Point { size, ms, floor_ms, runs: self.times.len() }
    }
}

fn compared(name: &str, times: &[f64], floors: &[f64], budget: Option<f64>) -> Row {
    let ratio = median(times.iter().zip(floors).map(|(time, floor)| time / floor).collect());
    Row {
        name: name.to_owned(),
        value: rounded(median(times.to_vec())),
        unit: "ms".to_owned(),
        floor: Some(rounded(median(floors.to_vec()))),
        ratio: Some(rounded(ratio)),
        budget,
        met: budget.map(|budget| ratio <= budget),
        runs: times.len(),
        beside: None,
    }
}

/// A row that is measured against no floor: the median of these values.
pub(crate) fn alone(name: &str, values: &[f64], unit: &str, budget: Option<f64>) -> Row {
    let value = rounded(median(values.to_vec()));
    Row {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
        floor: None,
        ratio: None,
        budget,
        met: budget.map(|budget| value <= budget),
        runs: values.len(),
        beside: None,
    }
}

/// The curve through these points, judged by how it may grow.
pub(crate) fn curve(name: &str, over: &str, allowed: Option<Growth>, points: Vec<Point>) -> Curve {
    let exponent = exponent(&points);
    let is_within = |allowed| match allowed {
        Growth::Flat => exponent == 0.0,
        Growth::Linear => exponent <= LINEAR,
    };
    Curve { name: name.to_owned(), over: over.to_owned(), allowed, exponent, met: allowed.map(is_within), points }
}

/// 0 where the largest costs little more than the smallest: the rest of what is seen is noise.
#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn exponent(points: &[Point]) -> f64 {
    let [first, .., before, last] = points else { return 0.0 };
    if last.ms <= first.ms * FLAT {
        return 0.0;
    }
    // What it costs at the smallest size is mostly what every process costs: it would hide how the rest grows.
    let more = |point: &Point| (point.ms - first.ms).max(first.ms * (FLAT - 1.0));
    rounded((more(last) / more(before)).ln() / (last.size as f64 / before.size as f64).ln())
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
