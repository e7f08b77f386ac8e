//! A clone keeps its leases when it is renamed, mounted elsewhere or upgraded. A copy of it holds nothing.

use std::path::Path;
use std::process::Stdio;

use crate::support::{Place, World};

const LINE: &str = "this clone was copied, restored or moved to another disk; to keep what it held: git jit doctor --moved";

/// A strict repository in which alice holds the first issue for a day.
fn held() -> (World, Place, String) {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    team.jit(&format!("claim acquire {} --ttl 1d", issues[0])).ok();
    (world, team, issues[0].clone())
}

/// Runs a shell command in the scratch directory.
fn shell(world: &World, line: &str) {
    let status = world.place("").command("sh").args(["-c", line]).ok();
    status.unwrap_or_else(|error| panic!("{line}: {error}"));
}

fn holds(place: &Place, issue: &str) -> bool {
    let listed = place.jit("claim status --json");
    listed.document()["leases"].as_array().expect("a list").iter().any(|lease| lease["issue_id"] == issue)
}

fn record(place: &Place) -> serde_json::Value {
    serde_json::from_str(&place.read(".git/jit/clone.json")).expect("a record")
}

/// Everything that must be refused where nothing is held.
fn holds_nothing(copy: &Place, issue: &str) {
    assert!(!holds(copy, issue));
    copy.jit("status").warns(LINE).says("You hold no lease here");
    copy.jit("doctor").exits(0).says(LINE).says("1 lease of the clone that was at");
    copy.jit("claim renew").exits(2);
    copy.jit(&format!("claim renew {issue}")).exits(3);
    copy.jit(&format!("issue update {issue} --title Stolen")).exits(5);
    copy.edit(issue, "Stolen");
    copy.git("add -A").ok();
    copy.git("commit -q -m Stolen").exits(1).says(&issue[..8]);
    copy.git("reset -q --hard").ok();
}

#[test]
fn a_copy_holds_nothing_and_the_original_everything() {
    let (world, team, issue) = held();
    shell(&world, "cp -r team copy");
    let copy = team.moved(&world.path("copy").display().to_string());
    holds_nothing(&copy, &issue);
    assert_eq!(record(&copy), record(&team), "reading and refusing writes nothing");
    // The first grant gives it an id of its own, and says once what happened.
    copy.jit(&format!("claim acquire {issue}")).warns(LINE).says("Acquired");
    let (own, was) = (record(&copy), record(&team));
    assert!(own["clone_id"] != was["clone_id"] && own["copied_from"]["clone_id"] == was["clone_id"], "{own}");
    copy.jit("status").ok().says(&issue[..8]);
    copy.jit("claim log").ok().says("copied");
    copy.jit(&format!("issue update {issue} --title Mine")).ok();
    copy.git("commit -q -a -m Mine").ok();
    assert!(holds(&team, &issue));
    team.jit(&format!("claim renew {issue}")).ok();
    team.jit(&format!("issue update {issue} --title Original")).ok();
    team.git("commit -q -a -m Original").ok();
}

#[test]
fn what_was_committed_under_a_lease_that_a_copy_lost_can_be_pushed_from_it() {
    let (world, team, issue) = held();
    team.jit(&format!("issue update {issue} --title Edited")).ok();
    team.git("commit -q -a -m Edited").ok();
    shell(&world, "cp -r team copy");
    let copy = team.moved(&world.path("copy").display().to_string());
    assert!(!holds(&copy, &issue));
    copy.git("push -q origin main").exits(0);
}

#[test]
fn the_log_of_a_copy_is_one_file_again_under_both_of_its_names() {
    let (world, team, issue) = held();
    shell(&world, "cp -r team copy");
    let copy = team.moved(&world.path("copy").display().to_string());
    copy.jit(&format!("claim acquire {issue}")).warns(LINE);
    copy.jit(&format!("claim release {issue}")).ok();
    let [current, first] = ["claims.jsonl", "claims-1.jsonl"].map(|name| copy.read(&format!(".git/jit/{name}")));
    assert_eq!(current, first, "what is appended is in both");
    copy.jit("claim log").ok().says("release");
}

