//! Completion of `git jit` in the shells themselves, with titles that would do harm if a shell read them again.

use crate::support::{Outcome, Place, World, tools};

/// What a title must not do: run anything, paint the terminal, or end the line.
const HARMFUL: &str = "Odd $(touch pwned) `touch pwned` \"q\" 'q' %F{red}: \\x; touch pwned";

struct Stage {
    world: World,
    team: Place,
    issue: String,
    lease: String,
}

fn stage() -> Stage {
    let world = World::new();
    let team = world.team().agent("agent:alice");
    let issue = team.create(HARMFUL);
    let file = Place::file(&issue);
    // Nobody's verb writes this.
    team.write(&file, team.read(&file).replace("Odd ", "Odd \\u001b[31m\\r\\n"));
    team.create("Another");
    team.jit("gate define unit-tests --command true").ok();
    let lease = team.json(&format!("claim acquire {issue}"))["lease"]["lease_id"].as_str().expect("an id").to_owned();
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    Stage { world, team, issue, lease }
}

impl Stage {
    /// What each line is to be completed to, by an answer that has this in it.
    fn lines(&self) -> Vec<(String, String)> {
        let id = self.issue[..8].to_owned();
        let line = |text: &str, answer: &str| (text.to_owned(), answer.to_owned());
        let mut lines = Vec::new();
        for program in ["git-jit", "git jit"] {
            lines.push(line(&format!("{program} iss"), "issue"));
            lines.push(line(&format!("{program} claim acquire --wa"), "--wait"));
            lines.push(line(&format!("{program} issue show {}", &id[..3]), &id));
            lines.push(line(&format!("{program} claim release {}", &self.lease[..4]), &self.lease));
            lines.push(line(&format!("{program} claim transfer {} --to-agent agent:a", self.lease), "alice"));
            lines.push(line(&format!("{program} gate check {id} un"), "unit-tests"));
            lines.push(line(&format!("{program} config set worktree.enf"), "worktree.enforce_leases"));
            lines.push(line(&format!("{program} issue list --state=rej"), "rejected"));
        }
        lines.push(line(&format!("git -C ../team jit issue show {}", &id[..3]), &id));
        lines.push(line(&format!("git jit -C ../team issue show {}", &id[..3]), &id));
        lines
    }

    fn is_unharmed(&self) {
        assert!(!self.team.dir.join("pwned").exists() && !self.world.path("home/pwned").exists(), "a title was executed");
    }

    /// Checks what a shell said: for each line `[line]` and below it what could stand there.
    fn check(&self, outcome: Outcome) {
        let said = outcome.ok().stdout;
        for (line, answer) in self.lines() {
            let part = said.split_once(&format!("[{line}]\n")).unwrap_or_else(|| panic!("[{line}] in {said}")).1;
            let part = part.split("\n[").next().unwrap_or_default();
            assert!(part.contains(&answer), "[{line}] has no {answer}: {part}\n{said}");
            assert!(!part.contains('\u{1b}') && !part.contains('\r'), "{part:?}");
        }
        self.is_unharmed();
    }
}

