//! A repository of one size of a curve, with what its commands need: leases, indexes, worktrees.

use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;

use super::repository::Repository;

/// A repository of one size.
pub(crate) struct Site {
    size: usize,
    repository: Rc<Repository>,
    /// Which leases are in use when something of it is run.
    leases: String,
    /// The index with an ordinary file staged, and the one with the issue that is held.
    indexes: [PathBuf; 2],
    /// Where it is committed.
    place: PathBuf,
}

impl Site {
    /// One in the primary worktree, whose log has so many operations behind it, and so many leases that are live.
    pub(crate) fn new(size: usize, repository: Rc<Repository>, leases: &str, operations: usize, live: usize) -> Self {
        repository.use_leases(leases);
        let (held, issues) = (repository.issues().len() - 1, repository.issues());
        repository.fill(operations as u64, live);
        repository.jit(&["claim", "acquire", &issues[held], "--ttl", "1d"]);
        let indexes = [
            repository.index_with(&format!("index-{leases}-file"), "src/part-000/file-00001.txt", "staged\n"),
            repository.index_with(
                &format!("index-{leases}-issue"),
                &repository.issue_path(held),
                &repository.issue_text(held, 1000),
            ),
        ];
        let place = repository.root().to_owned();
        Self { size, repository, leases: leases.to_owned(), indexes, place }
    }

    /// One with so many linked worktrees, each for an issue of its own and with little in it but that issue's file.
    pub(crate) fn with_worktrees(size: usize, repository: Rc<Repository>) -> Self {
        let new = Self::new(size, repository, "growth", 0, 0);
        let repository = &new.repository;
        // A worktree that is added is as sparse as the one that it is added from. Writing a thousand issues a thousand times says nothing.
        repository.git(&["sparse-checkout", "set", "--no-cone", "/src/"]);
        for id in &repository.issues()[..size] {
            repository.jit(&["worktree", "spawn", id, "--no-agent"]);
        }
        repository.git(&["sparse-checkout", "disable"]);
        let listed = repository.jit(&["worktree", "list", "--json"]);
        let listed: serde_json::Value = serde_json::from_str(&listed).expect("a document");
        let worktrees = listed["worktrees"].as_array().expect("a list").iter().filter(|worktree| worktree["primary"] == false);
        let mut roots = Vec::new();
        for worktree in worktrees {
            let (root, id) = (worktree["root"].as_str().expect("a path"), worktree["issue_id"].as_str().expect("an id"));
            let (root, number) = (PathBuf::from(root), repository.issues().iter().position(|issue| issue == id).expect("ours"));
            let file = root.join(repository.issue_path(number));
            std::fs::create_dir_all(file.parent().expect("it has one")).expect("a directory in our own");
            std::fs::write(file, repository.issue_text(number, 0)).expect("a file in our own directory");
            roots.push(root);
        }
        assert_eq!(roots.len(), size, "each has its worktree");
        Self { place: roots.swap_remove(0), ..new }
    }

    /// How much there is of what grows.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Where all this is.
    pub(crate) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The issue that is held all the time.
    pub(crate) fn held(&self) -> &str {
        self.repository.issues().last().expect("there are some")
    }

    /// `git-jit` in the primary worktree.
    pub(crate) fn jit(&self, arguments: &[&str]) -> Command {
        self.repository.use_leases(&self.leases);
        self.repository.jit_command(arguments)
    }

    /// `git` in the primary worktree.
    pub(crate) fn git(&self, arguments: &[&str]) -> Command {
        let mut command = self.repository.command("git");
        command.args(arguments);
        command
    }

    /// The hook, with an ordinary file staged.
    pub(crate) fn commit(&self) -> Command {
        self.hook(0)
    }

    /// The hook, with the issue staged that is held.
    pub(crate) fn commit_of_issue(&self) -> Command {
        self.hook(1)
    }

    fn hook(&self, index: usize) -> Command {
        self.repository.use_leases(&self.leases);
        let mut command = self.repository.pre_commit_of(&self.indexes[index]);
        command.current_dir(&self.place);
        command
    }

    /// Takes an issue that nobody has: another one in every round.
    pub(crate) fn acquire(&self, round: usize) -> Command {
        let free = self.repository.issues().len() - 2 - round;
        self.jit(&["claim", "acquire", &self.repository.issues()[free]])
    }

    /// Gives back the lease of an issue that was just taken.
    pub(crate) fn release(&self, _: usize) -> Command {
        let id = &self.repository.issues()[self.repository.issues().len() / 2];
        self.repository.use_leases(&self.leases);
        self.repository.jit(&["claim", "acquire", id]);
        self.jit(&["claim", "release", id])
    }

    /// A worktree for an issue that has none; that of the round before goes first.
    pub(crate) fn spawn(&self, round: usize) -> Command {
        let id = &self.repository.issues()[self.size + 1];
        self.repository.use_leases(&self.leases);
        if round > 0 {
            self.repository.jit(&["worktree", "remove", id, "--delete-branch"]);
        }
        self.repository.settle();
        self.jit(&["worktree", "spawn", id, "--no-agent"])
    }

    /// The same by Git alone.
    pub(crate) fn add(&self, round: usize) -> Command {
        let added = self.repository.beside("added");
        let added = added.to_str().expect("a path of our own");
        if round > 0 {
            self.repository.git(&["worktree", "remove", "--force", added]);
            self.repository.git(&["branch", "-q", "-D", "added"]);
        }
        self.repository.settle();
        self.git(&["worktree", "add", "-q", "--no-track", "-b", "added", added, "main"])
    }
}