#[test]
fn a_renamed_clone_keeps_its_leases_also_if_a_copy_takes_its_place() {
    let (world, team, issue) = held();
    shell(&world, "mv team moved");
    let moved = team.moved(&world.path("moved").display().to_string());
    assert!(holds(&moved, &issue));
    moved.jit("status").ok();
    shell(&world, "cp -a moved team");
    assert!(holds(&moved, &issue) && !holds(&team, &issue), "a reader has not updated the path, and both records name the old one");
    moved.jit(&format!("claim renew {issue}")).ok();
    assert_eq!(record(&moved)["path"], world.path("moved/.git/jit").display().to_string());
    holds_nothing(&team, &issue);
    shell(&world, "rm -rf moved");
    assert!(!holds(&team, &issue), "also when only the copy is left");
}

#[test]
fn a_tar_that_is_unpacked_twice_holds_nothing() {
    let (world, team, issue) = held();
    shell(&world, "tar cf team.tar team && mkdir one two && tar xf team.tar -C one && tar xf team.tar -C two");
    let [one, two] = ["one/team", "two/team"].map(|place| team.moved(&world.path(place).display().to_string()));
    assert!(!holds(&one, &issue) && !holds(&two, &issue) && holds(&team, &issue));
    shell(&world, "rm -rf team");
    assert!(!holds(&one, &issue) && !holds(&two, &issue));
    shell(&world, "tar xf team.tar");
    assert!(!holds(&one, &issue) && !holds(&two, &issue), "a restore in place is a copy, or the only one");
}

#[test]
fn a_clone_that_was_restored_takes_its_leases_back_on_demand() {
    let (world, team, issue) = held();
    let id = record(&team)["clone_id"].as_str().expect("text").to_owned();
    shell(&world, "cp -r team copy");
    let copy = team.moved(&world.path("copy").display().to_string());
    copy.jit("doctor --moved").exits(1).says("the clone that held the leases is at");
    team.jit("doctor --moved").exits(1).says("it was not copied");
    assert!(!holds(&copy, &issue));
    shell(&world, "rm -rf team");
    copy.git("config jit.clone c:00000000000000000000000000000007").ok();
    copy.jit("doctor --moved").exits(1).says("jit.clone");
    copy.git("config --unset jit.clone").ok();
    copy.jit("doctor --moved").exits(0).says(&id);
    assert!(holds(&copy, &issue));
    assert_eq!(record(&copy)["clone_id"], id.as_str());
    copy.jit(&format!("claim renew {issue}")).ok();
    copy.jit("doctor").never_says(LINE).exits(0);
}

#[test]
fn leases_of_the_new_id_are_not_given_up_for_those_of_the_old_one() {
    let (world, team, issue) = held();
    shell(&world, "cp -r team copy && rm -rf team");
    let copy = team.moved(&world.path("copy").display().to_string());
    let other = copy.jit("issue create --quiet Another").warns(LINE).line();
    copy.jit(&format!("claim acquire {other}")).warns(LINE);
    copy.jit("status").ok();
    copy.jit("doctor").exits(0).says(LINE);
    copy.jit("doctor --moved").exits(1).says("it has acquired leases since").says("claim release");
    copy.git("add -A").ok();
    copy.git("commit -q -m Another").ok();
    copy.jit(&format!("claim release {other}")).ok();
    copy.jit("doctor --moved").exits(0);
    assert!(holds(&copy, &issue));
}

#[test]
fn a_record_that_cannot_be_read_is_an_error_with_a_next_step_and_never_a_second_holder() {
    for torn in [&b""[..], b"\0\0\0\0", b"{\"schema_version\":1,", b"[]", b"{\"schema_version\":9}", b"\xff"] {
        let (world, team, issue) = held();
        let file = world.path("team/.git/jit/clone.json");
        let whole = std::fs::read(&file).expect("readable");
        std::fs::write(&file, torn).expect("written");
        let bob = team.agent("agent:bob");
        bob.jit(&format!("claim acquire {issue}")).exits(7).says("clone.json").says("mv '");
        team.jit("claim renew").exits(7).says("clone.json");
        team.jit("doctor").exits(7).says("clone.json");
        team.edit(&issue, "Edited");
        team.git("add -A").ok();
        team.git("commit -q -m Edited").exits(1).says("clone.json");
        team.git("reset -q --hard").ok();
        std::fs::write(&file, &whole).expect("written");
        assert!(holds(&team, &issue));
        // The next step: a new clone, which holds nothing.
        shell(&world, "mv team/.git/jit/clone.json team/.git/jit/clone.json.bad");
        assert!(!holds(&team, &issue));
        bob.jit(&format!("claim acquire {issue}")).exits(0);
        assert!(holds(&bob, &issue) && !holds(&team, &issue));
    }
}