const IN_BASH: &str = r#"
try() {
    COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=${2:-9}
    # As readline cuts it.
    local line=${1//=/ = }
    line=${line//:/ : }
    read -ra COMP_WORDS <<<"$line"
    [[ $line != *' ' ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    case $1 in
        'git '*) "$by_git" ;;
        *) _git_jit ;;
    esac
    printf '%s\n' "[$1]" ${COMPREPLY[@]+"${COMPREPLY[@]}"}
}
"#;

fn in_bash(stage: &Stage, head: &str, tail: &str) -> Outcome {
    let lines: String = stage.lines().iter().map(|(line, _)| format!("try '{line}'\n")).collect();
    let script = format!("{head}\neval \"$(git-jit completions bash)\"\n{IN_BASH}{lines}{tail}");
    Outcome::of("completion in bash".into(), stage.team.command("bash").args(["--norc", "--noprofile", "-c", &script]))
}

#[test]
fn in_bash_everything_has_candidates_and_titles_do_nothing() {
    let stage = stage();
    let shown = in_bash(
        &stage,
        "set -u; by_git=_git_jit",
        "try 'git jit issue show ' 63; complete -p git-jit; git-jit shell-init bash | bash -n",
    );
    let last = shown.stdout.rsplit_once("[git jit issue show ]\n").expect("tried").1.to_owned();
    assert!(last.contains("  (Odd") && last.contains("  (Another)"), "titles are shown where nothing is put in: {last}");
    assert!(last.contains("complete -F _git_jit git-jit"), "{last}");
    stage.check(shown);
    // What is put into the line is quoted, and has no title.
    let chosen = in_bash(&stage, "set -u; by_git=_git_jit", "try 'git jit issue show '").ok();
    let last = chosen.stdout.rsplit_once("[git jit issue show ]\n").expect("tried").1.to_owned();
    assert_eq!(last.lines().count(), 2, "{last}");
    assert!(last.lines().all(|line| line.len() == 8), "{last}");
}

#[test]
fn in_bash_a_linked_worktree_has_candidates_too() {
    let Stage { world, team, issue, .. } = stage();
    team.jit(&format!("claim release {issue}")).ok();
    let team = world.linked("other").agent("agent:alice");
    let lease = team.json(&format!("claim acquire {issue}"))["lease"]["lease_id"].as_str().expect("an id").to_owned();
    let stage = Stage { world, team, issue, lease };
    stage.check(in_bash(&stage, "set -u; by_git=_git_jit", ""));
}

#[test]
fn in_bash_gits_own_completion_asks_ours() {
    let git = ["/usr/share/bash-completion/completions/git", "/usr/share/git-core/contrib/completion/git-completion.bash"];
    let Some(path) = git.into_iter().find(|path| std::path::Path::new(path).exists()) else { return };
    let stage = stage();
    let twice = format!("git -C .. -C team jit issue show {}", &stage.issue[..3]);
    let said = in_bash(&stage, &format!(". {path}; by_git=__git_wrap__git_main"), &format!("try '{twice}'")).ok().stdout;
    for line in [format!("git jit issue show {}", &stage.issue[..3]), twice] {
        let part = said.split_once(&format!("[{line}]\n")).expect("tried").1;
        assert!(part.starts_with(&stage.issue[..8]), "{line}: {part}");
    }
    stage.is_unharmed();
}

const IN_ZSH: &str = r#"
zmodload zsh/zpty
mkdir -p functions && git-jit completions zsh > functions/_git-jit
zpty shell zsh -f -i
say() { zpty -w -n shell "$1" }
# Reads until both patterns have come, or some seconds are over.
hear() {
    local chunk
    local -i n=0
    heard=
    while (( n++ < 100 )); do
        zpty -r -t shell chunk && heard+=$chunk
        [[ $heard == *$~1* && $heard == *$~2* ]] && return
        sleep 0.05
    done
}
say "PS1='> '; TERM=dumb; stty cols 200; unsetopt beep listambiguous; fpath=(${(q)PWD}/functions \$fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy"$'\n'
hear ready
try() {
    say $'\025'"$1"$'\t'
    hear "${(b)2}" "${(b)3}"
    print -r -- "[$1]"$'\n'"${(V)heard}"
}
"#;

#[test]
fn in_zsh_a_terminal_completes_git_jit() {
    if !tools::has("zsh") {
        return;
    }
    let stage = stage();
    let tries: String = stage.lines().iter().map(|(line, answer)| format!("try '{line}' '{answer}'\n")).collect();
    let script = format!("{IN_ZSH}{tries}try 'git jit issue show ' '%F' Another\ntry 'git ji' 'jit '\nzpty -d shell\n");
    let outcome = Outcome::of("completion in zsh".into(), stage.team.command("zsh").args(["-f", "-c", &script]));
    let listed = outcome.stdout.rsplit_once("[git jit issue show ]\n").expect("tried").1;
    assert!(listed.contains("Another") && listed.contains("%F{red}"), "{listed}");
    stage.check(outcome);
}

#[test]
fn in_fish_git_and_git_jit_complete_alike() {
    if !tools::has("fish") {
        return;
    }
    let stage = stage();
    let lines: String = stage.lines().iter().map(|(line, _)| format!("echo '['{line}']'\ncomplete -C '{line}'\n")).collect();
    let script = format!("git-jit completions fish | source\n{lines}complete -C 'git jit issue show '\n");
    let outcome = Outcome::of("completion in fish".into(), stage.team.command("fish").args(["-c", &script]));
    assert!(outcome.stdout.contains("%F{red}") && outcome.stdout.contains("Another"), "{}", outcome.stdout);
    stage.check(outcome);
}

#[test]
fn in_fish_what_install_sh_puts_there_is_found() {
    if !tools::has("fish") {
        return;
    }
    let stage = stage();
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    let mut install = stage.team.command("sh");
    install.arg(script).arg("--from").arg(crate::support::binaries());
    Outcome::of("install.sh".into(), &mut install).ok();
    for line in ["git jit iss", "git-jit iss"] {
        let asked = format!("complete -C '{line}'");
        let outcome = Outcome::of(asked.clone(), stage.team.command("fish").args(["-c", &asked])).ok();
        assert!(outcome.stdout.starts_with("issue\t"), "{line}: {}", outcome.stdout);
        assert_eq!(outcome.stdout.lines().count(), 1, "once: {}", outcome.stdout);
    }
}

#[test]
fn completion_is_printed_for_each_shell_and_finds_the_program_by_its_name() {
    let world = World::empty();
    let place = world.place("");
    std::fs::create_dir_all(world.path("home")).expect("made");
    for shell in ["bash", "zsh", "fish"] {
        let printed = place.jit(&format!("completions {shell}")).ok().stdout;
        assert!(!printed.contains("@JIT@") && !printed.contains("target/"), "{printed}");
        assert_eq!(place.json(&format!("completions {shell}"))["shell"], shell);
    }
    place.jit("completions tcsh").exits(2).says("bash, zsh, fish");
    assert!(place.jit("completions zsh").stdout.starts_with("#compdef git-jit\n#description "));
}
