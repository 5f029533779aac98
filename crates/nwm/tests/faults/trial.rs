//! One fault in one command, and what must hold afterwards.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::{nwm, stderr};
use crate::folder::{self, Snapshot};
use crate::layer::{self, Call, Kind};
use crate::scenarios::Scenario;

/// Calls of one command that are tried at most: the first and last ones, and some between.
const MOST_CALLS: usize = 240;

/// Where several processes may make the same data set.
const CACHE: &str = "data/cache";

/// What the command does when nothing fails.
struct Undisturbed<'a> {
    scenario: &'a Scenario,
    calls: Vec<Call>,
    before: Snapshot,
    after: Snapshot,
}

/// Tries the points of a scenario and reports all that goes wrong.
pub(crate) fn sweep(scenario: &Scenario) {
    let undisturbed = undisturbed(scenario);
    let points = points(&undisturbed.calls, scenario);
    let mut problems = Vec::new();
    let mut tried = BTreeMap::new();
    for &(kind, at) in &points {
        match trial(&undisturbed, kind, at) {
            Ok(true) => *tried.entry(format!("{kind:?}")).or_insert(0) += 1,
            Ok(false) => {}
            Err(problem) => {
                let Call { effect, path, .. } = &undisturbed.calls[at - 1];
                problems.push(format!("{kind:?} at call {at} ({effect} {path}): {problem}"));
            }
        }
    }
    let calls = undisturbed.calls.len();
    eprintln!("{}: {calls} calls, {} points tried: {tried:?}", scenario.name, points.len());
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// The kinds and numbers of calls to try.
fn points(calls: &[Call], scenario: &Scenario) -> Vec<(Kind, usize)> {
    let mut all = Vec::new();
    let stride = calls.len().div_ceil(MOST_CALLS);
    for (index, call) in calls.iter().enumerate() {
        if index >= 40 && index + 40 < calls.len() && index % stride != 0 {
            continue;
        }
        let kinds = Kind::ALL.into_iter().filter(|&kind| kind != Kind::ShortAlways);
        all.extend(kinds.filter(|kind| kind.concerns(&call.effect)).map(|kind| (kind, index + 1)));
    }
    if std::env::var("NWM_FAULTS").is_ok_and(|value| value == "all") {
        all.push((Kind::ShortAlways, 1));
        return all;
    }
    // Evenly spread, with a step that shares no factor with the number of kinds, from a start of the scenario's own.
    let mut state =
        scenario.name.bytes().fold(7_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
    let mut sample = vec![(Kind::ShortAlways, 1)];
    for _ in 0..scenario.sample {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sample.push(all[(state >> 33) as usize % all.len()]);
    }
    sample
}

fn command(scenario: &Scenario, folder: &Path) -> Command {
    let mut command = nwm(folder);
    // The number of threads is in the record of a run.
    command.env("RAYON_NUM_THREADS", "1").arg("--quiet").args(&scenario.arguments);
    command
}

/// A copy of the template under its path without links, as the kernel names it.
fn copy(scenario: &Scenario) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    folder::copy(scenario.template.path(), folder.path());
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}

/// Runs the command twice without a fault: what is not the same both times says nothing about a third.
fn undisturbed(scenario: &Scenario) -> Undisturbed<'_> {
    let [(calls, after), (_, other)] = [(); 2].map(|()| {
        let (_guard, path) = copy(scenario);
        let traced = layer::run(command(scenario, &path), &path, None);
        assert_eq!(traced.output.status.code(), Some(scenario.code), "{}", stderr(&traced.output));
        assert_eq!(folder::scratch(&path), Vec::<String>::new());
        (traced.calls, folder::finished(&path))
    });
    assert_same(&after, &other).unwrap();
    // A file that is written through memory would escape the layer.
    assert!(!calls.is_empty() && calls.iter().all(|call| call.effect != "map"), "{calls:?}");
    Undisturbed { scenario, calls, before: folder::finished(scenario.template.path()), after }
}

