//! The measured parts of `docs/performance.md`, made of the stored runs: whatever stands between two marks.

use super::run::{Curve, Growth, Row, Run, newest_curves};

/// The page with its measured parts anew; `runs` from the oldest to the newest. Text without the marks stays as it is.
pub(crate) fn renewed(page: &str, runs: &[Run]) -> String {
    let parts: [(&str, String); 4] =
        [("runs", list(runs)), ("budgets", budgets(runs)), ("others", others(runs)), ("growth", growth(runs))];
    parts.into_iter().fold(page.to_owned(), |page, (name, text)| with(&page, name, &text))
}

fn with(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- measured: {name} -->\n"), format!("<!-- end of {name} -->"));
    let Some((before, rest)) = page.split_once(&begin) else { return page.to_owned() };
    let Some((_, after)) = rest.split_once(&end) else { return page.to_owned() };
    format!("{before}{begin}{text}{end}{after}")
}

fn list(runs: &[Run]) -> String {
    let line = |(number, run): (usize, &Run)| format!("{}. {} UTC, `{}`: {}\n", number + 1, run.date, run.commit, run.machine);
    runs.iter().enumerate().map(line).collect()
}

/// The runs that have some of what a table is about, each with its number.
fn with_some(runs: &[Run], has: impl Fn(&Run) -> bool) -> Vec<(usize, &Run)> {
    (1..).zip(runs).filter(|(_, run)| has(run)).collect()
}

/// The head of a table with a column a run.
fn heads(first: &str, runs: &[(usize, &Run)]) -> String {
    let numbers: String = runs.iter().map(|(number, _)| format!(" run {number} |")).collect();
    format!("{first}{numbers}\n")
}

fn rule(columns: usize, runs: &[(usize, &Run)]) -> String {
    format!("|---|{}\n", "---:|".repeat(columns + runs.len()))
}

/// The rows of a kind in the order of the run that has most of them, and then what only others have.
fn rows_of(runs: &[Run], is_wanted: impl Fn(&Row) -> bool) -> Vec<&Row> {
    let mut runs: Vec<&Run> = runs.iter().collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.rows.iter().filter(|row| is_wanted(row)).count()));
    let mut found: Vec<&Row> = Vec::new();
    for run in runs {
        for row in run.rows.iter().filter(|row| is_wanted(row)) {
            if !found.iter().any(|other| other.name == row.name && other.beside == row.beside) {
                found.push(row);
            }
        }
    }
    found
}

fn budgets(runs: &[Run]) -> String {
    let is_ours = |row: &Row| row.beside.is_none();
    let columns = with_some(runs, |run| run.rows.iter().any(is_ours));
    let line = |row: &Row| {
        let in_runs: String = columns.iter().map(|(_, run)| format!(" {} |", row_in(run, row))).collect();
        format!("| {} | {} |{in_runs}\n", row.name, budget(row))
    };
    let rows: String = rows_of(runs, is_ours).into_iter().map(line).collect();
    heads("| | budget |", &columns) + &rule(1, &columns) + &rows
}

fn row_in(run: &Run, row: &Row) -> String {
    let Some(row) = run.row(row) else { return String::new() };
    let missed = if row.met == Some(false) { "**missed:** " } else { "" };
    missed.to_owned() + &figure(row)
}

/// The ratio with the time in brackets, or the value alone.
fn figure(row: &Row) -> String {
    let value = number(row.value);
    row.ratio.map_or_else(|| format!("{value} {}", row.unit), |ratio| format!("{ratio:.2} ({value} {})", row.unit))
}

fn budget(row: &Row) -> String {
    match (row.budget, row.ratio) {
        (Some(budget), Some(_)) => number(budget),
        (Some(budget), None) => format!("{} {}", number(budget), row.unit),
        (None, _) => String::new(),
    }
}

fn others(runs: &[Run]) -> String {
    let is_others = |row: &Row| row.beside.is_some();
    let columns = with_some(runs, |run| run.rows.iter().any(is_others));
    let line = |row: &Row| {
        let is_it = |other: &&Row| row.beside.as_ref() == Some(&other.name) && other.beside.is_none();
        let newest = runs.iter().rfind(|run| run.row(row).is_some())?;
        let ours = newest.rows.iter().find(is_it)?;
        let in_runs: String = columns.iter().map(|(_, run)| format!(" {} |", row_in(run, row))).collect();
        Some(format!("| {} | {} | {} |{in_runs}\n", ours.name, figure(ours), row.name))
    };
    let rows: String = rows_of(runs, is_others).into_iter().filter_map(line).collect();
    heads("| ours | | beside it |", &columns) + &rule(2, &columns) + &rows
}

fn growth(runs: &[Run]) -> String {
    let with_curves = with_some(runs, |run| !run.curves.is_empty());
    let mut text = String::new();
    let mut over = "";
    for (_, curve) in newest_curves(runs) {
        if curve.over != over {
            over = &curve.over;
            let sizes: String = curve.points.iter().map(|point| format!(" {} |", grouped(point.size))).collect();
            let columns = curve.points.len() + 1;
            text += &format!("\n| {over}: |{sizes} may grow |");
            text += &heads("", &with_curves);
            text += &rule(columns, &with_curves);
        }
        let points: String = curve.points.iter().map(|point| format!(" {} |", number(point.ms))).collect();
        let in_runs: String = with_curves.iter().map(|(_, run)| format!(" {} |", curve_in(run, curve))).collect();
        text += &format!("| {} |{points} {} |{in_runs}\n", curve.name, may(curve.allowed));
    }
    text + "\n"
}

fn may(allowed: Option<Growth>) -> &'static str {
    match allowed {
        Some(Growth::Flat) => "not",
        Some(Growth::Linear) => "in proportion",
        None => "(not ours)",
    }
}

fn curve_in(run: &Run, curve: &Curve) -> String {
    let Some(curve) = run.curve(curve) else { return String::new() };
    let missed = if curve.met == Some(false) { "**missed:** " } else { "" };
    let growth = if curve.exponent == 0.0 { "flat".to_owned() } else { format!("n^{:.2}", curve.exponent) };
    missed.to_owned() + &growth
}

/// With as many digits as say something.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// A number with a blank before each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}
