//! `install.sh`, with the binaries under test: what it did it can take back, all of it.

use std::path::Path;

use crate::setup::{differing, everything};
use crate::support::{Outcome, Place, World, binaries};

/// Runs the script with the binaries of this build.
fn install(place: &Place, arguments: &[&str]) -> Outcome {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    let from = binaries();
    let builds = !arguments.iter().any(|word| ["--uninstall", "--check"].contains(word));
    let mut command = place.command("sh");
    command.arg(&script).args(arguments);
    if builds {
        command.arg("--from").arg(&from);
    }
    Outcome::of(format!("install.sh {}", arguments.join(" ")), &mut command)
}

/// A place that has nothing but what a system has: no binaries of ours on its PATH.
fn clean(world: &World, dir: &str) -> Place {
    let path = std::env::var("PATH").unwrap_or_default();
    let home = world.path("home").display().to_string();
    std::fs::create_dir_all(world.path("home")).expect("made");
    world.place(dir).with("PATH", &format!("{home}/.local/bin:{path}"))
}

#[test]
fn a_clone_is_enforced_after_one_command_and_nothing_is_left_after_another() {
    let (world, issues) = World::under("off");
    world.place("").git("clone -q remote.git clone").ok();
    let clone = clean(&world, "clone");
    let before = everything(&world.path(""));
    install(&clone, &["--repo", ".", "--enforce", "strict", "--dry-run"]).ok().says("would install").says("would be done");
    install(&clone, &["--check", "--repo", "."]).exits(1).says("nothing is installed");
    assert_eq!(differing(&before, &everything(&world.path(""))), Vec::<String>::new());
    let everything_of_it = ["--repo", ".", "--enforce", "strict", "--agent-files=claude"];
    install(&clone, &everything_of_it).ok().says("installed").says("AGENTS.md").says("git-jit-claim-acquire.1").says("pre-push");
    let installed = everything(&world.path(""));
    let again = install(&clone, &everything_of_it).ok().says("unchanged: ").never_says("\ninstalled");
    assert_eq!(differing(&installed, &everything(&world.path(""))), Vec::<String>::new(), "{}", again.stdout);
    install(&clone, &["--check", "--repo", ".", "--enforce", "strict", "--agent-files"]).ok().says(", unchanged");
    install(&clone, &["--check", "--repo", ".", "--agent-files=gemini"]).exits(1).says("GEMINI.md");
    install(&clone, &["--uninstall", "--repo", ".", "--dry-run"]).ok().says("would remove").says("would be removed");
    assert_eq!(differing(&installed, &everything(&world.path(""))), Vec::<String>::new());
    install(&clone, &["--uninstall", "--repo", "."]).ok().says("removed").says("what setup changed in .jit/config.toml");
    assert_eq!(differing(&before, &everything(&world.path(""))), Vec::<String>::new(), "no trace");
    install(&clone, &["--uninstall"]).ok().says("git jit is not installed below");
    // And in between, the policy counts before anybody commits it.
    install(&clone, &["--repo=.", "--enforce=strict"]).ok();
    clone.edit(&issues[0], "Unleased");
    clone.git("commit -q -m Unleased .jit/issues").exits(1).says("commit refused");
    clone.git("jit version").ok();
}

#[test]
fn manual_pages_and_completion_are_where_they_are_looked_for() {
    let world = World::empty();
    let place = clean(&world, "");
    install(&place, &[]).ok().says("Next, in a repository: git jit setup");
    let share = world.path("home/.local/share");
    for file in ["bash-completion/completions/git-jit", "zsh/site-functions/_git-jit", "fish/vendor_completions.d/git-jit.fish"] {
        let text = std::fs::read_to_string(share.join(file)).expect("installed");
        assert!(text.contains("complete -- ") && !text.contains("@JIT@") && !text.contains("target/"), "{text}");
    }
    assert!(share.join("man/man1/git-jit-worktree.1").exists() && share.join("man/man1/git-jit-setup.1").exists());
    if !place.command("man").args(["-w", "ls"]).output().is_ok_and(|found| found.status.success()) {
        return;
    }
    let there = place.with("MANPATH", &share.join("man").display().to_string()).with("MANPAGER", "cat");
    for name in ["git-jit", "git-jit-claim"] {
        let page = Outcome::of(format!("man -w {name}"), there.command("man").args(["-w", name])).ok();
        assert_eq!(page.line(), share.join(format!("man/man1/{name}.1")).display().to_string());
    }
    for words in ["jit --help", "help jit"] {
        there.git(words).ok().says("EXIT STATUS");
    }
}

#[test]
fn what_stood_there_comes_back_and_what_was_changed_since_stays() {
    let world = World::empty();
    let place = clean(&world, "");
    let prefix = world.path("a new/prefix");
    let prefix_text = prefix.display().to_string();
    place.write("a new/prefix/bin/git-jit", "somebody else's");
    place.write("a new/prefix/share/note", "mine");
    let before = everything(&prefix);
    install(&place, &["--prefix", "a new/prefix"]).ok().says("kept existing file").says("is not on your PATH");
    install(&place, &["--prefix", "a new/prefix"]).ok().never_says("kept existing file");
    let page = prefix.join("share/man/man1/git-jit.1");
    let text = std::fs::read(&page).expect("read");
    std::fs::write(&page, "changed").expect("written");
    install(&place, &["--check", "--prefix", &prefix_text]).exits(1).says("changed: ").says("git-jit.1").says("not on PATH");
    install(&place, &["--uninstall", "--prefix", &prefix_text]).exits(1).says("git-jit.1 was changed since").says("restored ");
    assert_eq!(std::fs::read(&page).expect("kept"), b"changed");
    // It is not ours any more, even with the text that ours would have.
    std::fs::write(&page, &text).expect("written");
    install(&place, &["--prefix", &prefix_text]).ok().never_says("git-jit.1.before-git-jit");
    install(&place, &["--uninstall", "--prefix", &prefix_text]).ok();
    assert_eq!(std::fs::read(&page).expect("kept"), text);
    std::fs::remove_file(&page).expect("removed");
    for folder in ["share/man/man1", "share/man"] {
        std::fs::remove_dir(prefix.join(folder)).expect("empty");
    }
    assert_eq!(differing(&before, &everything(&prefix)), Vec::<String>::new());
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let world = World::empty();
    let place = clean(&world, "");
    for (arguments, said) in [
        (&["--enforce", "strict"][..], "--enforce requires --repo"),
        (&["--repo", ".", "--enforce", "loose"], "warn or strict"),
        (&["--repo", "nowhere"], "no such directory"),
        (&["--prefix="], "requires a value"),
        (&["--frobnicate"], "unknown option"),
    ] {
        install(&place, arguments).exits(1).says(said);
    }
    assert_eq!(std::fs::read_dir(world.path("home")).expect("a folder").count(), 0);
}