/// Lets one call fail, looks at what is left, and starts the command again. Whether the fault was reached.
fn trial(undisturbed: &Undisturbed<'_>, kind: Kind, at: usize) -> Result<bool, String> {
    let scenario = undisturbed.scenario;
    let (_guard, path) = copy(scenario);
    let traced = layer::run(command(scenario, &path), &path, Some((kind, at)));
    let Some(failed) = traced.calls.iter().find(|call| call.failed) else { return Ok(false) };
    check_end(scenario, kind, failed, &path, &traced.output)?;
    check_files(undisturbed, &path)?;
    let left = folder::scratch(&path);
    let may_stay = kind.kills() || kind == Kind::Error && failed.effect == "remove";
    if !may_stay && !left.is_empty() {
        return Err(format!("{left:?} stay"));
    }
    let output = command(scenario, &path).args(&scenario.again).output().unwrap();
    let text = stderr(&output);
    let is_done = scenario.is_done_once && text.contains("the folder holds a run already");
    if output.status.code() != Some(scenario.code) && !is_done {
        return Err(format!("started again: {}: {text}", output.status));
    }
    assert_same(&undisturbed.after, &folder::finished(&path))
        .map_err(|problem| format!("started again: {problem}"))?;
    // One process at a time trains or puts portions together, so it may remove what another one has left. Several share the
    // cache, so that there it may not.
    let mut left = folder::scratch(&path);
    left.retain(|name| !Path::new(name).starts_with(CACHE));
    let trains = !scenario.again.is_empty();
    if trains && !left.is_empty() || folder::has_portions(&path) {
        return Err(format!("started again: {left:?} or portions stay"));
    }
    Ok(true)
}

/// The exit code and the message are those of the fault.
fn check_end(
    scenario: &Scenario,
    kind: Kind,
    failed: &Call,
    folder: &Path,
    output: &Output,
) -> Result<(), String> {
    let text = stderr(output);
    if text.contains("panicked") {
        return Err(text);
    }
    if kind.kills() {
        let signal = output.status.signal();
        return if signal == Some(9) { Ok(()) } else { Err(format!("{}", output.status)) };
    }
    let code = output.status.code();
    let harmless = matches!(kind, Kind::Short | Kind::ShortAlways);
    // What cannot be removed is left, and an error that came before is the one to report.
    let optional = failed.effect == "remove" || scenario.code != 0;
    if harmless || code == Some(scenario.code) && optional {
        return if code == Some(scenario.code) { Ok(()) } else { Err(format!("{code:?}: {text}")) };
    }
    if code != Some(6) {
        return Err(format!("found code {code:?}, expected 6: {text}"));
    }
    let errors: Vec<&str> = text.lines().filter(|line| !line.starts_with("warning: ")).collect();
    let [error] = errors.as_slice() else { return Err(format!("more than an error: {text}")) };
    if !error.starts_with("error: failed to ") {
        return Err(format!("not a fragment: {text}"));
    }
    let name = final_name(&failed.path);
    // The working folder is not named, but the file in it whose name is being flushed; nor which file of a folder could not
    // be removed, but the folder.
    let removed = failed.effect == "remove" && error.contains("/.removing-");
    if !error.contains(&name) && !removed && Path::new(&failed.path) != folder {
        return Err(format!("{name} is not named: {text}"));
    }
    let system = if kind == Kind::Full { "No space left on device" } else { "Input/output error" };
    if !error.contains(system) {
        return Err(format!("it does not say {system:?}: {text}"));
    }
    Ok(())
}

/// The name that a scratch file is going to have.
fn final_name(path: &str) -> String {
    let name = Path::new(path).file_name().unwrap().to_string_lossy();
    if let Some(step) = name.strip_prefix(".removing-") {
        return format!("step-{step}");
    }
    let scratch = name.strip_prefix('.').and_then(|name| name.strip_suffix(".partial"));
    match scratch.and_then(|name| name.rsplit_once('.')) {
        Some((name, _random)) => name.to_owned(),
        None => name.into_owned(),
    }
}

/// Every file under a final name is the old one, the new one, or one that `nwm inspect` finds intact.
fn check_files(undisturbed: &Undisturbed<'_>, folder: &Path) -> Result<(), String> {
    let known = [&undisturbed.before, &undisturbed.after];
    let inspect = |path: &Path| {
        let output = nwm(folder).arg("inspect").arg(path).output().unwrap();
        match output.status.code() {
            Some(0) => Ok(()),
            _ => Err(format!(
                "{}: {}{}",
                path.display(),
                String::from_utf8_lossy(&output.stdout),
                stderr(&output)
            )),
        }
    };
    // Digests of a checkpoint are not in its snapshot.
    if folder.join("run/run.json").is_file() {
        inspect(&folder.join("run"))?;
    }
    for (name, content) in folder::finished(folder) {
        if known.iter().any(|files| files.get(&name) == Some(&content)) {
            continue;
        }
        inspect(&folder.join(&name))?;
    }
    Ok(())
}

fn assert_same(expected: &Snapshot, found: &Snapshot) -> Result<(), String> {
    let names = |files: &Snapshot| files.keys().cloned().collect::<Vec<_>>();
    if names(expected) != names(found) {
        return Err(format!("found {:?}, expected {:?}", names(found), names(expected)));
    }
    let mut different = expected.iter().filter(|(name, content)| found[*name] != **content);
    match different.next() {
        None => Ok(()),
        Some((name, _)) => Err(format!("{name} is another one")),
    }
}
