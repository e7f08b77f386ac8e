# An export of beads (bd export), read as one array: jq -s -f beads.jq. Answers with a plan for git jit issue import.
# Only `blocks` becomes a dependency, and only between issues that are open: the plan refuses what is done and waits.

def state: if .status == "closed" then "done" elif .status == "deferred" then "backlog" else "ready" end;
def priority: ["critical", "high", "normal", "low", "low"][.priority // 2];
def plain: gsub("[\\s,]+"; "-");
def namespaced: if test("^[^:]+:.") then plain else "beads:" + plain end;
def text: [.description, .design, .acceptance_criteria, .notes, (.comments // [] | .[] | "\(.author), \(.created_at): \(.text)")]
  | map(select(. != null and . != "")) | join("\n\n");
def others(kind): [(.dependencies // [])[] | select(.type == kind) | .depends_on_id] | unique;

map(select((._type // "issue") == "issue" and .status != "tombstone"))
| map(.id) as $there
| map({
    key: .id,
    title: .title,
    description: text,
    type: (.issue_type // "task"),
    state: state,
    priority: priority,
    labels: ([(.labels // [])[] | namespaced] + (if .status == "deferred" then ["beads:deferred"] else [] end)),
    depends_on: (if .status == "closed" then [] else others("blocks") | map(select(IN($there[]))) end),
    context: ({
        beads_id: .id,
        beads_status: .status,
        beads_assignee: .assignee,
        beads_parent: (others("parent-child") | join(" ")),
        beads_discovered_from: (others("discovered-from") | join(" ")),
        external_ref: .external_ref
      } | with_entries(select(.value != null and .value != "")))
  })
