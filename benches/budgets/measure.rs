//! Times processes in turn with their floor, and says how they compare.

use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

/// Rounds before the first that counts: caches fill, directories are made.
const WARM_UP: usize = 2;

/// One kind of process to be timed.
pub(crate) struct Case<'a> {
    /// What the row is called.
    pub name: String,
    /// The ratio to the floor that it may reach.
    pub budget: f64,
    /// Prepares the run of this number, which is not timed, and says what to run.
    pub prepare: Box<dyn FnMut(usize) -> Command + 'a>,
}

impl<'a> Case<'a> {
    /// A case that wants no preparation between its runs.
    pub(crate) fn new(name: impl Into<String>, budget: f64, mut command: impl FnMut() -> Command + 'a) -> Self {
        Self { name: name.into(), budget, prepare: Box::new(move |_| command()) }
    }
}

/// The times of one case, each beside that of the floor that ran just before it, in milliseconds.
pub(crate) struct Samples {
    name: String,
    budget: f64,
    times: Vec<f64>,
    floors: Vec<f64>,
}

/// One line of the table.
pub(crate) struct Row {
    name: String,
    median_ms: f64,
    floor_ms: Option<f64>,
    ratio: Option<f64>,
    budget: Option<f64>,
    is_met: bool,
    runs: usize,
}

/// Times every case in every round, each after a floor of its own.
pub(crate) fn in_turn(floor: impl Fn() -> Command, mut cases: Vec<Case<'_>>, runs: usize) -> Vec<Samples> {
    let none = |case: &Case<'_>| Samples { name: case.name.clone(), budget: case.budget, times: Vec::new(), floors: Vec::new() };
    let mut all: Vec<Samples> = cases.iter().map(none).collect();
    for round in 0..WARM_UP + runs {
        for (case, samples) in cases.iter_mut().zip(&mut all) {
            let command = (case.prepare)(round);
            // A large process drives the small one out of the caches: a floor right behind it is a quarter too high.
            time(floor());
            let floor_ms = time(floor());
            let case_ms = time(command);
            if round >= WARM_UP {
                samples.floors.push(floor_ms);
                samples.times.push(case_ms);
            }
        }
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
    pub(crate) fn row(&self) -> Row {
        Row::compared(&self.name, &self.times, &self.floors, self.budget)
    }

    /// The row of what these times have beyond those of another case in the same rounds, in floors.
    pub(crate) fn beyond(&self, other: &Self, name: &str, budget: f64) -> Row {
        let more: Vec<f64> = self.times.iter().zip(&other.times).map(|(time, other)| time - other).collect();
        Row::compared(name, &more, &self.floors, budget)
    }

    /// The row of these times against those of another case in the same rounds.
    pub(crate) fn against(&self, other: &Self, name: &str, budget: f64) -> Row {
        Row::compared(name, &self.times, &other.times, budget)
    }
}

impl Row {
    /// What stands above the columns of [`Row::line`].
    pub(crate) const HEADS: &str = "                                             median ms  floor ms   ratio  budget  met  runs";

    fn compared(name: &str, times: &[f64], floors: &[f64], budget: f64) -> Self {
        let ratio = median(times.iter().zip(floors).map(|(time, floor)| time / floor).collect());
        Self {
            name: name.to_owned(),
            median_ms: median(times.to_vec()),
            floor_ms: Some(median(floors.to_vec())),
            ratio: Some(ratio),
            budget: Some(budget),
            is_met: ratio <= budget,
            runs: times.len(),
        }
    }

    /// A row that is measured against no floor.
    pub(crate) fn alone(name: &str, times: &[f64], is_met: bool) -> Self {
        let median_ms = median(times.to_vec());
        Self { name: name.to_owned(), median_ms, floor_ms: None, ratio: None, budget: None, is_met, runs: times.len() }
    }

    /// The row for machines.
    pub(crate) fn json(&self) -> Value {
        let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
        json!({
            "name": self.name, "median_ms": rounded(self.median_ms), "floor_ms": self.floor_ms.map(rounded),
            "ratio": self.ratio.map(rounded), "budget": self.budget, "met": self.is_met, "runs": self.runs,
        })
    }

    /// The row for people.
    pub(crate) fn line(&self) -> String {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        let (name, met) = (&self.name, if self.is_met { "yes" } else { "NO" });
        let (floor, ratio, budget) = (number(self.floor_ms), number(self.ratio), number(self.budget));
        format!("{name:<44} {:>9.2} {floor:>9} {ratio:>7} {budget:>7}  {met:<3} {:>5}", self.median_ms, self.runs)
    }
}
