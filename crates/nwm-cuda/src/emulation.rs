//! Kernels on the CPU: the same sources, compiled as C++ with the headers in `emulation/`, in a process of their own.
//!
//! The process holds the arrays and runs a launch when it is told to. A kernel that breaks a rule (a barrier that some
//! threads miss, an access out of bounds, a race) ends the process with a message, which becomes the error of the launch.

use std::cell::RefCell;
use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::launch::{Argument, Grid, Kernel, Limits, Module, Product, Queue, full_list};

/// The headers of the emulation, so that a crate that uses this one needs no path into its sources.
const HEADERS: [(&str, &str); 5] = [
    ("emulation.h", include_str!("../emulation/emulation.h")),
    ("fibers.h", include_str!("../emulation/fibers.h")),
    ("server.h", include_str!("../emulation/server.h")),
    ("shared_memory.h", include_str!("../emulation/shared_memory.h")),
    ("nwm.cuh", include_str!("../kernels/nwm.cuh")),
];

/// Held while a program is compiled.
static BUILDING: Mutex<()> = Mutex::new(());

/// In which order the threads of a block run between two waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the first to the last.
    Forward,
    /// From the last to the first.
    Reverse,
    /// Another order at every turn, the same in every run.
    Shuffled,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Reverse => "reverse",
            Self::Shuffled => "shuffled",
        }
    }
}

/// The sources of modules, and how they are compiled.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    /// What the program is called.
    pub name: &'a str,
    /// The folder with `NAME.cu` of every module, and the headers that they include.
    pub folder: &'a Path,
    /// The modules.
    pub modules: &'a [&'static Module],
    /// Whether every access of shared memory and every address is checked; several times slower.
    pub checked: bool,
    /// Macros to define, such as those that plant a mistake.
    pub defines: &'a [&'a str],
}

/// A compiled emulation, from which any number of processes start.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
}

impl Program {
    /// Compiles the sources with `g++` (or what the environment variable `CXX` names) into a folder, unless the same
    /// sources were compiled there before.
    ///
    /// # Errors
    /// [`Error::Build`] if there is no compiler, a file cannot be read or written, or the sources do not compile.
    pub fn build(sources: &Sources<'_>, folder: &Path) -> Result<Self> {
        let failed = |why: String| Error::Build { name: sources.name.to_owned(), why };
        let file =
            |path: &Path, error: std::io::Error| failed(format!("{}: {error}", path.display()));
        let main = main_file(sources);
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "g++".to_owned());
        let flags = flags(sources);

        let mut hasher = DefaultHasher::new();
        (&main, &compiler, &flags, HEADERS).hash(&mut hasher);
        for path in kernel_files(sources.folder).map_err(|error| file(sources.folder, error))? {
            fs::read(&path).map_err(|error| file(&path, error))?.hash(&mut hasher);
        }
        let program = format!("{}-{:016x}", sources.name, hasher.finish());
        let path = folder.join(&program);
        // One at a time in this process; others never see half a program, since it is renamed when it is whole.
        let _turn = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        if path.exists() {
            return Ok(Self { path });
        }

        let build = folder.join(format!("{program}.{}", std::process::id()));
        fs::create_dir_all(&build).map_err(|error| file(&build, error))?;
        for (name, text) in HEADERS.into_iter().chain([("main.cpp", main.as_str())]) {
            let header = build.join(name);
            fs::write(&header, text).map_err(|error| file(&header, error))?;
        }
        let output = Command::new(&compiler)
            .args(&flags)
            .arg("-I")
            .arg(&build)
            .arg("-I")
            .arg(sources.folder)
            .arg(build.join("main.cpp"))
            .arg("-o")
            .arg(build.join("program"))
            .output()
            .map_err(|error| failed(format!("{compiler} does not start: {error}")))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        fs::rename(build.join("program"), &path).map_err(|error| file(&path, error))?;
        fs::remove_dir_all(&build).map_err(|error| file(&build, error))?;
        Ok(Self { path })
    }

    /// Starts a process, with blocks that may have what `limits` says.
    ///
    /// # Errors
    /// [`Error::Emulation`] if the program does not start.
    pub fn start(&self, order: Order, limits: Limits) -> Result<Emulation> {
        let mut process = Command::new(&self.path)
            .arg(order.name())
            // Fibers are no leaks, and their stacks no use after return.
            .env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::Emulation(format!("{}: {error}", self.path.display())))?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let Some((input, output)) = pipes else {
            return Err(Error::Emulation("the process has no pipes".to_owned()));
        };
        let connection = Connection {
            process,
            input: Some(BufWriter::new(input)),
            output: BufReader::new(output),
        };
        Ok(Emulation { connection: Rc::new(RefCell::new(connection)), limits })
    }
}

