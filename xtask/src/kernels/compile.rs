//! Compiling modules: PTX for programs to load, and machine code for what the assembler says about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::nvcc::Nvcc;
use super::resources::{self, Row};
use super::sources::KernelFolder;
use super::{ptx, ptxas};
use crate::console;
use crate::workspace::Workspace;

/// What kernels must compile for, and have rows for.
const ARCHITECTURES: [&str; 3] = ["sm_80", "sm_90", "sm_100"];

/// The PTX that is checked in, with the oldest device that loads it: assembling for that one proves that it can be.
const PTX: [(&str, &str); 2] = [("compute_80", "sm_80"), ("compute_90a", "sm_90a")];

/// Flags of every compilation. No line numbers: they would change the text with every comment.
const FLAGS: [&str; 5] = ["-O3", "-std=c++17", "--fmad=true", "-I", "crates/nwm-cuda/kernels"];

/// Compilers that run at once; each takes up to a gigabyte.
const AT_ONCE: usize = 2;

/// What the modules of a folder compile to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Built {
    pub(super) folder: KernelFolder,
    /// Text by path relative to the repository.
    pub(super) ptx: BTreeMap<String, String>,
    /// Sorted.
    pub(super) rows: Vec<Row>,
}

/// One run of the compiler, or two.
struct Job<'a> {
    folder: usize,
    module: &'a str,
    product: Product,
}

#[derive(Clone, Copy)]
enum Product {
    Ptx(&'static str, &'static str),
    Code(&'static str),
}

impl Product {
    /// What the source is compiled for.
    fn architecture(self) -> &'static str {
        match self {
            Self::Ptx(architecture, _) | Self::Code(architecture) => architecture,
        }
    }
}

/// What a job made.
enum Made {
    Ptx(String, String),
    Rows(Vec<Row>),
}

/// Compiles all modules of all folders.
pub(super) fn compile(
    workspace: &Workspace,
    nvcc: &Nvcc,
    folders: &[KernelFolder],
) -> Result<Vec<Built>> {
    let scratch = Scratch::new(workspace.target())?;
    let compiler = Compiler { root: workspace.root(), nvcc, scratch: &scratch };
    let mut jobs = Vec::new();
    for (folder, modules) in folders.iter().map(KernelFolder::modules).enumerate() {
        for module in modules {
            let ptx = PTX.map(|(virtual_one, device)| Product::Ptx(virtual_one, device));
            let products = ptx.into_iter().chain(ARCHITECTURES.map(Product::Code));
            jobs.extend(products.map(|product| Job { folder, module, product }));
        }
    }
    let outcomes = side_by_side(AT_ONCE, &jobs, |job| compiler.run(&folders[job.folder], job));

    let mut built: Vec<Built> = folders
        .iter()
        .map(|folder| Built { folder: folder.clone(), ptx: BTreeMap::new(), rows: Vec::new() })
        .collect();
    // What is wrong with a source is mostly wrong for each architecture.
    let mut warnings = BTreeSet::new();
    let mut errors: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for (job, outcome) in jobs.iter().zip(outcomes) {
        let built = &mut built[job.folder];
        match outcome {
            Ok((made, said)) => {
                if !said.is_empty() && warnings.insert(said.clone()) {
                    console::progress(&said);
                }
                match made {
                    Made::Ptx(path, text) => {
                        built.ptx.insert(path, text);
                    }
                    Made::Rows(rows) => built.rows.extend(rows),
                }
            }
            Err(error) => {
                let key = (built.folder.source(job.module), format!("{error:#}"));
                errors.entry(key).or_default().push(job.product.architecture());
            }
        }
    }
    if !errors.is_empty() {
        let lines = errors.into_iter().map(|((source, error), architectures)| {
            format!("{source} for {}: {error}", architectures.join(", "))
        });
        bail!("{}", lines.collect::<Vec<_>>().join("\n"));
    }
    for built in &mut built {
        resources::sort(&mut built.rows);
    }
    Ok(built)
}

/// What every run of the compiler shares.
struct Compiler<'a> {
    root: &'a Path,
    nvcc: &'a Nvcc,
    scratch: &'a Scratch,
}

