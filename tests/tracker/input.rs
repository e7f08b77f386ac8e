//! Invalid input and failures: the exit status, the next step, and no lost data.

use crate::support::{Place, World};

#[test]
fn invalid_values_are_refused_with_a_reason() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let before = team.read(&Place::file(&id));
    let long = "x".repeat(10 * 1024 * 1024);
    team.write("long.txt", &long);
    team.write("binary", [0xff, 0xfe]);
    let update = |args: &[&str]| team.jit_args(&[&["issue", "update", &id], args].concat());
    update(&["--description-file", "long.txt"]).exits(2).says("256 KiB").says("git jit doc add");
    update(&["--description-file", "binary"]).exits(2).says("not UTF-8");
    update(&["--description-file", "none"]).exits(3).says("stdin");
    update(&["--description", "a\u{1b}[31m"]).exits(2).says("control characters");
    update(&["--assignee", "somebody"]).exits(2).says("type:name");
    update(&["--add-gate", "none"]).exits(3).says("gate list");
    update(&["--label", "x"]).exits(2).says("namespace:value");
    update(&["--context", "x"]).exits(2).says("KEY=VALUE");
    update(&["--title", " "]).exits(2);
    team.jit("issue update --filter colour=red --priority low").exits(2).says("label=area:web");
    team.jit("issue update --priority low").exits(2);
    team.jit_args(&["note", "add", &id, "  "]).exits(2).says("the note is empty");
    team.jit_args(&["issue", "reject", &id, "--reason", ""]).exits(2);
    team.jit_args(&["issue", "create", "x", "--depends-on", "ffffffff"]).exits(3);
    for path in [".git/config", ".jit/config.toml"] {
        team.jit_args(&["doc", "add", &id, path]).exits(2).says("cannot be added");
    }
    for path in ["../outside", "none.md", "/etc/passwd"] {
        team.jit_args(&["doc", "add", &id, path]).exits(3).says("no file");
    }
    team.jit(&format!("doc add {id} long.txt --commit nonsense")).exits(3).says("no commit");
    team.jit("schema issue shew").exits(3);
    team.jit("events --since yesterday").exits(2).says("2h");
    assert_eq!(team.read(&Place::file(&id)), before);
    assert_eq!(std::fs::read_dir(team.dir.join(".jit/issues")).expect("listed").count(), 1);
}

#[test]
fn a_description_comes_from_a_file_or_from_stdin() {
    let world = World::new();
    let team = world.team();
    let said =
        team.command("sh").args(["-c", "printf 'one\\ntwo\\n' | git-jit issue create T --description-file - --quiet"]).output();
    let id = String::from_utf8(said.expect("run").stdout).expect("text").trim().to_owned();
    assert_eq!(team.json(&format!("issue show {id}"))["issues"][0]["description"], "one\ntwo");
    team.write("sub/text.md", "three\n");
    team.sub("sub").jit(&format!("issue update {id} --description-file text.md")).ok();
    team.sub("sub").jit(&format!("doc add {id} text.md")).ok().says("sub/text.md belongs to");
    team.jit(&format!("doc list {id}")).ok().says("sub/text.md");
    team.sub("sub").jit(&format!("doc rm {id} text.md")).ok();
    team.jit(&format!("doc list {id}")).ok().says("No documents");
    team.git("add -A").ok();
    team.git("commit -q -m Text").ok();
    std::fs::remove_file(team.dir.join("sub/text.md")).expect("removed");
    team.jit(&format!("doc add {id} sub/text.md")).exits(3);
    team.jit(&format!("doc add {id} sub/text.md --commit HEAD --label Pinned")).ok();
    let head = team.git("rev-parse HEAD").ok().line();
    assert_eq!(team.json(&format!("doc list {id}"))["documents"][0]["commit"], head.as_str());
}

