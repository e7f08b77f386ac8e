//! Damaged logs: none is read as "no leases", and everything that can be proved is recovered.

use crate::support::{Place, World};

struct Damaged {
    world: World,
    team: Place,
    issues: Vec<String>,
}

impl Damaged {
    /// Five issues, three of them leased for a day, the last one after a takeover.
    fn new() -> Self {
        let world = World::new();
        let team = world.team().agent("agent:a");
        let issues: Vec<String> = (0..5).map(|n| team.create(&format!("Issue {n}"))).collect();
        for issue in &issues[..3] {
            team.jit(&format!("claim acquire {issue} --ttl 1d")).ok();
        }
        team.jit(&format!("claim release {}", issues[2])).ok();
        team.git("add -A").ok();
        team.git("commit -q -m Issues").ok();
        team.jit(&format!("claim release {}", issues[2])).status();
        team.agent("agent:b").jit(&format!("claim acquire {} --ttl 1d", issues[2])).ok();
        Self { world, team, issues }
    }

    /// Like `new`, with a log that is long enough for an index.
    fn long() -> Self {
        let damaged = Self::new();
        for _ in 0..130 {
            damaged.team.jit(&format!("claim acquire {} --ttl 1d", damaged.issues[3])).ok();
            damaged.team.jit(&format!("claim release {}", damaged.issues[3])).ok();
        }
        assert!(damaged.path("claims.index.json").exists(), "the log is long enough");
        damaged
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.world.path("team/.git/jit").join(name)
    }

    fn lines(&self) -> Vec<String> {
        self.team.read(".git/jit/claims.jsonl").lines().map(str::to_owned).collect()
    }

    /// Replaces the content of the log, under both of its names.
    fn write(&self, text: impl AsRef<[u8]>) {
        std::fs::write(self.path("claims.jsonl"), text).expect("written");
    }

    fn holders(&self) -> Vec<(String, String)> {
        let listed = self.team.json("claim list");
        let one = |lease: &serde_json::Value| {
            let text = |key: &str| lease[key].as_str().expect("text").to_owned();
            (text("issue_id"), text("agent_id"))
        };
        listed["leases"].as_array().expect("a list").iter().map(one).collect()
    }

    /// Asserts that the leases of the index are there, and otherwise only leases that had been granted and that can be released.
    /// `token` has acquired and released an issue since.
    fn has_what_the_index_knew(&self, before: &[(String, String)]) {
        let (free, after) = (&self.issues[3..], self.holders());
        assert!(before.iter().all(|lease| after.contains(lease)), "{before:?} {after:?}");
        for (issue, agent) in after.iter().filter(|lease| !before.contains(lease)) {
            assert!(free.contains(issue) && agent == "agent:a", "{issue} {agent}");
            self.team.jit(&format!("claim release {issue}")).ok();
        }
    }

    fn token(&self) -> u64 {
        let id = &self.issues[4];
        let acquired = self.team.json(&format!("claim acquire {id}"));
        self.team.jit(&format!("claim release {id}")).ok();
        acquired["lease"]["token"].as_u64().expect("a number")
    }

    /// Asserts that reading fails, `--dry-run` changes nothing, and `recover` repairs the log exactly once.
    fn is_recovered(&self, before: u64) -> serde_json::Value {
        self.team.jit("claim list").exits(7).says("git jit recover");
        self.team.jit(&format!("claim acquire {}", self.issues[4])).exits(7);
        self.team.jit("doctor").exits(7).says("git jit recover --dry-run");
        let told = self.team.json("recover --dry-run");
        self.team.jit("claim list").exits(7);
        let done = self.team.json("recover");
        assert_eq!((&told["leases"], &told["lost"], &told["problems"]), (&done["leases"], &done["lost"], &done["problems"]));
        assert_eq!(done["changed"], true);
        assert_eq!(self.team.json("recover")["changed"], false);
        // If the end of the lease of `before` is lost too, the lease is still held.
        self.team.jit(&format!("claim release {}", self.issues[4])).status();
        assert!(self.token() > before, "tokens never go back");
        self.team.jit("claim log").ok();
        assert_eq!(self.team.json("doctor")["healthy"], true, "{:#}", self.team.json("doctor"));
        done
    }
}

#[test]
fn a_log_that_is_whole_is_left_alone() {
    let damaged = Damaged::new();
    let before = damaged.lines();
    damaged.team.jit("recover").ok().says("complete, with 3 leases");
    assert_eq!(damaged.lines(), before);
    let empty = World::new();
    empty.team().jit("recover").ok().says("complete");
    assert!(!empty.path("team/.git/jit/claims.jsonl").exists());
}