#[test]
fn a_record_that_cannot_be_read_is_silent_where_leases_are_off() {
    let (world, issues) = World::under("off");
    let team = world.team().agent("agent:alice");
    std::fs::create_dir_all(world.path("team/.git/jit")).expect("made");
    std::fs::write(world.path("team/.git/jit/clone.json"), "{").expect("written");
    team.edit(&issues[0], "Edited");
    team.git("add -A").ok();
    let outcome = team.git("commit -q -m Edited").ok();
    assert_eq!(outcome.stderr, "");
}

#[test]
fn what_0_1_wrote_belongs_to_the_clone_that_first_gets_an_id() {
    let (world, team, issue) = held();
    // A clone of 0.1 has no record, and its log names no clone.
    let log = world.path("team/.git/jit/claims.jsonl");
    let text = std::fs::read_to_string(&log).expect("readable");
    let old: String = text.lines().map(as_0_1_wrote).collect();
    std::fs::write(&log, old).expect("written");
    shell(&world, "rm -f team/.git/jit/clone.json team/.git/jit/claims.index.json team/.git/jit/clone.lock");
    assert!(holds(&team, &issue), "a reader sees it");
    assert!(!world.path("team/.git/jit/clone.json").exists(), "and writes nothing");
    team.jit(&format!("claim renew {issue}")).ok();
    assert!(holds(&team, &issue) && world.path("team/.git/jit/clone.json").exists());
    shell(&world, "cp -r team copy");
    let copy = team.moved(&world.path("copy").display().to_string());
    holds_nothing(&copy, &issue);
    copy.jit(&format!("claim acquire {issue}")).exits(0);
    assert!(holds(&copy, &issue) && holds(&team, &issue));
}

/// A line of the log without a clone, with its checksum.
fn as_0_1_wrote(line: &str) -> String {
    let (body, _) = line.rsplit_once(",\"crc\":").expect("a checksum");
    let mut body = body.to_owned();
    if let Some(at) = body.find(",\"clone\":\"") {
        body.replace_range(at..at + ",\"clone\":\"c:\"".len() + 32, "");
    }
    body = body.replace("\"schema_version\":2", "\"schema_version\":1");
    format!("{body},\"crc\":\"{:08x}\"}}\n", crc32(body.as_bytes()))
}

/// CRC-32 as in zip and Ethernet.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

#[test]
fn processes_that_race_for_the_first_id_agree() {
    let (world, issues) = World::strict();
    let team = world.team();
    for round in 0..3 {
        shell(&world, "rm -rf team/.git/jit/clone.json team/.git/jit/claims*");
        let agents: Vec<Place> = (0..4).map(|n| team.agent(&format!("agent:racer-{round}-{n}"))).collect();
        let running: Vec<_> =
            agents.iter().zip(0..).map(|(agent, n)| agent.start(&["claim", "acquire", &issues[n % 3]], Stdio::null())).collect();
        let won =
            running.into_iter().map(|mut child| child.wait().expect("it ends")).filter(std::process::ExitStatus::success).count();
        assert_eq!(won, 3, "one holder for each issue");
        assert_eq!(team.json("claim list")["count"], 3);
        let id = record(&team)["clone_id"].as_str().expect("text").to_owned();
        let log = team.read(".git/jit/claims.jsonl");
        let grants: Vec<&str> = log.lines().filter(|line| line.contains("\"op\":\"acquire\"")).collect();
        assert!(grants.len() == 3 && grants.iter().all(|line| line.contains(&id)), "{log}");
    }
}

