//! The story, and the page that shows it.

use crate::support::World;

#[test]
fn the_story_comes_out_as_told_twice_and_leaves_nothing() {
    let world = World::empty();
    let scratch = world.place("scratch dir").sub("").with("TMPDIR", &world.path("scratch dir").display().to_string());
    for _ in 0..2 {
        scratch.jit("demo").ok().says("steps had the expected result").never_says("expected exit");
    }
    assert_eq!(std::fs::read_dir(&scratch.dir).expect("listed").count(), 0);
    let kept = scratch.jit("demo --keep --json").ok().document();
    let kept = kept["kept"].as_str().expect("a path");
    world.place("").git(&format!("-C {kept}/team log --oneline")).status();
    assert!(std::path::Path::new(kept).join("team/.jit/config.toml").exists());
}

/// Words that differ from run to run: ids, the times left, object ids.
fn steady(text: &str) -> Vec<String> {
    let steady = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_id = bare.len() >= 7
            && bare.chars().any(|c| c.is_ascii_digit())
            && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let is_time = bare.len() > 1 && bare.ends_with(['m', 's']) && bare[..bare.len() - 1].chars().all(|c| c.is_ascii_digit());
        !(is_id || is_time || word.contains("issue-") || word.contains("wt:") || word.contains(".jit/issues"))
    };
    text.lines().map(|line| line.split_whitespace().filter(|word| steady(word)).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_transcript_in_the_pages_is_what_the_story_says() {
    let page = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/story.md")).expect("a page");
    let told = page.split("<!-- demo -->\n```console\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a transcript");
    let world = World::empty();
    let said = world.place("").jit("demo").ok().stdout;
    assert_eq!(steady(told.trim()), steady(said.trim()), "take the transcript anew: git jit demo");
}
