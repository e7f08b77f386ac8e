//! What `docs/performance.md` says was measured is what the stored runs say, and its picture too.

#[path = "../../benches/budgets/page.rs"]
mod page;
#[path = "../../benches/budgets/picture.rs"]
mod picture;
#[path = "../../benches/budgets/run.rs"]
mod run;

use super::root;
use run::Run;

fn runs() -> Vec<Run> {
    run::stored_in(&root().join("docs/performance")).expect("every file in the folder is a run")
}

#[test]
fn the_page_and_its_picture_are_what_was_measured() {
    let runs = runs();
    assert!(runs.len() >= 2, "one run says little");
    assert!(runs.is_sorted_by_key(|run| &run.date), "the names sort as the dates do");
    let page = std::fs::read_to_string(root().join("docs/performance.md")).expect("the page");
    for name in ["runs", "budgets", "others", "growth"] {
        assert!(page.contains(&format!("<!-- measured: {name} -->")), "there is no place for {name}");
    }
    assert!(page == page::renewed(&page, &runs), "not as measured: cargo bench --bench budgets -- --render");
    let picture = std::fs::read_to_string(root().join("docs/performance/growth.svg")).expect("the picture");
    assert!(picture == picture::svg(&runs), "not as measured: --render");
}

#[test]
fn what_missed_its_budget_is_explained() {
    let page = std::fs::read_to_string(root().join("docs/performance.md")).expect("the page");
    let written: String = page.split("<!-- measured: ").map(|part| part.split("<!-- end of ").nth(1).unwrap_or(part)).collect();
    for run in runs() {
        let rows = run.rows.iter().filter(|row| row.met == Some(false)).map(|row| &row.name);
        for name in rows.chain(run.curves.iter().filter(|curve| curve.met == Some(false)).map(|curve| &curve.name)) {
            assert!(written.contains(name.as_str()), "{}: nothing says why {name} missed its budget", run.date);
        }
    }
}