#[test]
fn processes_that_race_in_a_copy_agree_on_its_new_id() {
    let (world, team, issue) = held();
    shell(&world, "cp -r team copy");
    let copy = team.moved(&world.path("copy").display().to_string());
    let racer = |n: i32| copy.agent(&format!("agent:racer-{n}")).start(&["claim", "acquire", &issue], Stdio::null());
    let won = (0..4).map(racer).collect::<Vec<_>>().into_iter().map(|mut child| child.wait().expect("it ends"));
    assert_eq!(won.filter(std::process::ExitStatus::success).count(), 1);
    let id = record(&copy)["clone_id"].as_str().expect("text").to_owned();
    assert!(copy.read(".git/jit/claims.jsonl").lines().next_back().expect("a line").contains(&id));
    assert!(holds(&team, &issue));
}

#[test]
fn linked_worktrees_and_a_bare_repository_share_one_record() {
    let (world, team, issue) = held();
    let linked = world.linked("bob");
    linked.jit(&format!("claim acquire {issue}")).exits(4);
    let other = team.create("Another");
    linked.jit(&format!("claim acquire {other}")).ok();
    assert!(!world.path("team/.git/worktrees/bob/jit/clone.json").exists());
    world.place("").git("clone -q --bare team bare.git").ok();
    world.place("bare.git").git("worktree add -q ../tree main").ok();
    let tree = team.moved(&world.path("tree").display().to_string());
    tree.jit(&format!("claim acquire {issue}")).ok();
    assert!(world.path("bare.git/jit/clone.json").exists());
    assert!(holds(&tree, &issue) && holds(&team, &issue));
}

#[test]
fn reading_in_a_repository_that_cannot_be_written_changes_nothing() {
    let (world, team, issue) = held();
    shell(&world, "cp -r team copy && chmod -R a-w copy/.git/jit");
    let copy = team.moved(&world.path("copy").display().to_string());
    let before = copy.read(".git/jit/clone.json");
    assert!(!holds(&copy, &issue));
    copy.jit("status").warns(LINE);
    copy.jit("claim log").exits(0);
    assert_eq!(copy.read(".git/jit/clone.json"), before);
    assert!(!world.path("copy/.git/jit/locks/clone.lock").exists() || world.path("team/.git/jit/locks/clone.lock").exists());
    shell(&world, "chmod -R u+w copy/.git/jit");
}

#[test]
fn the_setting_names_the_clone_where_its_inode_changes() {
    let (world, team, issue) = held();
    let id = record(&team)["clone_id"].as_str().expect("text").to_owned();
    // Another inode at the same path, as some container file systems show it.
    shell(&world, "cp -r team new && mv team old && mv new team");
    assert!(!holds(&team, &issue));
    team.git(&format!("config jit.clone {id}")).ok();
    assert!(holds(&team, &issue));
    team.jit(&format!("claim renew {issue}")).ok();
    team.git("config jit.clone nonsense").ok();
    team.jit("claim renew").exits(2).says("jit.clone").says("git config --unset jit.clone");
}

/// Whether this machine lets a test mount folders.
fn may_mount(place: &Place) -> bool {
    place.command("unshare").args(["-rm", "mount", "--bind", ".", "."]).output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_container_that_sees_the_clone_by_a_bind_mount_sees_its_leases() {
    let (world, team, issue) = held();
    if !may_mount(&world.place("")) {
        assert!(!Path::new("/.mounts-are-allowed").exists());
        return;
    }
    shell(&world, "mkdir work outside");
    let git_jit = env!("CARGO_BIN_EXE_git-jit");
    let [root, work] = ["", "work"].map(|path| world.path(path).display().to_string());
    let renew = format!("cd '{work}' && '{git_jit}' claim renew {issue} && '{git_jit}' claim status");
    let beside = format!("mount --bind '{root}/team' '{work}' && {renew}");
    // Where the container does not have the folder of the host.
    let alone = format!("mount --bind '{root}/team' '{work}' && mount --bind '{root}/outside' '{root}/team' && {renew}");
    for script in [beside, alone] {
        let outcome = team.command("unshare").args(["-rm", "sh", "-ec", &script]).output().expect("run");
        let said = String::from_utf8_lossy(&outcome.stdout).into_owned() + &String::from_utf8_lossy(&outcome.stderr);
        assert!(outcome.status.success() && said.contains(&issue[..8]) && !said.contains("warning"), "{script}: {said}");
        assert!(holds(&team, &issue), "the host still holds it");
        team.jit(&format!("claim renew {issue}")).ok();
    }
}
