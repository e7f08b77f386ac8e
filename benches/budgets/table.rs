//! A run as the table that is printed.

use super::run::{Curve, Growth, Row, Run};

/// What stands above the columns of the rows.
const HEADS: &str = "                                                   median      floor   ratio  budget  met  runs";

/// Every row and every curve, a line each.
pub(crate) fn table(run: &Run, remark: &str) -> String {
    let mut lines = vec![format!("{}, {}, {}{remark}", run.date, run.commit, run.machine)];
    if !run.rows.is_empty() {
        lines.push(HEADS.to_owned());
    }
    lines.extend(run.rows.iter().map(row));
    lines.extend(run.curves.iter().map(curve));
    lines.into_iter().map(|line| line + "\n").collect()
}

fn row(row: &Row) -> String {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    let name = if row.beside.is_some() { format!("  beside it: {}", row.name) } else { row.name.clone() };
    let (floor, ratio, budget) = (number(row.floor), number(row.ratio), number(row.budget));
    let value = format!("{:.2} {}", row.value, row.unit);
    format!("{name:<47} {value:>10} {floor:>9} {ratio:>7} {budget:>7}  {:<3} {:>5}", met(row.met), row.runs)
}

fn curve(curve: &Curve) -> String {
    let points: Vec<String> = curve.points.iter().map(|point| format!("{}: {:.2} ms", point.size, point.ms)).collect();
    let allowed = match curve.allowed {
        Some(Growth::Flat) => "may not grow",
        Some(Growth::Linear) => "may grow in proportion",
        None => "not ours",
    };
    let (name, over) = (&curve.name, &curve.over);
    let (exponent, met) = (curve.exponent, met(curve.met));
    format!("growth with {over}: {name}\n    {}\n    exponent {exponent:.2}, {allowed}: {met}", points.join(", "))
}

fn met(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "-",
    }
}
