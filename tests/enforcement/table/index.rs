//! Forms of the index and of the object store, and what hides in them.

use super::{Case, passes, play_in_both, refused};

const STAGE: &str = r"git update-index --cacheinfo 100644,$(sed s/First/E/ $FA | git hash-object -w --stdin),$FA";

const CASES: &[Case] = &[
    refused("a blob put into the index", STAGE, "git commit -q -m x"),
    refused(
        "a blob of a file that is assumed to be unchanged",
        r#"git update-index --assume-unchanged $FA; edit $FA "E"; git update-index --cacheinfo 100644,$(git hash-object -w $FA),$FA"#,
        "git commit -q -m x",
    ),
    refused(
        "an edit that was staged and is then assumed to be unchanged",
        r#"edit $FA "E"; git add -A; git update-index --assume-unchanged $FA"#,
        "git commit -q -m x",
    ),
    refused(
        "an edit that was staged and is then skipped in the worktree",
        r#"edit $FA "E"; git add -A; git update-index --skip-worktree $FA"#,
        "git commit -q -m x",
    ),
    passes(
        "an edit of a file that is assumed to be unchanged",
        r#"git update-index --assume-unchanged $FA; edit $FA "E"; code x"#,
        "commit",
    ),
    passes(
        "an edit of a file that is skipped in the worktree",
        r#"git update-index --skip-worktree $FA; edit $FA "E"; code x"#,
        "commit",
    ),
    refused("an index of version 2", r#"git update-index --index-version 2; edit $FA "E""#, "commit"),
    refused("an index of version 4", r#"git update-index --index-version 4; edit $FA "E""#, "commit"),
    refused("a split index", r#"git update-index --split-index; edit $FA "E""#, "commit"),
    refused(
        "a split index, by path",
        r#"git config core.splitIndex true; git update-index --split-index; code x; edit $FA "E""#,
        "git commit -q -m x $FA",
    ),
    passes("code with a split index", "git update-index --split-index; code x", "commit"),
    passes(
        "code by path with a split index",
        r#"code x; commit Code; git update-index --split-index; code y; edit $FA "E"; git add -A"#,
        "git commit -q -m x code/file",
    ),
    passes("an edit with a lease and a split index", r#"git update-index --split-index; mine $A; edit $FA "E""#, "commit"),
    refused("an index without its checksum", r#"git config index.skipHash true; edit $FA "E""#, "commit"),
    refused("an index with untracked files", r#"git update-index --untracked-cache; git status -s > ../s; edit $FA "E""#, "commit"),
    refused(
        "a sparse index, whose folder is one entry",
        "code x; commit Code; git sparse-checkout set --cone --sparse-index code; git update-index --add --cacheinfo 100644,$(git show HEAD:$FA | sed s/First/E/ | git hash-object -w --stdin),$FA",
        "git commit -q -m x",
    ),
    refused(
        "a removal from a sparse index",
        "code x; commit Code; git sparse-checkout set --cone --sparse-index code; git rm -q --sparse --cached $FA",
        "git commit -q -m x",
    ),
    passes(
        "code with a sparse index",
        "code x; commit Code; git sparse-checkout set --cone --sparse-index code; echo y > code/file",
        "commit",
    ),
    passes(
        "code by path with a sparse index",
        "code x; commit Code; git sparse-checkout set --cone --sparse-index code; echo y > code/file",
        "git commit -q -m x code/file",
    ),
    passes(
        "a sparse worktree without the issues",
        "code x; commit Code; git sparse-checkout set --no-cone /code/; echo y > code/file",
        "commit",
    ),
    passes(
        "an edit with a lease and a sparse index",
        r#"code x; commit Code; git sparse-checkout set --cone --sparse-index code .jit; mine $A; edit $FA "E""#,
        "commit",
    ),
    refused(
        "another index",
        r#"export GIT_INDEX_FILE="$WORLD/index"; git read-tree HEAD; git update-index --cacheinfo 100644,$(sed s/First/E/ $FA | git hash-object -w --stdin),$FA"#,
        "git commit -q -m x",
    ),
    refused(
        "another index, by a relative path",
        r"export GIT_INDEX_FILE=../index; git read-tree HEAD; git update-index --cacheinfo 100644,$(sed s/First/E/ $FA | git hash-object -w --stdin),$FA",
        "git commit -q -m x",
    ),
    refused("another index that is empty", r#"export GIT_INDEX_FILE="$WORLD/index"; code x"#, "git commit -q -m x"),
    passes("code in another index", r#"export GIT_INDEX_FILE="$WORLD/index"; git read-tree HEAD; code x"#, "git commit -q -m x"),
    passes(
        "a new issue that is only meant to be added",
        "n=$(git jit issue create --quiet New); git add -N .jit/issues/$n.json; code x",
        "git commit -q -m x",
    ),
    refused(
        "an issue that is only meant to be added, where it was",
        "git rm -q --cached $FA; git add -N $FA",
        "git commit -q -m x",
    ),
    refused("an intent to add with -a", "git rm -q --cached $FA; edit $FA E; git add -N $FA", "commit"),
    refused(
        "a tree that was read into the index",
        r#"edit $FA "E"; git add -A; t=$(git write-tree); git reset -q --hard; git read-tree $t"#,
        "git commit -q -m x",
    ),
    refused(
        "a folder that was read into the index",
        r#"edit $FA "E"; git add -A; t=$(git write-tree --prefix=.jit/); git reset -q --hard; git rm -q -r --cached .jit; git read-tree --prefix=.jit/ $t"#,
        "git commit -q -m x",
    ),
    refused(
        "a tree of HEAD that is replaced",
        r#"edit $FA "E"; git add -A; git replace $(git rev-parse HEAD:.jit) $(git write-tree --prefix=.jit/)"#,
        "git commit -q -m x",
    ),
    refused(
        "a HEAD that is replaced",
        r#"edit $FA "E"; git add -A; git replace HEAD $(git commit-tree -p HEAD -m x $(git write-tree))"#,
        "git commit -q -m x",
    ),
    passes(
        "a blob that is replaced, where it stays what it was",
        "git replace $(git rev-parse HEAD:$FA) $(sed s/First/E/ $FA | git hash-object -w --stdin); code x",
        "git commit -q -m x",
    ),
    refused(
        "objects in another place",
        r#"mkdir ../o; c=$(git rev-parse --git-common-dir); export GIT_OBJECT_DIRECTORY="$WORLD/o" GIT_ALTERNATE_OBJECT_DIRECTORIES="$TEAM/.git/objects"; edit $FA "E""#,
        "commit",
    ),
    passes("an edit with a lease, once everything is packed", r#"git gc -q; git pack-refs --all; mine $A; edit $FA "E""#, "commit"),
    refused("an edit, once everything is packed", r#"git gc -q; git pack-refs --all; edit $FA "E""#, "commit"),
    refused(
        "refs that were made a table",
        r#"rm -rf .git/logs; git config core.logAllRefUpdates false; git refs migrate --ref-format=reftable; edit $FA "E""#,
        "commit",
    )
    .primary()
    .because("cannot read HEAD"),
    refused(
        "a conflict that is resolved by taking one side into the index",
        r#"theirs $FA "T"; topic; leased $A "O"; ! git merge -q origin/main > ../log 2>&1; git checkout -q --theirs $FA; git add $FA"#,
        "git commit -q -m x",
    ),
    passes(
        "a worktree with files that are watched",
        "git config core.fsmonitor false; git update-index --refresh; code x",
        "commit",
    ),
    refused(
        "file modes that Git ignores, changed in the index",
        "git config core.fileMode false; chmod +x $FA; git update-index --chmod=+x $FA",
        "git commit -q -m x",
    ),
    passes("file modes that Git ignores", "git config core.fileMode false; chmod +x $FA; code x", "commit"),
];

#[test]
fn every_form_of_the_index_and_of_the_objects() {
    play_in_both(CASES);
}
