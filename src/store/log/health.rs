//! Checks the log, for `git jit doctor`; changes nothing.

use crate::domain::lease::Diagnostic;
use crate::store::file::TEMPORARY;
use crate::store::log::index;
use crate::store::log::segment::SegmentLine;
use crate::store::log::{LeaseLog, Result};

/// How many line numbers are listed.
const LISTED: usize = 10;

impl LeaseLog {
    /// All problems and notes.
    pub(crate) fn examine(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        if let Err(error) = self.remark(&mut remarks) {
            remarks.push(Diagnostic::Problem(error.to_string()));
        }
        remarks
    }

    fn remark(&self, remarks: &mut Vec<Diagnostic>) -> Result<()> {
        let names = self.disk.names(&self.dir)?;
        if names.is_empty() {
            return Ok(());
        }
        if !self.disk.locks_work(&self.dir)? {
            let why = "file locks do not work here: an issue still has only one holder, but `recover` is not safe";
            remarks.push(Diagnostic::Problem(format!("{}: {why}", self.dir.display())));
        }
        remarks.extend(self.disk.reservations(&self.dir).map(|why| Diagnostic::Note(format!("{}: {why}", self.dir.display()))));
        let mut numbers = self.numbers()?;
        numbers.sort_unstable();
        for number in &numbers {
            self.remark_on(*number, remarks);
        }
        for pair in numbers.windows(2).filter(|pair| pair[1] != pair[0] + 1) {
            let (from, to) = (pair[0], pair[1]);
            remarks.push(Diagnostic::Note(format!("the segments between claims-{from}.jsonl and claims-{to}.jsonl are missing")));
        }
        match self.newest(false) {
            Ok(_) => self.remark_on_index(remarks),
            Err(error) => {
                let problem = Diagnostic::Problem(format!("{error}: see git jit recover --dry-run"));
                remarks.retain(|remark| !matches!(remark, Diagnostic::Problem(text) if *text == error.to_string()));
                remarks.push(problem);
            }
        }
        let leftovers = names.iter().filter(|name| name.to_string_lossy().starts_with(TEMPORARY)).count();
        if leftovers > 0 {
            let why = "left by killed processes; safe to delete while no git jit runs";
            remarks.push(Diagnostic::Note(format!("{}/{TEMPORARY}*: {leftovers} {why}", self.dir.display())));
        }
        remarks
            .extend(self.set_aside()?.iter().map(|path| Diagnostic::Note(format!("{}: was set aside by recover", path.display()))));
        Ok(())
    }

    fn remark_on(&self, number: u64, remarks: &mut Vec<Diagnostic>) {
        let path = self.archive(number);
        let mut segment = match self.open(&path, false) {
            Ok(Some(segment)) => segment,
            Ok(None) => return,
            Err(error) => return remarks.push(Diagnostic::Problem(error.to_string())),
        };
        let (mut line, mut noise) = (1, Vec::new());
        let read = segment.advance(|_, outcome| {
            line += 1;
            if *outcome == SegmentLine::Noise {
                noise.push(line.to_string());
            }
        });
        if !noise.is_empty() {
            let more = noise.len().saturating_sub(LISTED);
            noise.truncate(LISTED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let why = "do not count: a writer was interrupted there, or another program wrote them";
            remarks.push(Diagnostic::Note(format!("{}: lines {}{more} {why}", path.display(), noise.join(", "))));
        }
        if segment.is_torn {
            let why = "the last line has no newline: its writer was interrupted; the next writer seals it";
            remarks.push(Diagnostic::Note(format!("{}:{}: {why}", path.display(), line + 1)));
        }
        remarks.extend(read.err().map(|error| Diagnostic::Problem(error.to_string())));
    }

    fn remark_on_index(&self, remarks: &mut Vec<Diagnostic>) {
        let path = self.index();
        let note = |why: &str| Diagnostic::Note(format!("{}: {why}", path.display()));
        let Ok(Some(mut segment)) = self.open(&self.current(), false) else { return };
        let length = segment.length().unwrap_or(0);
        let bytes = self.disk.read(&path).ok().flatten();
        match index::read(self.disk.as_ref(), &path, &self.ownership()) {
            None if bytes.is_some() => remarks.push(note("cannot be read: the log is read instead, and the index is rewritten")),
            None if length > self.options.index_lag * 2 => remarks.push(note("is missing: the log is read instead")),
            None => {}
            Some(index) => match index.rest(&mut segment) {
                Ok(Some(rest)) if rest.len() as u64 > self.options.index_lag * 4 => {
                    remarks.push(note(&format!("is {} bytes behind: it cannot be written", rest.len())));
                }
                // It is about the previous segment, or the error is reported already.
                Ok(_) | Err(_) => {}
            },
        }
    }
}
