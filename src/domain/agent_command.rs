//! The command line that starts an agent program: a list of arguments, never a line for a shell.
//!
//! Values from the issue replace names in braces. Each stays one argument, whatever it contains.

/// How to start one agent program.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub(crate) struct CommandTemplate {
    /// The program and its fixed arguments; not empty.
    pub command: Vec<String>,
    /// Extra arguments for an agent at a terminal.
    pub interactive_args: Vec<String>,
    /// Extra arguments for an agent without a terminal; `None` if the agent cannot run without one.
    pub headless_args: Option<Vec<String>>,
    /// Extra arguments that skip its permission prompts; `None` if it has no such option.
    pub yolo_args: Option<Vec<String>>,
    /// The prompt; appended as the last argument unless another argument contains `{prompt}`.
    pub prompt: Option<String>,
}

/// The values for the names in braces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TemplateValues<'a> {
    /// `{id}`: the full id of the issue.
    pub id: &'a str,
    /// `{short_id}`: the first eight digits of the id.
    pub short_id: &'a str,
    /// `{number}`: the number on GitHub, else the first digits of its id.
    pub number: &'a str,
    /// `{title}`: the title; untrusted text.
    pub title: &'a str,
    /// `{branch}`: the branch.
    pub branch: &'a str,
    /// `{path}`: the worktree.
    pub path: &'a str,
}

/// How the agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Manner {
    /// Without a terminal.
    pub headless: bool,
    /// Without asking for permission.
    pub yolo: bool,
}

/// Why the agent cannot run that way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unable {
    /// It has no arguments for running without a terminal.
    Headless,
    /// It has no arguments for skipping its prompts.
    Yolo,
}

/// The default prompt. It contains no text from the issue.
const PROMPT: &str = "You work on issue {short_id}, in a git worktree of its own on branch {branch}, and hold the lease on it. \
Read it with `git jit issue show {short_id}`, do what it asks, and commit your work here. \
Set its state with `git jit issue update {short_id} --state in_progress`, and when it is finished with `git jit done {short_id}`; \
commit that too.";

/// The agents that need no configuration.
pub(crate) const BUILT_IN: [&str; 4] = ["claude", "codex", "gemini", "shell"];

/// The template of a built-in agent; `shell` is the user's shell.
pub(crate) fn built_in(name: &str, shell: &str) -> Option<CommandTemplate> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let prompt = Some(PROMPT.to_owned());
    Some(match name {
        "claude" => CommandTemplate {
            command: words(&["claude"]),
            headless_args: Some(words(&["--print"])),
            yolo_args: Some(words(&["--dangerously-skip-permissions"])),
            prompt,
            ..CommandTemplate::default()
        },
        "codex" => CommandTemplate {
            command: words(&["codex"]),
            headless_args: Some(words(&["exec"])),
            yolo_args: Some(words(&["--dangerously-bypass-approvals-and-sandbox"])),
            prompt,
            ..CommandTemplate::default()
        },
        "gemini" => CommandTemplate {
            command: words(&["gemini"]),
            interactive_args: words(&["--prompt-interactive", "{prompt}"]),
            headless_args: Some(words(&["--prompt", "{prompt}"])),
            yolo_args: Some(words(&["--yolo"])),
            prompt,
        },
        "shell" => CommandTemplate { command: words(&[shell]), ..CommandTemplate::default() },
        _ => return None,
    })
}

impl CommandTemplate {
    /// The program with its arguments: those for the mode, the user's own, the prompt.
    pub(crate) fn argv(&self, manner: Manner, extra: &[String], facts: &TemplateValues<'_>) -> Result<Vec<String>, Unable> {
        let of_manner = if manner.headless { self.headless_args.as_ref().ok_or(Unable::Headless)? } else { &self.interactive_args };
        let yolo: &[String] = if manner.yolo { self.yolo_args.as_ref().ok_or(Unable::Yolo)? } else { &[] };
        let prompt = self.prompt.as_deref().filter(|prompt| !prompt.is_empty()).map(|prompt| filled(prompt, facts, None));
        // A prompt that starts with a hyphen must not be read as an option.
        let prompt = prompt.map(|prompt| if prompt.starts_with('-') { format!(" {prompt}") } else { prompt });
        // The value of an option stays directly behind it, whatever the user adds.
        let (first, last): (&[String], &[String]) =
            if of_manner.iter().any(|arg| arg.contains("{prompt}")) { (&[], of_manner) } else { (of_manner, &[]) };
        let ours = |args: &[String]| -> Vec<String> { args.iter().map(|arg| filled(arg, facts, prompt.as_deref())).collect() };
        let mut argv = ours(&self.command);
        argv.extend(ours(first));
        argv.extend(ours(yolo));
        argv.extend(extra.iter().cloned());
        argv.extend(ours(last));
        let is_told = [&self.command[..], of_manner, yolo].concat().iter().any(|arg| arg.contains("{prompt}"));
        argv.extend(prompt.filter(|_| !is_told));
        Ok(argv)
    }

