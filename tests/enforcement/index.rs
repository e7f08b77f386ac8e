//! The index reader against Git's own: random states of the index, whose changes below `.jit/` must be the ones that
//! `git diff-index` tells.
//!
//! `JIT_INDEX_STATES=10000` makes it longer; `JIT_INDEX_SEED` repeats the choices of an earlier run, which it prints.

use crate::support::{Dice, Place, World};

const EMPTY_TREE: [&str; 2] =
    ["4b825dc642cb6eb9a060e54bf8d69288fbee4904", "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"];
const MODES: [&str; 4] = ["100644", "100644", "100755", "120000"];

struct Walk {
    place: Place,
    dice: Dice,
    blobs: Vec<String>,
    empty_tree: &'static str,
    /// Whether indexes are split, or have no checksum: Git loses entries where they are both.
    splits: bool,
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

impl Walk {
    fn new(world: &World, name: &str, form: &str, seed: u64) -> Self {
        world.place("").git(&format!("init -q -b main --object-format={form} {name}")).ok();
        let place = world.place(name);
        let blob = |n: usize| place.pipe("git hash-object -w --stdin", format!("blob {n}\n").as_bytes()).ok().line();
        let blobs = (0..6).map(blob).collect();
        let mut walk = Self {
            place,
            dice: Dice::new(seed),
            blobs,
            empty_tree: EMPTY_TREE[usize::from(form == "sha256")],
            splits: seed.is_multiple_of(2),
        };
        // Enough beside it for an index whose end is far from its beginning.
        let others: String = (0..40).map(|n| format!("100644 {} 0\tsrc/dir-{}/file-{n}.txt\n", walk.blobs[0], n % 5)).collect();
        walk.place.pipe("git update-index --index-info", others.as_bytes()).ok();
        walk.stage(12);
        walk
    }

    /// A path below `.jit/`, or one that sorts beside it.
    fn path(&mut self) -> String {
        match self.dice.roll(12) {
            0 => ".jit/config.toml".to_owned(),
            1 => ".jit/gates.json".to_owned(),
            2 => format!(".jit/notes/n{}/one.json", self.dice.roll(3)),
            3 => format!(".jit/issues/deep/er/{}.json", self.dice.roll(3)),
            4 => [".jit-beside", ".jix", ".ji", ".jit.d/x", "jit/x"][usize::try_from(self.dice.roll(5)).expect("small")].to_owned(),
            5 => ".jit/issues/odd \u{e4}\"' name".to_owned(),
            _ => format!(".jit/issues/{}.json", self.dice.roll(9)),
        }
    }

    fn entry(&mut self, stage: u64) -> String {
        let mode = MODES[usize::try_from(self.dice.roll(4)).expect("small")];
        let blob = self.blobs[usize::try_from(self.dice.roll(6)).expect("small")].clone();
        format!("{mode} {blob} {stage}\t{}\n", self.path())
    }

    /// Adds, changes and removes entries.
    fn stage(&mut self, entries: u64) {
        let mut lines = String::new();
        for _ in 0..entries {
            if self.dice.roll(3) == 0 {
                lines += &format!("0 {} 0\t{}\n", "0".repeat(self.blobs[0].len()), self.path());
            } else {
                lines += &self.entry(0);
            }
        }
        // Git itself fails on some states, which is a step to nowhere.
        self.place.pipe("git update-index --index-info", lines.as_bytes()).status();
    }

    /// One step to another state.
    fn step(&mut self) {
        // Git fails on some of these states, and leaves its lock then.
        let _ = std::fs::remove_file(self.place.dir.join(".git/index.lock"));
        match self.dice.roll(24) {
            // As `git commit` leaves it for its hook: with a cache-tree that says all.
            0..=5 => _ = self.place.git("write-tree").status(),
            6 => _ = self.place.git("commit -q --no-verify --allow-empty -m Step").status(),
            7 => _ = self.place.git("read-tree HEAD").status(),
            8 => {
                let version = 2 + self.dice.roll(3);
                self.place.git(&format!("update-index --index-version {version}")).status();
            }
            9 | 10 if self.splits => {
                let split = ["--split-index", "--no-split-index"][usize::try_from(self.dice.roll(2)).expect("small")];
                self.place.git(&format!("update-index {split}")).status();
            }
            9 | 10 => {
                let value = ["true", "false"][usize::try_from(self.dice.roll(2)).expect("small")];
                self.place.git(&format!("config index.skipHash {value}")).ok();
            }
            11 => {
                let name = format!(".jit/issues/meant-{}.json", self.dice.roll(3));
                self.place.write(&name, "{}");
                self.place.git(&format!("add -N -- {name}")).status();
            }
            12 => {
                let lines: String = (1..=3).map(|stage| self.entry(stage)).collect();
                self.place.pipe("git update-index --index-info", lines.as_bytes()).status();
            }
            13 => {
                let words = ["sparse-checkout set --cone --sparse-index src", "sparse-checkout disable"];
                self.place.git(words[usize::try_from(self.dice.roll(2)).expect("small")]).status();
            }
            14 => _ = self.place.git("update-index --force-write-index").status(),
            _ => {
                let entries = 1 + self.dice.roll(4);
                self.stage(entries);
            }
        }
    }

    /// What Git says and what we read, without paths that are in conflict: nothing of those can be committed.
    fn compare(&self, at: &str) {
        let head = if self.place.git("rev-parse -q --verify HEAD").status() == 0 { "HEAD" } else { self.empty_tree };
        let words = format!("-c index.sparse=false diff-index --cached --no-renames --ita-invisible-in-index -z {head} -- .jit");
        let said = self.place.git(&words).ok().stdout;
        let mut fields = said.split('\0');
        let (mut expected, mut conflicts) = (Vec::new(), Vec::new());
        while let (Some(head), Some(path)) = (fields.next().filter(|head| !head.is_empty()), fields.next()) {
            let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
            if words[4] == "U" {
                conflicts.push(path.to_owned());
            }
            expected.push((path.to_owned(), format!("{} {} {} {} {path}", words[0], words[1], words[2], words[3])));
        }
        let found = git_jit::testing::staged_changes(&self.place.dir).unwrap_or_else(|error| panic!("{at}: {error}"));
        let is_settled = |path: &str| !conflicts.iter().any(|conflict| conflict == path);
        let mut expected: Vec<String> = expected.into_iter().filter(|(path, _)| is_settled(path)).map(|(_, line)| line).collect();
        let mut found: Vec<String> = found.into_iter().filter(|line| line.splitn(5, ' ').nth(4).is_some_and(is_settled)).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{at}");
    }
}

fn walk(form: &'static str, name: &str, part: u64) {
    let (states, seed) = (number("JIT_INDEX_STATES", 800) / 4, number("JIT_INDEX_SEED", 20_261_121));
    let world = World::empty();
    let mut walk = Walk::new(&world, name, form, seed + part);
    for n in 0..states {
        walk.compare(&format!("seed {seed}, {form}, part {part}, state {n}"));
        walk.step();
    }
}

#[test]
fn two_hundred_states_of_an_index_are_read_as_git_reads_them() {
    walk("sha1", "one", 1);
}

#[test]
fn two_hundred_more_states_of_an_index_are_read_as_git_reads_them() {
    walk("sha1", "two", 2);
}

#[test]
fn two_hundred_states_with_long_ids_are_read_as_git_reads_them() {
    walk("sha256", "long", 3);
}

#[test]
fn two_hundred_states_before_and_after_the_first_commit_are_read_as_git_reads_them() {
    walk("sha256", "unborn", 4);
}
