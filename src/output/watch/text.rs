//! Text by the columns of a terminal that it takes up.
//!
//! A letter and what is set above it are one; some letters take two columns, and nothing is ever cut in the middle.

use ratatui::style::Style;
use ratatui::text::Span;

/// The columns that a text takes up.
pub(crate) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// As much of a text as fits into so many columns, with a sign where something is missing.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let whole = Span::raw(text);
    let fitting = whole.styled_graphemes(Style::new()).take_while(|letter| {
        used += width(letter.symbol);
        used <= room
    });
    fitting.map(|letter| letter.symbol).collect::<String>() + "…"
}

/// The same, filled with blanks to exactly so many columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let fill = columns.saturating_sub(width(&text));
    text + &" ".repeat(fill)
}

/// What every other column gives up before the one that tells the lines apart gives up anything.
const LEAST: usize = 3;

/// The widths of the columns of a table: what each wants, the widest cut back until all fit with the gaps between them, and
/// the one that is `firm` last of all.
///
/// A column of which nothing is left has no gap either.
pub(crate) fn widths(rows: &[Vec<&str>], columns: usize, gap: usize, firm: Option<usize>) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let want = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0).min(columns);
    let mut widths: Vec<usize> = (0..count).map(want).collect();
    let taken = |widths: &[usize]| {
        let there = widths.iter().filter(|width| **width > 0).count();
        widths.iter().sum::<usize>() + gap * there.saturating_sub(1)
    };
    while taken(&widths) > columns {
        let soft = (0..count).filter(|at| firm != Some(*at) && widths[*at] > LEAST).max_by_key(|at| widths[*at]);
        // Of two that are as wide the later one gives way.
        let Some(widest) = soft.or_else(|| (0..count).max_by_key(|at| widths[*at])) else { break };
        widths[widest] -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_letters_and_by_their_width() {
        for (text, columns, shown) in [
            ("plain", 5, "plain"),
            ("plain", 4, "pla…"),
            ("plain", 1, "…"),
            ("plain", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("👩‍🔬👩‍🔬", 3, "👩‍🔬…"),
        ] {
            assert_eq!(cut(text, columns), shown, "{text} in {columns}");
            assert_eq!(width(&pad(text, columns)), columns, "{text} in {columns}");
        }
    }

    #[test]
    fn columns_fit_and_the_widest_gives_way() {
        let rows = [vec!["12345678", "", "a rather long title of an issue"], vec!["12345678", "", "short"]];
        for (columns, gap, firm, expected) in [
            (80, 2, None, [8, 0, 31]),
            (30, 2, None, [8, 0, 20]),
            (10, 2, None, [4, 0, 4]),
            (13, 2, Some(0), [8, 0, 3]),
            (12, 2, Some(0), [7, 0, 3]),
            (1, 1, Some(0), [1, 0, 0]),
            (0, 1, Some(0), [0, 0, 0]),
        ] {
            assert_eq!(widths(&rows, columns, gap, firm), expected, "{columns}");
        }
        assert_eq!(widths(&[], 10, 1, None), [0; 0]);
    }
}