    /// The command lines that the template can run, as one line for people.
    pub(crate) fn described(&self) -> String {
        let list = |name: &str, args: &[String]| if args.is_empty() { String::new() } else { format!("; {name}: {args:?}") };
        let some = |name: &str, args: &Option<Vec<String>>| args.as_ref().map_or(String::new(), |args| list(name, args));
        format!(
            "{:?}{}{}{}{}",
            self.command,
            list("interactive_args", &self.interactive_args),
            some("headless_args", &self.headless_args),
            some("yolo_args", &self.yolo_args),
            self.prompt.as_ref().map_or(String::new(), |prompt| format!("; prompt: {prompt:?}")),
        )
    }
}

/// Replaces each name in braces once; inserted values are not expanded again.
fn filled(text: &str, facts: &TemplateValues<'_>, prompt: Option<&str>) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        done.push_str(&rest[..open]);
        rest = &rest[open..];
        let known = rest.find('}').and_then(|close| {
            let value = match &rest[1..close] {
                "id" => facts.id,
                "short_id" => facts.short_id,
                "number" => facts.number,
                "title" => facts.title,
                "branch" => facts.branch,
                "path" => facts.path,
                "prompt" => prompt?,
                _ => return None,
            };
            Some((value, close))
        });
        if let Some((value, close)) = known {
            done.push_str(value);
            rest = &rest[close + 1..];
        } else {
            done.push('{');
            rest = &rest[1..];
        }
    }
    done + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: TemplateValues<'_> =
        TemplateValues { id: "1a2b", short_id: "1a", number: "42", title: "{path} --x; rm -rf /", branch: "issue-42", path: "/w" };

    fn argv(name: &str, headless: bool, yolo: bool, extra: &[&str]) -> Vec<String> {
        let extra: Vec<String> = extra.iter().map(|word| (*word).to_owned()).collect();
        let template = built_in(name, "/bin/sh").expect("known");
        let mut argv = template.argv(Manner { headless, yolo }, &extra, &FACTS).expect("able");
        let said = argv.pop().expect("something");
        assert!(said.contains("git jit issue show 1a") && said.contains("branch issue-42"), "{said}");
        argv
    }

    #[test]
    fn each_agent_gets_its_own_words_and_the_prompt_as_one() {
        assert_eq!(argv("claude", false, false, &[]), ["claude"]);
        assert_eq!(
            argv("claude", true, true, &["--model", "opus"]),
            ["claude", "--print", "--dangerously-skip-permissions", "--model", "opus"]
        );
        assert_eq!(argv("codex", true, false, &["-m", "o3"]), ["codex", "exec", "-m", "o3"]);
        assert_eq!(argv("gemini", true, true, &["-m", "x"]), ["gemini", "--yolo", "-m", "x", "--prompt"]);
        assert_eq!(argv("gemini", false, false, &[]), ["gemini", "--prompt-interactive"]);
        let shell = built_in("shell", "/bin/zsh").expect("known");
        assert_eq!(shell.argv(Manner::default(), &[], &FACTS), Ok(vec!["/bin/zsh".to_owned()]));
        assert_eq!(shell.argv(Manner { headless: true, yolo: false }, &[], &FACTS), Err(Unable::Headless));
        assert_eq!(shell.argv(Manner { headless: false, yolo: true }, &[], &FACTS), Err(Unable::Yolo));
        assert!(built_in("emacs", "").is_none());
    }

    #[test]
    fn a_title_is_one_argument_and_never_an_option() {
        let template = CommandTemplate { command: vec!["x".into()], prompt: Some("{title}".into()), ..CommandTemplate::default() };
        let hostile = |title| template.argv(Manner::default(), &[], &TemplateValues { title, ..FACTS }).expect("able");
        assert_eq!(hostile("--dangerous"), ["x", " --dangerous"]);
        assert_eq!(hostile("{path} {prompt} {"), ["x", "{path} {prompt} {"], "inserted values are not expanded again");
        assert_eq!(filled("{{id}} {nothing} {", &FACTS, None), "{1a2b} {nothing} {");
    }
}
