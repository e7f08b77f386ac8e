//! Leases and what becomes of them between the edit and its push.

use super::{Case, passes, play_in_both, refused};

const CASES: &[Case] = &[
    refused("an edit after the lease's time", r#"at 0; mine $A; edit $FA "E"; at 1000"#, "commit").because("has lapsed"),
    passes("an edit before its end", r#"at 0; mine $A; edit $FA "E"; at 300"#, "commit"),
    refused("an edit in its last moment", r#"at 0; mine $A; edit $FA "E"; export JIT_TEST_CLOCK=boot:599900"#, "commit"),
    refused("a push after its end", r#"at 0; mine $A; edit $FA "E"; commit; at 1000"#, "push HEAD:refs/heads/x").because("lapsed before it was released"),
    passes("a push before its end", r#"at 0; mine $A; edit $FA "E"; commit; at 300"#, "push HEAD:refs/heads/x"),
    passes("a push after its end, if it was released before", r#"at 0; leased $A "E"; at 100000"#, "push HEAD:refs/heads/x"),
    passes("a push after its end, once it was taken again", r#"at 0; mine $A; edit $FA "E"; commit; at 1000; mine $A"#, "push HEAD:refs/heads/x"),
    passes("a push after its end, once it was taken again and released", r#"at 0; mine $A; edit $FA "E"; commit; at 1000; mine $A; code x; commit; git jit claim renew $A > ../log"#, "push HEAD:refs/heads/x"),
    refused("a push after its end, once another took it", r#"at 0; mine $A; edit $FA "E"; commit; at 1000; others $A"#, "push HEAD:refs/heads/x").because("held by agent:other"),
    refused("a push after its end, once another took it and released it", r#"at 0; mine $A; edit $FA "E"; commit; at 1000; other "mine $A; give_back $A""#, "push HEAD:refs/heads/x"),
    passes("a push after the release, while another holds it", r#"leased $A "E"; others $A"#, "push HEAD:refs/heads/x"),
    refused("an edit under a lease that was evicted", r#"mine $A; edit $FA "E"; other "git jit claim force-evict $A --reason x" > ../log"#, "commit"),
    refused("a push after the lease was evicted", r#"mine $A; edit $FA "E"; commit; other "git jit claim force-evict $A --reason x" > ../log"#, "push HEAD:refs/heads/x").because("evicted"),
    passes("a push after the lease was evicted and taken again", r#"mine $A; edit $FA "E"; commit; other "git jit claim force-evict $A --reason x" > ../log; mine $A"#, "push HEAD:refs/heads/x"),
    refused("an amended edit after the lease was evicted", r#"mine $A; edit $FA "E"; commit; other "git jit claim force-evict $A --reason x" > ../log; edit $FA "F"; git add -A"#, "git commit -q --amend --no-edit"),
    refused("an edit of what was passed on", r#"mine $A; other true; git jit claim transfer $A --to-agent agent:other --to-worktree "$WORLD/other" --reason x > ../log; edit $FA "E""#, "commit").because("held by agent:other"),
    passes("a push of what was passed on after the commit", r#"mine $A; edit $FA "E"; commit; other true; git jit claim transfer $A --to-agent agent:other --to-worktree "$WORLD/other" --reason x > ../log"#, "push HEAD:refs/heads/x"),
    passes("an edit by whom it was passed on to", r#"mine $A; other true; git jit claim transfer $A --to-agent agent:other --to-worktree "$WORLD/other" --reason x > ../log"#, r#"other "edit $FA E; commit""#),
    refused("an edit under a lease without an end that fell silent", r#"at 0; git jit claim acquire $A --ttl 0 --reason long > ../log; edit $FA "E"; at 4000"#, "commit").because("is stale"),
    passes("an edit under a lease without an end", r#"at 0; git jit claim acquire $A --ttl 0 --reason long > ../log; edit $FA "E"; at 3000"#, "commit"),
    passes("an edit under a lease without an end that was beaten", r#"at 0; git jit claim acquire $A --ttl 0 --reason long > ../log; edit $FA "E"; at 4000; git jit claim heartbeat > ../log"#, "commit"),
    refused("a push under a lease without an end that fell silent", r#"at 0; git jit claim acquire $A --ttl 0 --reason long > ../log; edit $FA "E"; commit; at 5000"#, "push HEAD:refs/heads/x"),
    passes("a push under a lease without an end that was beaten", r#"at 0; git jit claim acquire $A --ttl 0 --reason long > ../log; edit $FA "E"; commit; at 5000; git jit claim heartbeat > ../log"#, "push HEAD:refs/heads/x"),
    passes("a push by another agent of this worktree, under a live lease", r#"mine $A; edit $FA "E"; commit; export JIT_AGENT_ID=agent:else"#, "push HEAD:refs/heads/x"),
    refused("a push around the hook by another agent of this worktree", r#"mine $A; edit $FA "E"; sneak; export JIT_AGENT_ID=agent:else"#, "push HEAD:refs/heads/x").because("export JIT_AGENT_ID="),
    refused("a push around the hook of what another agent holds", r#"others $A; edit $FA "E"; sneak"#, "push HEAD:refs/heads/x").because("held by agent:other"),
    refused("an edit while the log is corrupt", r#"mine $A; edit $FA "E"; echo garbage > "$TEAM/.git/jit/claims.jsonl""#, "commit").because("lease log cannot be read"),
    refused("a new issue while the log is corrupt", r#"mine $A; echo garbage > "$TEAM/.git/jit/claims.jsonl"; git jit issue create New; git add -A"#, "commit").because("lease log cannot be read"),
    passes("code while the log is corrupt", r#"mine $A; echo garbage > "$TEAM/.git/jit/claims.jsonl"; code x"#, "commit"),
    refused("an edit while the log is lost", r#"mine $A; edit $FA "E"; rm "$TEAM/.git/jit/claims.jsonl""#, "commit"),
    passes("an edit while the index of the log is lost", r#"mine $A; edit $FA "E"; rm -f "$TEAM/.git/jit/claims.index.json""#, "commit"),
    refused("a push while the records of authority are lost", r#"leased $A "E"; rm -r "$TEAM/.git/jit/authority""#, "push HEAD:refs/heads/x"),
    passes("a push while a record is torn", r#"leased $A "E"; for f in "$TEAM"/.git/jit/authority/*; do printf '{"schema' >> "$f"; done"#, "push HEAD:refs/heads/x"),
    refused("a record that was made up without its checksum", r#"leased $B "E"; topic; edit $FA "E"; sneak; cat "$TEAM"/.git/jit/authority/* | sed "s/$B/$A/g" > ../x; for f in "$TEAM"/.git/jit/authority/{{0..9},{a..f}}{{0..9},{a..f}}.jsonl; do cat ../x >> "$f"; done"#, "push topic"),
    refused("a commit without rights by somebody without a name", r#"unset JIT_AGENT_ID; git config user.name 'A B'; edit $FA "E""#, "commit"),
    passes("an edit by somebody without an agent's name", r#"unset JIT_AGENT_ID; git config user.name 'A B'; mine $A; edit $FA "E""#, "commit"),
    passes("an edit in a worktree that was moved", r#"git worktree move . ../moved; cd ../moved; mine $A; edit $FA "E""#, "commit").linked(),
    refused("an edit in a worktree that was removed and made again", r#"mine $A; cd ..; git -C team worktree remove side --force; git -C team worktree add -q side2 side; cd team/side2; edit $FA "E""#, "commit").linked(),
    passes("an edit within hold", "true", r#"git jit claim hold $A -- bash -c 'sed -i s/First/E/ "$FA"; git commit -q -a -m x' 2> ../log"#),
];

#[test]
fn leases_that_end_between_the_edit_and_its_push() {
    play_in_both(CASES);
}
