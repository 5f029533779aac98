//! On what a measurement was made.

use std::process::Command;

use serde::Serialize;

use super::process;

/// What a reader needs to know to compare a number with one of theirs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Machine {
    /// As the processor names itself.
    pub(crate) processor: String,
    pub(crate) cores: usize,
    /// Bytes, if the system tells.
    pub(crate) memory: Option<u64>,
    pub(crate) system: String,
    pub(crate) compiler: String,
}

impl Machine {
    /// This one.
    pub(crate) fn this() -> Self {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let ask = |program: &str, arguments: &[&str]| {
            let output = process::output(Command::new(program).args(arguments));
            output.map(|text| text.trim().to_owned()).ok().filter(|text| !text.is_empty())
        };
        let unknown = || "unknown".to_owned();
        Self {
            processor: field(&text("/proc/cpuinfo"), "model name")
                .or_else(|| ask("sysctl", &["-n", "machdep.cpu.brand_string"]))
                .unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: field(&text("/proc/meminfo"), "MemTotal").as_deref().and_then(kibibytes),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            compiler: ask("rustc", &["--version"]).unwrap_or_else(unknown),
        }
    }

    /// The processor as part of a file name.
    pub(super) fn slug(&self) -> String {
        slug(&self.processor)
    }

    /// One line for reading.
    pub(crate) fn describe(&self) -> String {
        let Self { processor, cores, memory, system, compiler } = self;
        let memory = memory.map(|it| format!(", {:.0} GB", it as f64 * 1e-9)).unwrap_or_default();
        format!("{processor}, {cores} cores{memory}; {system}; {compiler}")
    }
}

/// The name of a processor or a card as part of a file name.
pub(crate) fn slug(name: &str) -> String {
    let name = name.replace("(R)", "").replace("(TM)", "").to_lowercase();
    let words = name.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The value of the first `name : value` line.
fn field(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn kibibytes(value: &str) -> Option<u64> {
    value.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::{Machine, field, kibibytes};

    #[test]
    fn fields_of_proc_are_found() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nmodel name\t: Other\n";
        assert_eq!(field(text, "model name").as_deref(), Some("Some CPU @ 3 GHz"));
        assert_eq!(field(text, "model"), None);
        assert_eq!(kibibytes("24 kB"), Some(24 * 1024));
        assert_eq!(kibibytes("24"), None);
    }

    #[test]
    fn the_processor_becomes_part_of_a_file_name() {
        let machine = Machine {
            processor: "Intel(R) Xeon(R) CPU @ 2.10GHz".to_owned(),
            cores: 2,
            memory: Some(25_000_000_000),
            system: "linux x86_64".to_owned(),
            compiler: "rustc 1.95.0".to_owned(),
        };
        assert_eq!(machine.slug(), "intel-xeon-cpu-2-10ghz");
        assert_eq!(
            machine.describe(),
            "Intel(R) Xeon(R) CPU @ 2.10GHz, 2 cores, 25 GB; linux x86_64; rustc 1.95.0"
        );
    }
}
