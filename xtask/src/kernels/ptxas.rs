//! What the assembler says that kernels use.

use anyhow::{Context, Result, bail, ensure};

use super::resources::Row;

/// A kernel whose numbers are being read.
struct Entry {
    kernel: String,
    architecture: String,
    /// Stack, spill stores and spill loads in bytes.
    memory: Option<[u32; 3]>,
}

/// Reads the messages of `ptxas -v` for a module: a row for each kernel, in the order of the messages.
///
/// # Errors
/// If a kernel is not `extern "C"`, if a function that was not inlined spills (no row would show it), or if the
/// assembler does not write what this reads.
pub(super) fn parse(module: &str, messages: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut entry: Option<Entry> = None;
    let mut function = "";
    for line in messages.lines() {
        let context = || format!("failed to read what ptxas says: {line}");
        let line = line.trim();
        let message = line.strip_prefix("ptxas info").unwrap_or(line);
        let message = message.trim_start_matches([' ', ':']);
        if let Some(rest) = message.strip_prefix("Compiling entry function ") {
            complete(entry.take())?;
            let mut names = rest.split('\'').skip(1).step_by(2);
            let mut name = || names.next().map(str::to_owned).with_context(context);
            let new = Entry { kernel: name()?, architecture: name()?, memory: None };
            ensure!(
                !new.kernel.starts_with("_Z"),
                "kernel {} has a C++ name; declare it extern \"C\"",
                new.kernel
            );
            entry = Some(new);
        } else if let Some(name) = message.strip_prefix("Function properties for ") {
            function = name;
        } else if message.contains("bytes stack frame") {
            let number = |what: &str| number(message, what).with_context(context);
            let memory = [
                number("bytes stack frame")?,
                number("bytes spill stores")?,
                number("bytes spill loads")?,
            ];
            match &mut entry {
                Some(entry) if entry.kernel == function => entry.memory = Some(memory),
                _ if memory[1] > 0 || memory[2] > 0 => bail!(
                    "function {function} spills {} bytes, and is called instead of inlined, so that no kernel's row shows \
                     it; make it smaller or inline",
                    memory[1].max(memory[2])
                ),
                _ => {}
            }
        } else if message.starts_with("Used ") {
            let Some(Entry { kernel, architecture, memory }) = entry.take() else { continue };
            let [stack_bytes, spill_stores, spill_loads] = memory.with_context(|| {
                format!("ptxas does not say what stack {kernel} has on {architecture}")
            })?;
            let used = message.trim_start_matches("Used ");
            rows.push(Row {
                module: module.to_owned(),
                kernel,
                architecture,
                registers: number(used, "registers").with_context(context)?,
                spill_stores,
                spill_loads,
                // Not mentioned where there is none.
                static_shared_bytes: number(used, "bytes smem").unwrap_or(0),
                stack_bytes,
            });
        }
    }
    complete(entry)?;
    Ok(rows)
}

/// Every kernel's registers have been told before the next begins.
fn complete(entry: Option<Entry>) -> Result<()> {
    let Some(Entry { kernel, architecture, .. }) = entry else { return Ok(()) };
    bail!("ptxas does not say how many registers {kernel} uses on {architecture}")
}

/// The number before these words among parts that commas separate.
fn number(message: &str, what: &str) -> Option<u32> {
    let part = message.split(',').map(str::trim).find(|part| part.ends_with(what))?;
    part.strip_suffix(what)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// Messages of nvcc 13.0.88. `slow` is a function that `second` calls.
    const MESSAGES: &str = "\
ptxas info    : 16 bytes gmem, 8 bytes cmem[4]
ptxas info    : Compiling entry function 'spiller' for 'sm_80'
ptxas info    : Function properties for spiller
    1304 bytes stack frame, 1276 bytes spill stores, 1316 bytes spill loads
ptxas info    : Used 32 registers, used 1 barriers, 1304 bytes cumulative stack size, 364 bytes cmem[0]
ptxas info    : Compile time = 28.274 ms
ptxas info    : Compiling entry function 'second' for 'sm_80'
ptxas info    : Function properties for second
    160 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 160 bytes cumulative stack size, 364 bytes cmem[0]
ptxas info    : Compile time = 14.352 ms
ptxas info    : Function properties for _ZN31_INTERNAL_f0620dec_4_k_cu_first4slowEPfi
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Compiling entry function 'first' for 'sm_80'
ptxas info    : Function properties for first
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 12 registers, used 1 barriers, 400 bytes smem, 364 bytes cmem[0]
ptxas info    : Compile time = 0.829 ms
";

    #[test]
    fn every_kernel_has_a_row() {
        let rows = parse("cell", MESSAGES).unwrap();
        let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "cell,spiller,sm_80,32,1276,1316,0,1304",
                "cell,second,sm_80,40,0,0,0,160",
                "cell,first,sm_80,12,0,0,400,0",
            ]
        );
        assert!(parse("cell", "ptxas info    : 0 bytes gmem\n").unwrap().is_empty());
    }

    #[test]
    fn a_function_that_spills_is_named_since_no_row_shows_it() {
        let from = "f0620dec_4_k_cu_first4slowEPfi\n    0 bytes stack frame, 0 bytes";
        assert!(MESSAGES.contains(from));
        let spilling = MESSAGES.replace(from, &from.replace(", 0 bytes", ", 24 bytes"));
        let error = parse("cell", &spilling).unwrap_err().to_string();
        assert!(error.contains("slow") && error.contains("24 bytes"), "{error}");
    }

    #[test]
    fn a_kernel_with_a_mangled_name_is_refused() {
        let error = parse("cell", &MESSAGES.replace("'first'", "'_Z5firstPf'")).unwrap_err();
        assert!(error.to_string().contains("extern \"C\""), "{error}");
    }

    #[test]
    fn messages_of_another_form_are_errors_and_no_zeros() {
        for (from, to) in [
            ("Used 12 registers", "Needs 12 registers"),
            ("Used 12 registers", "Used some registers"),
            ("Function properties for first\n", "Properties of first\n"),
            ("'first' for 'sm_80'", "first for sm_80"),
            (
                "0 bytes spill loads\nptxas info    : Used 12",
                "no spill loads\nptxas info    : Used 12",
            ),
        ] {
            assert!(MESSAGES.contains(from));
            assert!(parse("cell", &MESSAGES.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
