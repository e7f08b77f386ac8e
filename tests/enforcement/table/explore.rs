//! x
use super::{Case, passes, play, refused};

const GONE: &str = r#"cp $FA ../A0; colleague "git rm -q $FA; commit"; git switch -q --detach origin/main; git update-ref refs/heads/main origin/main; git -C "$TEAM" reset -q --hard main"#;
const PARTIAL: &str = r#"git -C "$REMOTE" config uploadpack.allowFilter true; theirs $B.x y 2>/dev/null || true; leased $B "Before"; push HEAD:main; leased $B "Before 2"; push HEAD:main; git clone -q --filter=tree:0 "file://$REMOTE" ../partial; cd ../partial; git jit hooks install > ../log"#;
const BLOBLESS: &str = r#"git -C "$REMOTE" config uploadpack.allowFilter true; leased $B "Before"; push HEAD:main; leased $B "Before 2"; push HEAD:main; git clone -q --filter=blob:none "file://$REMOTE" ../partial; cd ../partial; git jit hooks install > ../log"#;

const CASES: &[Case] = &[
    refused("E1 a removed issue recreated on a branch from before it", r#"git switch -q -c x $(git rev-list --max-parents=0 HEAD); mkdir -p .jit/issues; cp ../A0 $FA; edit $FA "E"; git add -A; git commit -q -m x"#, "push x").within(GONE),
    refused("E1b the same on an orphan", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../A0 $FA; edit $FA "E"; git add -A; git commit -q -m x"#, "push x").within(GONE),
    refused("E2 a removed issue brought back as it was on an orphan, then edited", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../A0 $FA; git add -A; git commit -q -m x; edit $FA "E""#, "commit").within(GONE),
    refused("E2b pushed", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../A0 $FA; git add -A; git commit -q -m x; edit $FA "E"; sneak"#, "push x").within(GONE),
    refused("E2c merged in", r#"git switch -q --orphan x; mkdir -p .jit/issues; cp ../A0 $FA; git add -A; git commit -q -n -m x; git switch -q -c y origin/main~1; git merge -q -n --allow-unrelated-histories -m x x; edit $FA "E"; sneak"#, "push y").within(GONE),
    refused("E3 laundering by refs that are removed for the commit", r#"topic; sed -i s/strict/off/ .jit/config.toml; commit; t=$(git rev-parse main); git update-ref -d refs/remotes/origin/main; git update-ref -d refs/heads/main; edit $FA "E"; git commit -q -a -m x || sneak; git update-ref refs/heads/main $t; git fetch -q"#, "push topic"),
    refused("E3b laundering with the remote taken away", r#"topic; sed -i s/strict/off/ .jit/config.toml; commit; git update-ref refs/heads/keep refs/heads/main; git update-ref -d refs/heads/main; git remote remove origin; edit $FA "E"; git commit -q -a -m x || sneak; git update-ref refs/heads/main keep; git remote add origin "$REMOTE"; git fetch -q"#, "push topic"),
    refused("E4 a common dir by a variable", r#"edit $FA "E"; sneak; export GIT_COMMON_DIR="$TEAM/.git""#, "push HEAD:refs/heads/x"),
    refused("E5 GIT_COMMON_DIR elsewhere", r#"edit $FA "E"; git add -A; cp -r "$TEAM/.git" ../common; rm -rf ../common/jit; export GIT_COMMON_DIR="$WORLD/common""#, "git commit -q -m x"),
    passes("P1 partial tree:0, new issue pushed", "git jit issue create New; git add -A; commit", "push HEAD:refs/heads/x").within(PARTIAL).primary(),
    passes("P2 partial tree:0, leased edit pushed after release", r#"leased $A "E""#, "push HEAD:refs/heads/x").within(PARTIAL).primary(),
    passes("P2b partial tree:0, code", "code x; commit", "push HEAD:refs/heads/x").within(PARTIAL).primary(),
    passes("P2c partial tree:0, leased edit", r#"mine $A; edit $FA "E""#, "commit").within(PARTIAL).primary(),
    refused("P2d partial tree:0, edit", r#"edit $FA "E""#, "commit").within(PARTIAL).primary(),
    passes("P3 partial blob:none, new issue pushed", "git jit issue create New; git add -A; commit", "push HEAD:refs/heads/x").within(BLOBLESS).primary(),
    passes("P4 partial blob:none, leased edit pushed after release", r#"leased $A "E""#, "push HEAD:refs/heads/x").within(BLOBLESS).primary(),
    passes("P4b partial blob:none, merge both sides", r#"mine $A; date_of $FA 2020; commit; give_back $A; theirs $FA T"#, "git merge -q -m x origin/main").within(BLOBLESS).primary(),
    passes("P4c partial blob:none, restored old version from release with lease", r#"mine $B; git checkout -q HEAD~2 -- $FB"#, "git commit -q -m x").within(BLOBLESS).primary(),
    passes("P5 shared clone", r#"git clone -q --shared "$TEAM" ../shared; cd ../shared; git remote set-url origin "$REMOTE"; git fetch -q; git jit hooks install > ../log; leased $A E"#, "push HEAD:refs/heads/x").primary(),
    passes("P6 midx", r#"leased $A E; git repack -q -a -d --write-midx --write-bitmap-index"#, "push HEAD:refs/heads/x"),
    passes("P7 merge of annotated tag", r#"theirs $FA T; git tag -a -m x v1 origin/main; code x; commit"#, "git merge -q -m x v1"),
    passes("P7b merge of annotated tag, pushed", r#"theirs $FA T; git tag -a -m x v1 origin/main; code x; commit; git merge -q -m x v1"#, "push HEAD:refs/heads/x"),
    passes("P8 subtree merge of another project", r#"git init -q -b main ../lib; (cd ../lib; cp -r "$HERE/.jit" .; for f in .jit/issues/*; do mv $f $(echo $f | sed 's/.....json/0000.json/'); done; sed -i 's/....",$/0000",/' .jit/issues/*; git add -A; git commit -q -m lib); git remote add lib ../lib; git fetch -q lib; git merge -q -s ours --no-commit --allow-unrelated-histories lib/main > ../log; git read-tree --prefix=lib/ -u lib/main"#, "git commit -q -m x"),
    passes("P9 rename of the default branch", "git config jit.defaultBranch trunk", "push origin/main:refs/heads/trunk :main"),
    passes("P10 broken json published by a colleague merges", r#"colleague "echo x > $FA; commit"; code x; commit"#, "git merge -q -m x origin/main"),
    passes("P10b and code on top", r#"colleague "echo x > $FA; commit"; git merge -q --ff-only origin/main; code x"#, "commit"),
    passes("P11 autocrlf", r#"git config core.autocrlf true; rm $FA; git checkout -q -- $FA; touch $FA; code x"#, "commit"),
    passes("P12 issue deleted in worktree only", "rm $FA; code x", "git commit -q -m x"),
    passes("P13 amend of the root", "code x; commit", "git commit -q --amend -m y"),
    passes("P14 bundle fetch of the colleague's published", r#"colleague "git bundle create -q ../b main; true"; git fetch -q ../b main"#, "push FETCH_HEAD:refs/heads/x"),
    passes("P15 fetch of a pull request ref", r#"colleague "edit $FA T; commit; git push -q origin HEAD:refs/pull/1/head; git reset -q --hard HEAD~1"; git config --add remote.origin.fetch '+refs/pull/*/head:refs/remotes/pull/*'; git fetch -q"#, "push refs/remotes/pull/1:refs/heads/x"),
    passes("P16 a merge with a rename of code", r#"code x; commit; push HEAD:main; colleague "git mv code elsewhere; edit $FA T; commit"; echo y >> code/file; commit"#, "git merge -q -m x origin/main"),
    passes("P17 prune by worktree", r#"git worktree prune; mine $A; edit $FA E"#, "commit"),
    passes("P18 a symlinked way to the worktree", r#"ln -s "$PWD" ../way; cd ../way; mine $A; edit $FA E"#, "commit"),
    passes("P18b lease by the real path, commit by a symlinked", r#"mine $A; edit $FA E; ln -s "$PWD" ../way; cd ../way"#, "commit"),
    passes("P19 another branch in the same worktree, after the switch", r#"mine $A; edit $FA E; git switch -q -c x; commit; git switch -q -c y; describe $FA F; commit; give_back $A"#, "push x y"),
    passes("P20 revert of own unpublished, with lease", r#"mine $A; edit $FA E; commit; git revert --no-edit HEAD >../log; give_back $A"#, "true"),
    refused("B1 an update-index of stage", r#"printf '0 %s\t%s\n100644 %s 0\t%s\n' 0000000000000000000000000000000000000000 $FA $(sed s/First/E/ $FA | git hash-object -w --stdin) $FA | git update-index --index-info"#, "git commit -q -m x"),
    refused("B2 file/dir with trailing: .jit/issues/<id>.json/ and removal", r#"git rm -q --cached $FA; git update-index --add --cacheinfo 100644,$(git hash-object -w $FB),$FA/x"#, "git commit -q -m x"),
    refused("B3 a tree with mode 040755 written by hand, pushed", r#"t=$(git cat-file tree HEAD | sed 's/x/x/' | wc -c); edit $FA E; git add -A; j=$(git write-tree --prefix=.jit/); e=$(printf '40000 .jit\0' > ../t; printf $(echo $j | sed 's/../\\x&/g') >> ../t; git hash-object -t tree -w --literally ../t); c=$(git commit-tree -p HEAD -m x $e); git update-ref refs/heads/evil $c"#, "push evil"),
    refused("B4 a tree with mode 0040000", r#"edit $FA E; git add -A; j=$(git write-tree --prefix=.jit/); printf '040000 .jit\0' > ../t; printf "$(echo $j | sed 's/../\\x&/g')" >> ../t; e=$(git hash-object -t tree -w --literally ../t); git update-ref refs/heads/evil $(git commit-tree -p HEAD -m x $e)"#, "push evil"),
    refused("B5 a mode 100664 instead", r#"git update-index --cacheinfo 100664,$(git rev-parse HEAD:$FA),$FA 2>/dev/null; n=$(git ls-tree HEAD:.jit/issues | sed s/100644/100664/ | git mktree); printf '40000 issues\0' > ../t; printf "$(echo $n | sed 's/../\\x&/g')" >> ../t; j=$(git hash-object -t tree -w --literally ../t); printf '40000 .jit\0' > ../t; printf "$(echo $j | sed 's/../\\x&/g')" >> ../t; e=$(git hash-object -t tree -w --literally ../t); git update-ref refs/heads/evil $(git commit-tree -p HEAD -m x $e)"#, "push evil"),
    refused("B6 an evil octopus by plumbing", r#"edit $FA E; git add -A; git update-ref refs/heads/evil $(git commit-tree -p HEAD -p HEAD~1 -m x $(git write-tree))"#, "push evil"),
    refused("B6b parents swapped", r#"edit $FA E; git add -A; git update-ref refs/heads/evil $(git commit-tree -p HEAD~1 -p HEAD -m x $(git write-tree))"#, "push evil"),
    refused("B7 merge with forged author/dates old", r#"edit $FA E; git add -A; export GIT_COMMITTER_DATE='1 +0000' GIT_AUTHOR_DATE='1 +0000'; git commit -q -n -m x"#, "push HEAD:refs/heads/x"),
    refused("B7b parents older than child", r#"edit $FA E; git add -A; GIT_COMMITTER_DATE='4000000000 +0000' git commit -q -n -m x; export GIT_COMMITTER_DATE='1 +0000'; code x; git commit -q -n -m y; code z; git commit -q -n -m z"#, "push HEAD:refs/heads/x"),
    refused("B7c exempt tip dated in the far past, edit in between dated later", r#"export GIT_COMMITTER_DATE='4000000000 +0000'; edit $FA E; sneak; export GIT_COMMITTER_DATE='1 +0000'; code x; commit"#, "push HEAD:refs/heads/x"),
    refused("B8 -s ours by plumbing over published", r#"theirs $FA T; git update-ref refs/heads/evil $(git commit-tree -p HEAD -p origin/main -m x HEAD^{tree})"#, "push evil"),
    refused("B9 revert by merging an old branch with -s theirs-like plumbing", r#"theirs $FA T; git update-ref refs/heads/evil $(git commit-tree -p origin/main -p HEAD -m x HEAD^{tree})"#, "push evil"),
    refused("B10 commit on a branch via worktree of other agent's holder", r#"other "mine $A"; edit $FA E; git add -A; t=$(git write-tree); c=$(git commit-tree -p HEAD -m x $t); git update-ref refs/heads/evil $c"#, "push evil"),
    refused("B11 hidden in a huge chain", r#"edit $FA E; sneak; for i in 1 2 3 4 5; do git commit -q -n --allow-empty -m $i; done; edit $FA First; sneak"#, "push HEAD:refs/heads/x"),
    refused("B12 a link as a note dir", "mkdir -p .jit/notes; ln -s ../issues .jit/notes/$A; rm $FA; git add -A", "commit"),
    refused("B13 policy in mode only", "colleague 'code x; commit'; git update-index --chmod=+x .jit/config.toml", "git commit -q -m x"),
    refused("B14 skip-hash and fake TREE", r#"edit $FA E; git add -A; git write-tree > ../log; git update-index --force-write-index"#, "git commit -q -m x"),
    refused("B15 commit in the middle of a merge that is abandoned", r#"theirs $FA T; code x; commit; git merge -q --no-commit origin/main >../log; rm "$(git rev-parse --git-path MERGE_HEAD)"; describe $FA E; git add -A"#, "git commit -q -m x"),
    refused("B16 pick forged as CHERRY_PICK_HEAD", r#"edit $FA E; git add -A; git commit-tree -p HEAD -m x $(git write-tree) > "$(git rev-parse --git-path CHERRY_PICK_HEAD)""#, "git commit -q -m x"),
    refused("B17 new issue forged with the name of another's tombstone", r#"colleague "git rm -q $FA; commit"; git switch -q -c x origin/main; sed s/Second/E/\;s/$B/$A/ $FB > $FA; git add -A; git commit -q -n -m x"#, "push x"),
    refused("B18 local refs/remotes by fetch of a local bundle as a remote", r#"edit $FA E; sneak; git bundle create -q ../b HEAD; git remote add b ../b; git config remote.b.fetch '+HEAD:refs/remotes/b/x'; git fetch -q b"#, "push HEAD:refs/heads/x"),
];

#[test]
fn explore() {
    play(CASES);
}