impl Compiler<'_> {
    /// Does a job; also returns warnings.
    fn run(&self, folder: &KernelFolder, job: &Job<'_>) -> Result<(Made, String)> {
        let source = folder.source(job.module);
        let result = self.scratch.file(&source);
        match job.product {
            Product::Ptx(virtual_one, device) => {
                let result = result.with_extension(format!("{virtual_one}.ptx"));
                let said = self.nvcc(virtual_one, "-ptx", Path::new(&source), &result)?;
                let code = result.with_extension("cubin");
                self.nvcc(device, "-cubin", &result, &code)
                    .with_context(|| format!("the PTX cannot be assembled for {device}"))?;
                let text = fs::read_to_string(&result)
                    .with_context(|| format!("failed to read {}", result.display()))?;
                let path = folder.ptx(job.module, virtual_one);
                Ok((Made::Ptx(path, ptx::without_place(&text)), warnings(&said)))
            }
            Product::Code(architecture) => {
                let result = result.with_extension(format!("{architecture}.cubin"));
                let said = self.nvcc(architecture, "-cubin", Path::new(&source), &result)?;
                let rows = ptxas::parse(job.module, &said)?;
                ensure!(
                    !rows.is_empty(),
                    "no kernel; each is `extern \"C\" __global__`, and what several modules share is a \
                     .cuh file"
                );
                Ok((Made::Rows(rows), warnings(&said)))
            }
        }
    }

    /// Runs the compiler in the repository and returns its messages.
    fn nvcc(
        &self,
        architecture: &str,
        product: &str,
        source: &Path,
        result: &Path,
    ) -> Result<String> {
        let mut command = self.nvcc.command();
        command.current_dir(self.root).args(FLAGS).args(["-Xptxas", "-v"]);
        command.arg(format!("-arch={architecture}")).arg(product).arg("-o").arg(result).arg(source);
        let output = command
            .output()
            .with_context(|| format!("failed to run {}", self.nvcc.description()))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let (status, complaint) = (output.status, warnings(&said));
        ensure!(status.success(), "nvcc ended with {status}\n{complaint}");
        Ok(said)
    }
}

/// The messages that are not the assembler's numbers.
fn warnings(messages: &str) -> String {
    let is_number = |line: &str| {
        line.starts_with("ptxas info") || line.trim_start().contains("bytes stack frame")
    };
    let lines: Vec<&str> = messages.lines().filter(|line| !is_number(line)).collect();
    lines.join("\n").trim().to_owned()
}

/// A folder of this process for what is not kept, removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(target: &Path) -> Result<Self> {
        let folder = target.join(format!("kernels-{}", std::process::id()));
        fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// A file for what a source compiles to; sources of the same name in two crates have two.
    fn file(&self, source: &str) -> PathBuf {
        self.0.join(source.replace('/', "+"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the build folder does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Does the work for all items on so many threads, and returns what came out in the order of the items.
fn side_by_side<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Vec<Result<R>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some((index, item)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).map(|item| (index, item))
        } {
            done.push((index, work(item)));
        }
        done
    };
    let mut results: Vec<Option<Result<R>>> = items.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        for (index, result) in workers.into_iter().filter_map(|it| it.join().ok()).flatten() {
            results[index] = Some(result);
        }
    });
    let lost = || Err(anyhow!("the thread that compiled this ended early"));
    results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
}

#[cfg(test)]
mod tests {
    use anyhow::{Result, ensure};

    use super::{Scratch, side_by_side, warnings};

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..20).collect();
        let results = side_by_side(2, &items, |&item| {
            // Early items take longest.
            std::thread::sleep(std::time::Duration::from_millis(20 - item));
            ensure!(item != 7, "seven");
            Ok(item * item)
        });
        let results: Vec<Result<u64, String>> =
            results.into_iter().map(|it| it.map_err(|error| error.to_string())).collect();
        for (item, result) in results.into_iter().enumerate() {
            match item {
                7 => assert_eq!(result, Err("seven".to_owned())),
                _ => assert_eq!(result, Ok((item * item) as u64)),
            }
        }
        assert!(side_by_side(2, &[], |&item: &u8| Ok(item)).is_empty());
    }

    #[test]
    fn the_numbers_of_the_assembler_are_no_warnings() {
        let numbers = "ptxas info    : 0 bytes gmem\nptxas info    : Function properties for first\n    \
                       0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n";
        assert_eq!(warnings(numbers), "");
        let warning =
            "a.cu(3): warning #177-D: variable \"x\" was declared but never referenced\n\n";
        assert_eq!(warnings(&format!("{numbers}{warning}")), warning.trim());
    }

    #[test]
    fn what_is_not_kept_is_removed() {
        let target = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(target.path()).unwrap();
        let files = ["a", "b"].map(|name| scratch.file(&format!("crates/{name}/kernels/x.cu")));
        assert_ne!(files[0], files[1]);
        std::fs::write(&files[0], "").unwrap();
        drop(scratch);
        assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 0);
    }
}
