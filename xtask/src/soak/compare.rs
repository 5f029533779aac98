//! What the two runs must have in common: everything but times.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Keys that differ between two runs of the same numbers: times, and digests of files that hold times.
const TIMES: [&str; 3] = ["seconds", "files", "integrity"];

/// What is different in the second run folder; nothing if all is well.
pub(super) fn differences(undisturbed: &Path, disturbed: &Path) -> Result<Vec<String>> {
    let mut differences = Vec::new();
    let names = |run: &Path| -> Result<Vec<String>> {
        let folder = run.join("checkpoints");
        let mut names = Vec::new();
        for entry in
            fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))?
        {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    };
    let (expected, found) = (names(undisturbed)?, names(disturbed)?);
    if expected != found {
        differences.push(format!("checkpoints: found {found:?}, expected {expected:?}"));
    }
    let mut compare = |name: &str, content: fn(&[u8]) -> Result<Vec<u8>>| -> Result<()> {
        let read = |run: &Path| -> Result<Vec<u8>> {
            let path = run.join(name);
            let bytes = fs::read(&path);
            let context = || format!("failed to read {}", path.display());
            content(&bytes.with_context(context)?).with_context(context)
        };
        if read(undisturbed)? != read(disturbed)? {
            differences.push(format!("{name} differs"));
        }
        Ok(())
    };
    for name in ["config.toml", "resolved.toml"] {
        compare(name, all)?;
    }
    compare("metrics.csv", metrics)?;
    compare("result.json", json)?;
    for checkpoint in expected.iter().filter(|name| found.contains(name)) {
        compare(&format!("checkpoints/{checkpoint}/model.safetensors"), all)?;
        compare(&format!("checkpoints/{checkpoint}/optimizer.safetensors"), all)?;
        compare(&format!("checkpoints/{checkpoint}/metrics.csv"), metrics)?;
        compare(&format!("checkpoints/{checkpoint}/state.json"), json)?;
    }
    Ok(differences)
}

fn all(content: &[u8]) -> Result<Vec<u8>> {
    Ok(content.to_vec())
}

/// A `metrics.csv` without its column of seconds.
fn metrics(content: &[u8]) -> Result<Vec<u8>> {
    let text = std::str::from_utf8(content).context("not a text")?;
    let column =
        text.lines().next().and_then(|line| line.split(',').position(|it| it == "seconds"));
    let mut rest = String::new();
    for line in text.lines() {
        let fields = line.split(',').enumerate().filter(|(index, _)| Some(*index) != column);
        rest += &fields.map(|(_, field)| field).collect::<Vec<_>>().join(",");
        rest.push('\n');
    }
    Ok(rest.into_bytes())
}

/// JSON without times.
fn json(content: &[u8]) -> Result<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(content).context("not JSON")?;
    if let Value::Object(object) = &mut value {
        object.retain(|key, _| !TIMES.contains(&key.as_str()));
    }
    Ok(value.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::differences;

    fn run(folder: &Path, weights: &str, seconds: &str) {
        let checkpoint = folder.join("checkpoints/step-00000002");
        fs::create_dir_all(&checkpoint).unwrap();
        let metrics = format!("step,seconds,loss\n1,{seconds},0.5\n");
        let json = format!("{{\"step\":2,\"seconds\":{seconds},\"integrity\":\"{seconds}\"}}");
        for (name, content) in [
            ("config.toml", ""),
            ("resolved.toml", ""),
            ("metrics.csv", &metrics),
            ("result.json", &json),
            ("checkpoints/step-00000002/model.safetensors", weights),
            ("checkpoints/step-00000002/optimizer.safetensors", ""),
            ("checkpoints/step-00000002/metrics.csv", &metrics),
            ("checkpoints/step-00000002/state.json", &json),
        ] {
            fs::write(folder.join(name), content).unwrap();
        }
    }

    #[test]
    fn runs_differ_in_times_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        run(&first, "weights", "1.5");
        run(&second, "weights", "2.5");
        assert!(differences(&first, &second).unwrap().is_empty());
        run(&second, "Weights", "2.5");
        assert_eq!(
            differences(&first, &second).unwrap(),
            ["checkpoints/step-00000002/model.safetensors differs"]
        );
        run(&second, "weights", "2.5");
        fs::write(second.join("metrics.csv"), "step,seconds,loss\n1,2.5,0.25\n").unwrap();
        assert_eq!(differences(&first, &second).unwrap(), ["metrics.csv differs"]);
        fs::create_dir(second.join("checkpoints/.writing-00000004")).unwrap();
        assert_eq!(differences(&first, &second).unwrap().len(), 2);
    }
}
