//! What is in the files: kinds of entries, broken documents, new issues, notes.

use super::{Case, passes, play, play_in_both, refused};

const DEFECTS: &[Case] = &[
    refused("no JSON", "mine $A; echo '{' > $FA", "commit"),
    refused("an empty file", "mine $A; : > $FA", "commit"),
    refused("an array", "mine $A; echo '[]' > $FA", "commit"),
    refused("a string", "mine $A; echo '\"x\"' > $FA", "commit"),
    refused("two documents", "mine $A; cat $FA $FA > x; mv x $FA", "commit"),
    refused("a key twice", "mine $A; sed -i '3p' $FA", "commit").because("occurs twice"),
    refused("a key twice, spelled differently", r#"mine $A; sed -i '3s/$/\n  "\\u0074itle": "x",/' $FA"#, "commit")
        .because("occurs twice"),
    refused("another id than its name", "mine $A; sed -i s/$A/$B/ $FA", "commit").because("its file name says"),
    refused("an id in capitals", r#"mine $A; sed -i "s/$A/${A^^}/" $FA"#, "commit"),
    refused("no id", "mine $A; sed -i /$A/d $FA", "commit"),
    refused("conflict markers", r"mine $A; sed -i '3s/^/<<<<<<< ours\n/' $FA", "commit").because("conflict markers"),
    refused("no UTF-8", r#"mine $A; printf '{"id":"%s","title":"\xff"}' $A > $FA"#, "commit"),
    refused("UTF-16", "mine $A; iconv -f utf-8 -t utf-16 $FA > x; mv x $FA", "commit"),
    refused("a state that nobody knows", r#"mine $A; sed -i 's/"ready"/"sleeping"/' $FA"#, "commit"),
    refused(
        "a new issue whose id is not its name",
        "n=$(git jit issue create --quiet New); sed -i s/$n/$A/ .jit/issues/$n.json; git add -A",
        "commit",
    ),
    refused(
        "a new issue that is broken",
        "n=$(git jit issue create --quiet New); echo x > .jit/issues/$n.json; git add -A",
        "commit",
    ),
    refused("an issue moved to another id", "mine $A; git mv $FA .jit/issues/00000000-0000-4000-8000-000000000001.json", "commit"),
    refused("a link instead of the file", "mine $A; rm $FA; ln -s $B.json $FA", "commit").because("not a plain file"),
    refused(
        "a repository instead of the file",
        "mine $A; git update-index --cacheinfo 160000,$(git rev-parse HEAD),$FA",
        "git commit -q -m x",
    ),
    refused("a folder instead of the file", "rm $FA; mkdir $FA; echo > $FA/x; git add -A", "commit"),
    refused("a file that may be run", "chmod +x $FA", "commit"),
    refused("a file that may be run in the index", "git update-index --chmod=+x $FA", "git commit -q -m x"),
    refused("a link instead of .jit", "mine $A $B $C; mv .jit real; ln -s real .jit; git add -A", "commit"),
    refused("a link to the folder of the issues", "mv .jit/issues real; ln -s ../real .jit/issues; git add -A", "commit"),
    refused("a file instead of .jit", "mine $A $B $C; rm -r .jit; echo > .jit; git add -A", "commit"),
    refused(
        "a submodule instead of .jit",
        "mine $A $B $C; git rm -q -r --cached .jit; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),.jit",
        "git commit -q -m x",
    ),
    refused(
        "an issue below .JIT",
        "git update-index --add --cacheinfo 100644,$(git hash-object -w $FB),.JIT/issues/$A.json",
        "git commit -q -m x",
    )
    .because("case-insensitive"),
    refused(
        "an issue below .jit/Issues",
        "git update-index --add --cacheinfo 100644,$(git hash-object -w $FB),.jit/Issues/$A.json",
        "git commit -q -m x",
    )
    .because("case-insensitive"),
    refused(
        "an issue whose name is in capitals",
        "git update-index --add --cacheinfo 100644,$(git hash-object -w $FB),.jit/issues/${A^^}.json",
        "git commit -q -m x",
    )
    .because("case-insensitive"),
    refused(
        "an issue whose name ends in capitals",
        "git update-index --add --cacheinfo 100644,$(git hash-object -w $FB),.jit/issues/$A.JSON",
        "git commit -q -m x",
    )
    .because("case-insensitive"),
    refused(
        "the policy in capitals",
        "git update-index --add --cacheinfo 100644,$(git hash-object -w $FB),.jit/CONFIG.TOML",
        "git commit -q -m x",
    )
    .because("case-insensitive"),
    refused(
        "a link .Jit that is pushed",
        "git update-index --add --cacheinfo 120000,$(echo -n code | git hash-object -w --stdin),.Jit; git commit -q -n -m x",
        "push HEAD:refs/heads/x",
    ),
    refused("other line ends", r"sed -i 's/$/\r/' $FA", "commit"),
    refused(
        "an edit by a clean filter",
        r#"git config filter.f.clean 'sed s/First/Filtered/'; echo '*.json filter=f' > "$(git rev-parse --git-common-dir)/info/attributes"; touch $FA; git add --renormalize ."#,
        "git commit -q -m x",
    ),
    passes("a file that may be run, with a lease", "mine $A; chmod +x $FA", "commit"),
    passes("unknown fields, with a lease", r#"mine $A; sed -i '3s/$/\n  "x": {"y": [1.50, 1e3]},/' $FA"#, "commit"),
    passes("other line ends, with a lease", r"mine $A; sed -i 's/$/\r/' $FA", "commit"),
    passes(
        "files that are no issues beside the issues",
        "touch .jit/issues/.gitkeep; echo x > .jit/issues/notes.txt; echo x > .jit/README; mkdir .jit/issues/x; cp $FA .jit/issues/x/; git add -A",
        "commit",
    ),
    passes("a lock file beside the issues", "touch $FA.lock .jit/issues/.$A.json.swp; git add -A -f", "commit"),
];

const NEW: &[Case] = &[
    passes("a new issue", "git jit issue create New; git add -A", "commit"),
    passes("a new issue made by hand", r#"n=00000000-0000-4000-8000-000000000001; sed "s/$A/$n/" $FA > .jit/issues/$n.json; git add -A"#, "commit"),
    passes("a new issue with code", "git jit issue create New; code x; git add -A", "commit"),
    passes("a new issue and its edit in the next commit", r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; edit .jit/issues/$n.json "E""#, "commit"),
    passes("the removal of an issue that nobody else knows", "topic; n=$(git jit issue create --quiet New); git add -A; commit; git rm -q .jit/issues/$n.json", "commit"),
    passes("a new issue that is edited and pushed", r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; edit .jit/issues/$n.json "E"; commit"#, "push topic"),
    refused("an edit of a new issue once it was pushed", r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; push topic; edit .jit/issues/$n.json "E""#, "commit"),
    refused("an edit of a new issue that somebody took", r#"topic; n=$(git jit issue create --quiet New); git add -A; commit; other "git merge -q topic; mine $n"; edit .jit/issues/$n.json "E""#, "commit").because("held by agent:other"),
    refused("a new issue that a colleague has published, another content", r#"n=00000000-0000-4000-8000-000000000001; colleague "sed s/$A/$n/ $FA > .jit/issues/$n.json; git add -A; commit"; sed "s/$A/$n/; s/First/Else/" $FA > .jit/issues/$n.json; git add -A"#, "commit"),
    passes("a new issue that a colleague has published, as it is", r#"n=00000000-0000-4000-8000-000000000001; colleague "sed s/$A/$n/ $FA > .jit/issues/$n.json; git add -A; commit"; sed "s/$A/$n/" $FA > .jit/issues/$n.json; git add -A"#, "commit"),
    refused("a removed issue made anew", r#"mine $A; cp $FA ../x; git rm -q $FA; commit; give_back $A; cp ../x $FA; edit $FA "Anew"; git add -A"#, "commit"),
    refused("a removed issue brought back as it was", "mine $A; cp $FA ../x; git rm -q $FA; commit; give_back $A; cp ../x $FA; git add -A", "commit"),
    passes("a removed issue made anew, with a lease", r#"mine $A; cp $FA ../x; git rm -q $FA; commit; cp ../x $FA; edit $FA "Anew"; git add -A"#, "commit"),
    refused("a copy of an issue that is new in the primary worktree", r#"n=$(git -C "$TEAM" jit issue create --quiet New); cp "$TEAM/.jit/issues/$n.json" .jit/issues; git add -A"#, "commit").linked(),
    passes("a new issue of the primary worktree, with a lease", r#"n=$(git -C "$TEAM" jit issue create --quiet New); mine $n; edit .jit/issues/$n.json "E"; git add -A"#, "commit").linked(),
    passes("a new issue in a worktree of its own, under main-only, in the primary one", r#"sed -i 's/^enforce_leases.*/&\nallow_issue_creation = "main-only"/' .jit/config.toml; commit; push HEAD:main; git jit issue create New; git add -A"#, "commit").primary(),
    refused("a new issue under main-only", r#"sed -i 's/^enforce_leases.*/&\nallow_issue_creation = "main-only"/' .jit/config.toml; commit; push HEAD:main; sed s/$A/00000000-0000-4000-8000-000000000001/ $FA > .jit/issues/00000000-0000-4000-8000-000000000001.json; git add -A"#, "commit").linked().because("only in the primary worktree"),
    passes("a new note", "git jit note add $A Text; git add -A", "commit"),
    passes("a new note on what another agent holds", "others $A; git jit note add $A Text; git add -A", "commit"),
    passes("a new note that is pushed", "git jit note add $A Text; git add -A; commit", "push HEAD:topic"),
    refused("a changed note", "git jit note add $A Text; git add -A; commit; push HEAD:main; sed -i s/Text/Other/ .jit/notes/$A/*", "commit"),
    refused("a removed note", "git jit note add $A Text; git add -A; commit; push HEAD:main; git rm -q -r .jit/notes", "commit"),
    passes("a changed note, with a lease", "git jit note add $A Text; git add -A; commit; mine $A; sed -i s/Text/Other/ .jit/notes/$A/*", "commit"),
    refused("a removed note, with the lease on another issue", "git jit note add $A Text; git add -A; commit; mine $B; git rm -q -r .jit/notes", "commit"),
    refused("a note moved to another issue", "git jit note add $A Text; git add -A; commit; git mv .jit/notes/$A .jit/notes/$B", "commit"),
    passes("a thousand new issues", r#"t=$(cat $FA); for n in {1000..1999}; do i=00000000-0000-4000-8000-00000000$n; echo "${t/$A/$i}" > .jit/issues/$i.json; done; git add -A"#, "commit").primary(),
];

#[test]
fn files_that_are_no_issues_any_more() {
    play(DEFECTS);
}

#[test]
fn new_issues_and_notes() {
    play_in_both(NEW);
}