/// The files of a folder of kernels, sorted.
fn kernel_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cu" || extension == "cuh") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Includes the sources and serves their kernels.
fn main_file(sources: &Sources<'_>) -> String {
    let mut text = "#include \"server.h\"\n".to_owned();
    for module in sources.modules {
        let _ = writeln!(text, "#include \"{}.cu\"", module.name);
    }
    text += "int main(int count, char **arguments) {\n    return emulation::serve({\n";
    for name in sources.modules.iter().flat_map(|module| module.kernels) {
        let _ = writeln!(text, "        NWM_KERNEL({name}),");
    }
    text + "    }, count, arguments);\n}\n"
}

fn flags(sources: &Sources<'_>) -> Vec<String> {
    // Products and sums are contracted where a kernel says fmaf and nowhere else.
    let mut flags = ["-std=c++17", "-ffp-contract=off", "-Wno-unknown-pragmas", "-DNWM_EMULATED"]
        .map(str::to_owned)
        .to_vec();
    if cfg!(target_arch = "x86_64") {
        flags.push("-mfma".to_owned());
    }
    if sources.checked {
        flags.extend(["-O1", "-g1", "-fsanitize=address", "-DNWM_CHECKED"].map(str::to_owned));
    } else {
        flags.push("-O2".to_owned());
    }
    flags.extend(sources.defines.iter().map(|define| format!("-D{define}")));
    flags
}

/// A process that runs kernels.
pub struct Emulation {
    connection: Rc<RefCell<Connection>>,
    limits: Limits,
}

/// An array of an [`Emulation`].
pub struct EmulatedArray {
    connection: Rc<RefCell<Connection>>,
    id: u32,
    length: usize,
}

struct Connection {
    process: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
}