#[test]
fn a_failed_write_loses_nothing() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let before = team.read(&Place::file(&id));
    // With `ulimit -f 0` no file may grow, as on a full disk.
    let full = format!("ulimit -f 0; trap '' XFSZ; git-jit issue update {id} --description {}", "x".repeat(200));
    let said = team.command("sh").args(["-c", &full]).output().expect("run");
    assert_eq!(said.status.code(), Some(7), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(team.read(&Place::file(&id)), before);
    assert_eq!(std::fs::read_dir(team.dir.join(".jit/issues")).expect("listed").count(), 1, "no temporary file is left");
    let issues = team.dir.join(".jit/issues");
    let mode = |mode| std::fs::set_permissions(&issues, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("set");
    mode(0o555);
    // Modes do not stop root.
    let is_root = std::fs::File::create(issues.join("probe")).is_ok();
    let immutable =
        |flag: &str| std::process::Command::new("chattr").arg(flag).arg(&issues).output().is_ok_and(|run| run.status.success());
    let is_stopped = !is_root || immutable("+i");
    if is_stopped {
        team.jit(&format!("issue update {id} --priority low")).exits(7).says("ls -ld");
        team.jit("query all").ok().says("One");
    }
    if is_root {
        immutable("-i");
    }
    mode(0o755);
    let _ = std::fs::remove_file(issues.join("probe"));
    team.jit(&format!("issue update {id} --priority low")).ok();
}

#[test]
fn text_from_files_cannot_control_the_terminal() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let evil = "\\u001b[31mred\\u202e";
    let text = team
        .read(&Place::file(&id))
        .replace("\"One\"", &format!("\"{evil}\""))
        .replace("\"labels\": []", &format!("\"labels\": [\"a:{evil}\"]"));
    let text = text
        .replace("\"assignee\": null", &format!("\"assignee\": \"{evil}\""))
        .replace("\"gates_required\": []", &format!("\"gates_required\": [\"{evil}\"]"));
    team.write(&Place::file(&id), text);
    let waits = team.create("Waits");
    team.jit(&format!("dep add {waits} {id}")).ok();
    for words in [
        "query all".to_owned(),
        "query blocked".to_owned(),
        format!("query available --explain {id}"),
        format!("issue show {id}"),
        format!("graph deps {waits}"),
        "graph export".to_owned(),
        "label list".to_owned(),
        format!("gate status {id}"),
        format!("dep show {waits}"),
        "status".to_owned(),
        "doctor".to_owned(),
        format!("issue log {id}"),
    ] {
        let said = team.jit(&words);
        assert!(
            !said.stdout.contains(['\u{1b}', '\u{202e}']) && !said.stderr.contains(['\u{1b}', '\u{202e}']),
            "{words}: {:?}",
            said.stdout
        );
    }
}

#[test]
fn a_file_that_is_not_regular_is_reported_and_never_opened_or_written_through() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let pipe = "ffffffff-1111-4222-8333-444444444444";
    team.command("mkfifo").arg(Place::file(pipe)).assert().success();
    let listed = team.json_and_warning("query all", "not a regular file");
    assert_eq!((&listed["count"], listed["unreadable"].as_array().map(Vec::len)), (&1.into(), Some(1)));
    team.jit(&format!("issue show {pipe}")).exits(7).says("not a regular file");
    team.jit("doctor").exits(6).says("not a regular file");
    std::fs::remove_file(team.dir.join(Place::file(pipe))).expect("removed");
    let outside = team.dir.join("outside.json");
    std::fs::rename(team.dir.join(Place::file(&id)), &outside).expect("moved");
    std::os::unix::fs::symlink(&outside, team.dir.join(Place::file(&id))).expect("linked");
    team.jit(&format!("label add {id} a:b")).exits(6).says("symbolic link");
    assert!(team.dir.join(Place::file(&id)).is_symlink());
}

#[test]
fn a_folder_that_is_a_link_is_not_written_through() {
    let world = World::new();
    let team = world.team();
    let elsewhere = world.path("elsewhere");
    std::fs::create_dir(&elsewhere).expect("made");
    std::fs::remove_dir(team.dir.join(".jit/issues")).expect("empty");
    std::os::unix::fs::symlink(&elsewhere, team.dir.join(".jit/issues")).expect("linked");
    team.jit("issue create X").exits(6).says(".jit/issues").says("symbolic link");
    team.write("plan.json", "[{\"key\": \"k\", \"title\": \"K\"}]");
    team.jit("issue import --from-json plan.json").exits(6).says("symbolic link");
    assert_eq!(std::fs::read_dir(&elsewhere).expect("there").count(), 0);
}

#[test]
fn an_edit_that_changes_nothing_needs_no_lease() {
    let (world, issues) = World::strict();
    let team = world.team();
    let id = &issues[0];
    for words in [
        format!("issue unassign {id}"),
        format!("label rm {id} a:b"),
        format!("issue restore {id}"),
        format!("issue update {id} --state ready"),
    ] {
        team.jit(&words).ok();
    }
    team.jit(&format!("issue update {id} --state done")).exits(5);
    team.write(".jit/config.toml", "[worktree\n");
    team.jit(&format!("label add {id} a:b")).exits(5).says("config.toml, so edits of issues are judged as under strict");
    team.jit("status").warns("config.toml, so edits of issues are judged as under strict");
    team.jit("config get worktree.enforce_leases").ok().says("strict");
    team.write(".jit/config.toml", "[worktree]\nenforce_lease = \"strict\"\n");
    team.jit("config validate").exits(6).says("did you mean worktree.enforce_leases?");
    team.jit("doctor").exits(6).says("enforce_leases");
}
