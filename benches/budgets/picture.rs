//! The curves of a run as a picture: cost against size, both on logarithmic axes, so that what is linear has a slope of one.

use super::run::{Curve, Run, newest_curves};

/// A panel for each thing that grows.
const PANEL: (f64, f64) = (440.0, 430.0);
/// Where the axes of a panel are: left, top, right, bottom.
const AXES: (f64, f64, f64, f64) = (58.0, 40.0, 424.0, 262.0);
/// Told apart by those who see few colours too (Okabe and Ito).
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f00"];
const COLUMNS: usize = 2;

/// All curves of the stored runs as SVG, each of the newest run that has it.
pub(crate) fn svg(runs: &[Run]) -> String {
    let all = newest_curves(runs);
    let (mut overs, mut of): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    for (run, curve) in &all {
        if !overs.contains(&curve.over.as_str()) {
            overs.push(&curve.over);
        }
        let run = format!("{} UTC, {}", run.date, run.commit);
        if !of.contains(&run) {
            of.push(run);
        }
    }
    let panel = |(at, over): (usize, &&str)| {
        let curves: Vec<&Curve> = all.iter().map(|(_, curve)| *curve).filter(|curve| curve.over == **over).collect();
        let (x, y) = (PANEL.0 * whole(at % COLUMNS), PANEL.1 * whole(at / COLUMNS));
        format!("<g transform=\"translate({x} {y})\">\n{}</g>\n", panel(over, &curves))
    };
    let (width, height) = (PANEL.0 * whole(COLUMNS), PANEL.1 * whole(overs.len().div_ceil(COLUMNS)) + 24.0);
    let panels: String = overs.iter().enumerate().map(panel).collect();
    let foot = format!("{}; dotted: git rev-parse HEAD; dashed: not ours", of.join(" and "));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>What commands cost, against how much there is</title>\n\
         <style>text {{ font: 12px system-ui, sans-serif; fill: #24292f }} .head {{ font-weight: bold; font-size: 14px }} \
         .foot, .tick {{ fill: #57606a; font-size: 11px }}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{panels}\
         <text class=\"foot\" x=\"12\" y=\"{:.0}\">{}</text>\n</svg>\n",
        height - 8.0,
        escaped(&foot)
    )
}

/// The two axes of a panel: from which power of ten to which.
struct Scale {
    sizes: (f64, f64),
    costs: (f64, f64),
}

impl Scale {
    fn of(curves: &[&Curve]) -> Self {
        let points = || curves.iter().flat_map(|curve| &curve.points);
        let most = points().map(|point| size(point.size)).fold(1.0, f64::max);
        let least = points().map(|point| size(point.size)).fold(most, f64::min);
        let (floor, ceiling) =
            points().fold((f64::MAX, f64::MIN), |(low, high), point| (low.min(point.floor_ms).min(point.ms), high.max(point.ms)));
        let whole = |value: f64, round: fn(f64) -> f64| round(value.log10());
        Self { sizes: (least.log10(), most.log10()), costs: (whole(floor, f64::floor), whole(ceiling, f64::ceil)) }
    }

    fn x(&self, size: f64) -> f64 {
        let (from, to) = self.sizes;
        AXES.0 + (AXES.2 - AXES.0) * (size.log10() - from) / (to - from).max(0.1)
    }

    fn y(&self, ms: f64) -> f64 {
        let (from, to) = self.costs;
        AXES.3 - (AXES.3 - AXES.1) * (ms.log10() - from) / (to - from).max(0.1)
    }
}

fn panel(over: &str, curves: &[&Curve]) -> String {
    let scale = Scale::of(curves);
    let (left, top, right, bottom) = AXES;
    let mut text = format!("<text class=\"head\" x=\"{left}\" y=\"24\">ms, against {}</text>\n", escaped(over));
    text += &format!(
        "<path d=\"M{left} {top} V{bottom} H{right}\" fill=\"none\" stroke=\"#57606a\"/>\n{}",
        ticks(&scale, curves.iter().take(1).flat_map(|curve| &curve.points).map(|point| point.size))
    );
    if let Some(first) = curves.first() {
        let floor = first.points.iter().map(|point| (size(point.size), point.floor_ms));
        text += &line(&scale, floor, "#8c959f", "stroke-dasharray=\"1 4\" stroke-width=\"2\"");
    }
    for (at, curve) in curves.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let style = if curve.allowed.is_none() { "stroke-dasharray=\"6 4\" stroke-width=\"2\"" } else { "stroke-width=\"2\"" };
        text += &line(&scale, curve.points.iter().map(|point| (size(point.size), point.ms)), colour, style);
        let y = bottom + 46.0 + 15.0 * whole(at);
        text += &format!("<path d=\"M{left} {:.0} h22\" stroke=\"{colour}\" {style}/>", y - 4.0);
        text += &format!("<text x=\"{:.0}\" y=\"{y:.0}\">{}</text>\n", left + 30.0, escaped(&curve.name));
    }
    text
}

fn ticks(scale: &Scale, sizes: impl Iterator<Item = usize>) -> String {
    let mut text = String::new();
    for (x, label) in sizes.map(|number| (scale.x(size(number)), number.to_string())) {
        text += &format!("<text class=\"tick\" x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>\n", AXES.3 + 16.0);
    }
    let mut power = scale.costs.0;
    while power <= scale.costs.1 {
        let (y, label) = (scale.y(10f64.powf(power)), 10f64.powf(power));
        text += &format!("<path d=\"M{} {y:.1} H{}\" stroke=\"#d0d7de\" stroke-width=\"0.5\"/>", AXES.0, AXES.2);
        text +=
            &format!("<text class=\"tick\" x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n", AXES.0 - 6.0, y + 4.0);
        power += 1.0;
    }
    text
}

fn line(scale: &Scale, points: impl Iterator<Item = (f64, f64)>, colour: &str, style: &str) -> String {
    let points: Vec<String> = points.map(|(size, ms)| format!("{:.1},{:.1}", scale.x(size), scale.y(ms))).collect();
    format!("<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" {style}/>\n", points.join(" "))
}

/// A size on a logarithmic axis: nothing stands a little left of ten times less than the next.
fn size(number: usize) -> f64 {
    if number == 0 { 100.0 } else { whole(number) }
}

#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn whole(number: usize) -> f64 {
    number as f64
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