impl Connection {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let sent = self.input.as_mut().map(|input| input.write_all(bytes));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(self.last_words()),
        }
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<()> {
        let flushed = self.input.as_mut().map(|input| input.flush());
        if !matches!(flushed, Some(Ok(()))) || self.output.read_exact(bytes).is_err() {
            return Err(self.last_words());
        }
        Ok(())
    }

    fn receive_u32(&mut self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.receive(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn receive_u64(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.receive(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// What a process said before it ended.
    fn last_words(&mut self) -> Error {
        self.input = None;
        let mut words = String::new();
        if let Some(errors) = self.process.stderr.as_mut() {
            let _ = errors.read_to_string(&mut words);
        }
        let status = self.process.wait();
        let words = words.trim();
        Error::Emulation(match status {
            _ if !words.is_empty() => words.to_owned(),
            Ok(status) => format!("the process ended ({status}) without a word"),
            Err(error) => error.to_string(),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The process ends when its input does.
        self.input = None;
        let _ = self.process.wait();
    }
}

impl Drop for EmulatedArray {
    fn drop(&mut self) {
        if let Ok(mut connection) = self.connection.try_borrow_mut()
            && connection.input.is_some()
        {
            let _ = connection.send(&[5_u32.to_le_bytes(), self.id.to_le_bytes()].concat());
        }
    }
}

impl Emulation {
    /// Replaces the values of an array.
    fn overwrite(&self, array: &EmulatedArray, values: &[f32]) -> Result<()> {
        let mut connection = self.connection.borrow_mut();
        connection.send(&[2_u32.to_le_bytes(), array.id.to_le_bytes()].concat())?;
        connection.send(&(values.len() as u64).to_le_bytes())?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        connection.send(&bytes)
    }
}

/// The kind of an argument and its value, as `server.h` reads them.
fn encoded(argument: &Argument<'_, EmulatedArray>) -> Result<(u32, Vec<u8>)> {
    let pointer = |array: &EmulatedArray, offset: usize| {
        [&array.id.to_le_bytes()[..], &(offset as i64).to_le_bytes()].concat()
    };
    Ok(match argument {
        Argument::Array(None) => (0, Vec::new()),
        Argument::Array(Some((array, offset))) => (1, pointer(array, *offset)),
        Argument::Int(value) => (2, value.to_le_bytes().to_vec()),
        Argument::Float(value) => (3, value.to_le_bytes().to_vec()),
        Argument::Long(value) => (4, value.to_le_bytes().to_vec()),
        Argument::Counts(counts) => {
            let list = full_list(counts.iter(), &0)?;
            (5, list.iter().flat_map(|count| count.to_le_bytes()).collect())
        }
        Argument::Pointers(pointers) => {
            let list = full_list(pointers.iter().map(Some), None)?;
            let of_place = |place: Option<&(&EmulatedArray, usize)>| match place {
                Some((array, offset)) => pointer(array, *offset),
                None => vec![0; 12],
            };
            (6, list.into_iter().flat_map(of_place).collect())
        }
    })
}

impl Queue for Emulation {
    type Array = EmulatedArray;

    fn array(&self, length: usize) -> Result<EmulatedArray> {
        let mut connection = self.connection.borrow_mut();
        connection.send(&1_u32.to_le_bytes())?;
        connection.send(&(length as u64).to_le_bytes())?;
        let id = connection.receive_u32()?;
        Ok(EmulatedArray { connection: Rc::clone(&self.connection), id, length })
    }

    fn zeros(&self, length: usize) -> Result<EmulatedArray> {
        self.upload(&vec![0.0; length])
    }

    fn upload(&self, values: &[f32]) -> Result<EmulatedArray> {
        let array = self.array(values.len())?;
        self.overwrite(&array, values)?;
        Ok(array)
    }

    fn download(&self, array: &EmulatedArray) -> Result<Vec<f32>> {
        let mut connection = self.connection.borrow_mut();
        connection.send(&[3_u32.to_le_bytes(), array.id.to_le_bytes()].concat())?;
        let length = connection.receive_u64()?;
        let mut bytes = vec![0; 4 * length as usize];
        connection.receive(&mut bytes)?;
        let (words, _) = bytes.as_chunks::<4>();
        Ok(words.iter().map(|&word| f32::from_le_bytes(word)).collect())
    }

    fn synchronise(&self) -> Result<()> {
        Ok(())
    }

    fn length(&self, array: &EmulatedArray) -> usize {
        array.length
    }

    fn launch(
        &self,
        kernel: Kernel,
        grid: Grid,
        arguments: &[Argument<'_, EmulatedArray>],
    ) -> Result<()> {
        grid.check(kernel.name, self.limits)?;
        let mut message = Vec::new();
        let mut word = |word: u32| message.extend(word.to_le_bytes());
        word(4);
        word(kernel.name.len() as u32);
        message.extend(kernel.name.as_bytes());
        let mut word = |word: u32| message.extend(word.to_le_bytes());
        grid.blocks.into_iter().for_each(|blocks| word(blocks as u32));
        word(grid.threads as u32);
        word(4 * grid.shared_words as u32);
        word(arguments.len() as u32);
        for argument in arguments {
            let (kind, value) = encoded(argument)?;
            message.extend(kind.to_le_bytes());
            message.extend(value);
        }
        let mut connection = self.connection.borrow_mut();
        connection.send(&message)?;
        connection.receive_u32()?;
        Ok(())
    }

    fn multiply(&self, product: &Product<'_, EmulatedArray>) -> Result<()> {
        product.check(|array| array.length)?;
        let Product { rows, columns, inner, .. } = *product;
        let left = self.download(product.left.array)?;
        let right = self.download(product.right.array)?;
        let (array, start) = product.result;
        let mut result = self.download(array)?;
        for row in 0..rows {
            for column in 0..columns {
                let place = &mut result[start + row * columns + column];
                let mut sum = if product.accumulate { *place } else { 0.0 };
                for term in 0..inner {
                    let of_left = if product.left.transposed {
                        term * rows + row
                    } else {
                        row * inner + term
                    };
                    let of_right = if product.right.transposed {
                        column * inner + term
                    } else {
                        term * columns + column
                    };
                    sum += left[product.left.offset + of_left]
                        * right[product.right.offset + of_right];
                }
                *place = sum;
            }
        }
        self.overwrite(array, &result)
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}