#[test]
fn a_record_that_is_gone_costs_what_it_said_and_no_more() {
    let damaged = Damaged::new();
    let (token, lines, holders) = (damaged.token(), damaged.lines(), damaged.holders());
    // The release of the third issue, which was acquired by another agent afterwards.
    let gone = lines.iter().position(|line| line.contains("\"op\":\"release\"")).expect("there is one");
    damaged.write([&lines[..gone], &lines[gone + 1..]].concat().join("\n") + "\n");
    let done = damaged.is_recovered(token);
    assert_eq!(damaged.holders(), holders, "who took it over has it");
    assert!(done["lost"].to_string().contains("records"), "{done:#}");
    assert_eq!(done["set_aside"].as_array().map(Vec::len), Some(1));
    damaged.team.jit("claim log --limit 0").ok().says("release");
}

#[test]
fn a_grant_that_is_gone_is_told_and_can_be_had_again() {
    let damaged = Damaged::new();
    let (token, lines) = (damaged.token(), damaged.lines());
    let gone = lines.iter().position(|line| line.contains("\"op\":\"acquire\"")).expect("there is one");
    damaged.write([&lines[..gone], &lines[gone + 1..]].concat().join("\n") + "\n");
    damaged.is_recovered(token);
    assert_eq!(damaged.holders().len(), 2);
    damaged.team.jit(&format!("claim acquire {}", damaged.issues[0])).ok();
}

#[test]
fn a_log_that_is_gone_is_not_an_empty_one() {
    let damaged = Damaged::long();
    let (token, holders) = (damaged.token(), damaged.holders());
    std::fs::remove_file(damaged.path("claims.jsonl")).expect("removed");
    let done = damaged.is_recovered(token);
    assert_eq!((damaged.holders(), done["set_aside"].as_array().map(Vec::len)), (holders.clone(), Some(0)), "only the name was");
    let token = damaged.token();
    for name in ["claims.jsonl", "claims-1.jsonl"] {
        std::fs::remove_file(damaged.path(name)).expect("removed");
    }
    damaged.is_recovered(token);
    damaged.has_what_the_index_knew(&holders);
}

#[test]
fn an_end_that_is_cut_off_is_seen_where_the_index_knew_it() {
    let damaged = Damaged::long();
    let (token, holders, lines) = (damaged.token(), damaged.holders(), damaged.lines());
    damaged.write(lines[..6].join("\n") + "\n");
    damaged.team.jit("claim list").exits(7).says("its end was lost");
    damaged.is_recovered(token);
    damaged.has_what_the_index_knew(&holders);
}

#[test]
fn a_line_that_the_index_has_read_is_set_aside_with_its_file() {
    let damaged = Damaged::long();
    let (token, holders) = (damaged.token(), damaged.holders());
    let mut bytes = std::fs::read(damaged.path("claims.jsonl")).expect("read");
    let at = bytes.len() / 3;
    bytes[at] ^= 1;
    damaged.write(&bytes);
    assert_eq!(damaged.holders(), holders, "the index knows what it said");
    damaged.team.jit("doctor").exits(7);
    damaged.team.jit("recover").ok().says("Set aside");
    assert_eq!(damaged.holders(), holders);
    std::fs::remove_file(damaged.path("claims.index.json")).ok();
    assert_eq!(damaged.holders(), holders, "and the log knows it without an index");
    assert!(damaged.token() > token);
    damaged.team.jit("doctor").ok();
}

#[test]
fn a_log_of_nothing_but_noise_gives_nothing_back_and_says_so() {
    let damaged = Damaged::new();
    let token = damaged.token();
    damaged.write("no log at all\n".repeat(50));
    let done = damaged.is_recovered(token);
    assert_eq!((damaged.holders().len(), &done["count"]), (0, &0.into()));
    assert!(done["lost"].to_string().contains("50 lines that cannot be read"), "{done:#}");
    damaged.team.jit("doctor").ok().says("set aside by recover");
}

#[test]
fn what_a_newer_program_wrote_is_not_thrown_away() {
    let damaged = Damaged::new();
    let body = "{\"schema_version\":3,\"sequence\":99,\"op\":\"acquire\"";
    let newer = format!("{body},\"crc\":\"{:08x}\"}}\n", crc32fast::hash(body.as_bytes()));
    damaged.write(damaged.lines().join("\n") + "\n" + &newer);
    damaged.team.jit("claim list").exits(7).says("newer git jit");
    damaged.team.jit("recover").exits(7).says("recover with that one");
    assert!(damaged.team.read(".git/jit/claims.jsonl").ends_with(&newer));
}

#[test]
fn doctor_tells_bad_lines_by_their_numbers_and_what_mends_itself() {
    let damaged = Damaged::new();
    let lines = damaged.lines();
    let noisy = [&lines[..3], &["noise".to_owned()], &lines[3..]].concat().join("\n");
    damaged.write(noisy + "\n{\"torn");
    std::fs::write(damaged.path(".jit-tmp-x"), "").expect("written");
    std::fs::write(damaged.path("claims.index.json"), "garbage").expect("written");
    let doctor = damaged.team.jit("doctor").ok();
    for said in ["lines 4 do not count", "the last line has no newline", "cannot be read: the log is read instead", ".jit-tmp-*: 1"]
    {
        assert!(doctor.stdout.contains(said), "{said}: {}", doctor.stdout);
    }
    damaged.team.jit("claim list").ok();
}
