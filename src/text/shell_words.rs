//! Splits shell text into the commands that it would run: words, quotes, lists, substitutions, here-documents.
//!
//! This is an approximation for advice. It knows no aliases, variables or functions. Text that it cannot parse is `None`, never a
//! guess. Nothing is executed or expanded.

/// Replaces a part of a word that only a shell could expand.
const UNKNOWN: char = '\u{fffd}';
/// The maximum nesting of substitutions.
const DEEPEST: usize = 16;

/// The simple commands in a text, each as its words without quotes; a command inside a substitution comes before its parent.
pub(crate) fn commands(text: &str) -> Option<Vec<Vec<String>>> {
    let mut reader = Reader { text: text.chars().collect(), at: 0, found: Vec::new(), pending: Vec::new(), depth: 0 };
    reader.list(false)?;
    Some(reader.found)
}

struct Reader {
    text: Vec<char>,
    at: usize,
    found: Vec<Vec<String>>,
    /// End markers of the here-documents that begin on the next line, and whether leading tabs are removed (`<<-`).
    pending: Vec<(String, bool)>,
    depth: usize,
}

/// The words of one simple command while it is parsed.
#[derive(Default)]
struct Words {
    words: Vec<String>,
    /// The next word is the target of a redirection.
    is_target: bool,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(n, c)| self.text.get(self.at + n) == Some(&c))
    }

    fn takes(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        self.at += if found { text.chars().count() } else { 0 };
        found
    }

    /// Parses commands up to the end of the text, or up to the closing parenthesis.
    fn list(&mut self, in_parentheses: bool) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut words = Words::default();
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' => self.at += 1,
                '\\' if self.starts_with("\\\n") => self.at += 2,
                '#' => self.skip_line(),
                '<' | '>' => self.redirection(&mut words)?,
                '&' if self.starts_with("&>") => self.at += 1,
                '\n' | ';' | '&' | '|' => {
                    self.at += 1;
                    self.end(&mut words);
                    if c == '\n' {
                        self.skip_documents();
                    }
                }
                '(' => {
                    self.at += 1;
                    self.end(&mut words);
                    self.list(true)?;
                }
                ')' => {
                    self.at += 1;
                    self.end(&mut words);
                    if in_parentheses {
                        self.depth -= 1;
                        return Some(());
                    }
                }
                _ => self.add_word(&mut words)?,
            }
        }
        self.end(&mut words);
        self.depth -= 1;
        (!in_parentheses).then_some(())
    }

    fn end(&mut self, words: &mut Words) {
        let words = std::mem::take(words).words;
        if !words.is_empty() {
            self.found.push(words);
        }
    }

    fn add_word(&mut self, words: &mut Words) -> Option<()> {
        let word = self.word()?;
        let is_descriptor = matches!(self.peek(), Some('<' | '>')) && word.chars().all(|c| c.is_ascii_digit());
        if std::mem::take(&mut words.is_target) || is_descriptor {
            return Some(());
        }
        words.words.push(word);
        Some(())
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    fn redirection(&mut self, words: &mut Words) -> Option<()> {
        if self.takes("<(") || self.takes(">(") {
            return self.list(true);
        }
        if !self.starts_with("<<<") && self.takes("<<") {
            let drops_tabs = self.takes("-");
            while matches!(self.peek(), Some(' ' | '\t')) {
                self.at += 1;
            }
            let end = self.word()?;
            self.pending.push((end, drops_tabs));
            return Some(());
        }
        while matches!(self.peek(), Some('<' | '>' | '&' | '|')) {
            self.at += 1;
        }
        words.is_target = true;
        Some(())
    }

    /// Skips the here-documents that the line before announced.
    fn skip_documents(&mut self) {
        for (end, drops_tabs) in std::mem::take(&mut self.pending) {
            while self.at < self.text.len() {
                let start = self.at;
                self.skip_line();
                let line: String = self.text[start..self.at].iter().collect();
                self.at = (self.at + 1).min(self.text.len());
                if end == if drops_tabs { line.trim_start_matches('\t') } else { &line } {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| !" \t\r\n;&|()<>".contains(*c)) {
            self.at += 1;
            match c {
                '\'' => self.plain_quote(&mut word)?,
                '"' => self.quote(&mut word)?,
                '\\' => self.escaped(&mut word),
                '$' => self.dollar(&mut word)?,
                '`' => self.backtick(&mut word)?,
                c => word.push(c),
            }
        }
        Some(word)
    }

    fn escaped(&mut self, word: &mut String) {
        word.extend(self.peek().filter(|c| *c != '\n'));
        self.at += 1;
    }

    fn plain_quote(&mut self, word: &mut String) -> Option<()> {
        loop {
            let c = self.peek()?;
            self.at += 1;
            if c == '\'' {
                return Some(());
            }
            word.push(c);
        }
    }

    /// Parses the rest of `$'…'`. Only its end matters, so escapes are not decoded.
    fn c_quote(&mut self, word: &mut String) -> Option<()> {
        loop {
            let c = self.peek()?;
            self.at += 1;
            match c {
                '\'' => return Some(()),
                '\\' => self.escaped(word),
                c => word.push(c),
            }
        }
    }

    fn quote(&mut self, word: &mut String) -> Option<()> {
        loop {
            let c = self.peek()?;
            self.at += 1;
            match c {
                '"' => return Some(()),
                '\\' if self.peek().is_some_and(|next| "$`\"\\\n".contains(next)) => self.escaped(word),
                '$' if self.starts_with("'") || self.starts_with("\"") => word.push('$'),
                '$' => self.dollar(word)?,
                '`' => self.backtick(word)?,
                c => word.push(c),
            }
        }
    }

    /// Parses what follows a `$`.
    fn dollar(&mut self, word: &mut String) -> Option<()> {
        if self.takes("'") {
            return self.c_quote(word);
        }
        if self.takes("\"") {
            return self.quote(word);
        }
        if self.starts_with("((") {
            word.push(UNKNOWN);
            return self.skip_nested('(', ')');
        }
        if self.starts_with("{") {
            word.push(UNKNOWN);
            return self.skip_nested('{', '}');
        }
        if self.takes("(") {
            word.push(UNKNOWN);
            return self.list(true);
        }
        word.push('$');
        Some(())
    }

    fn skip_nested(&mut self, open: char, close: char) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let c = self.peek()?;
            self.at += 1;
            depth = if c == open { depth + 1 } else { depth - usize::from(c == close) };
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn backtick(&mut self, word: &mut String) -> Option<()> {
        let mut inner = String::new();
        loop {
            let c = self.peek()?;
            self.at += 1;
            match c {
                '`' => break,
                '\\' if matches!(self.peek(), Some('`' | '\\' | '$')) => self.escaped(&mut inner),
                c => inner.push(c),
            }
        }
        word.push(UNKNOWN);
        self.found.extend(commands(&inner)?);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_a_shell_would() {
        for (text, expected) in [
            ("a b  c", "a b c"),
            ("a 'b c' \"d e\" f\\ g", "a|b c|d e|f g"),
            ("a && b || c; d & e | f\ng", "a / b / c / d / e / f / g"),
            ("a # b\nc#d", "a / c#d"),
            ("a >b 2>&1 <c &>d e", "a e"),
            ("a 2 >b", "a 2"),
            ("(a; b) && { c; }", "a / b / { c / }"),
            ("a \"$(b 'c')\" $(d)", "b c / d / a \u{fffd} \u{fffd}"),
            ("a `b \\`c\\``", "c / b \u{fffd} / a \u{fffd}"),
            ("a $X ${Y:-z w} $((1 + (2)))", "a $X \u{fffd} \u{fffd}"),
            ("cat <<EOF > f\na --x 'y\nEOF\nb", "cat / b"),
            ("cat <<-'E F'\n\tx\n\tE F\nb", "cat / b"),
            ("a \"$(cat <<'EOF'\nDon't (do\nEOF\n)\" b", "cat / a \u{fffd} b"),
            ("a <<< b c", "a c"),
            ("a $'b\\'c'", "a b'c"),
            ("a \\\nb", "a b"),
            ("a '' \"\"", "a||"),
            ("case x in y) a;; esac", "case x in y / a / esac"),
        ] {
            let split = |command: &str| -> Vec<String> {
                let by = if command.contains('|') { '|' } else { ' ' };
                command.split(by).map(str::to_owned).collect()
            };
            let expected: Vec<Vec<String>> = expected.split(" / ").map(split).collect();
            assert_eq!(commands(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        for text in
            ["a 'b", "a \"b", "a $(b", "a `b", "a ${b", &"$(".repeat(40), &format!("a {}{}", "$(b ".repeat(20), ")".repeat(20))]
        {
            assert_eq!(commands(text), None, "{text}");
        }
        assert_eq!(commands("  \n# only a comment"), Some(Vec::new()));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[a-z\\-'\"\\\\$(){}`<>&|;# \n\t]{0,60}") {
            let _ = commands(&text);
        }
    }
}
