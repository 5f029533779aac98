//! The table of what kernels use: `resources.csv` beside their sources.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result, bail, ensure};

/// The first line of the table.
const HEADER: &str =
    "module,kernel,architecture,registers,spill_stores,spill_loads,static_shared_bytes,stack_bytes";

/// What one kernel uses on one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) module: String,
    pub(super) kernel: String,
    /// As the compiler names it: `sm_80`.
    pub(super) architecture: String,
    /// Registers of a thread.
    pub(super) registers: u32,
    /// Bytes of registers that a thread stores in memory for want of registers.
    pub(super) spill_stores: u32,
    /// Bytes that it loads back.
    pub(super) spill_loads: u32,
    /// Bytes of shared memory of a block, beside what a launch asks for.
    pub(super) static_shared_bytes: u32,
    /// Bytes of a thread's stack, spilled registers included.
    pub(super) stack_bytes: u32,
}

impl Row {
    /// What identifies a row, in the order of the table: `sm_80` is before `sm_100`.
    fn key(&self) -> (&str, &str, usize, &str) {
        (&self.module, &self.kernel, self.architecture.len(), &self.architecture)
    }

    /// Its numbers with their names.
    fn numbers(&self) -> [(&'static str, u32); 5] {
        [
            ("registers", self.registers),
            ("bytes of spill stores", self.spill_stores),
            ("bytes of spill loads", self.spill_loads),
            ("bytes of static shared memory", self.static_shared_bytes),
            ("bytes of stack", self.stack_bytes),
        ]
    }

    /// Whether registers did not suffice.
    fn spills(&self) -> bool {
        self.spill_stores > 0 || self.spill_loads > 0
    }

    /// Module, kernel and architecture in words.
    fn name(&self) -> String {
        format!("{} of {} on {}", self.kernel, self.module, self.architecture)
    }
}

/// A line of the table.
impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{},{}", self.module, self.kernel, self.architecture)?;
        self.numbers().iter().try_for_each(|(_, number)| write!(formatter, ",{number}"))
    }
}

/// Sorts rows as the table has them.
pub(super) fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| a.key().cmp(&b.key()));
}

/// The table as text; the rows are sorted.
pub(super) fn text(rows: &[Row]) -> String {
    let lines = rows.iter().map(ToString::to_string);
    std::iter::once(HEADER.to_owned()).chain(lines).map(|line| line + "\n").collect()
}

/// Reads a table.
pub(super) fn parse(text: &str) -> Result<Vec<Row>> {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    ensure!(header == HEADER, "line 1: found {header:?}, expected {HEADER:?}");
    let mut rows = Vec::new();
    for (index, line) in lines.enumerate() {
        rows.push(parse_line(line).with_context(|| format!("line {}: {line:?}", index + 2))?);
    }
    Ok(rows)
}

fn parse_line(line: &str) -> Result<Row> {
    let cells: Vec<&str> = line.split(',').collect();
    let [module, kernel, architecture, numbers @ ..] = cells.as_slice() else {
        bail!("too few columns");
    };
    let numbers: Vec<u32> = numbers
        .iter()
        .map(|cell| cell.parse().with_context(|| format!("{cell:?} is no count")))
        .collect::<Result<_>>()?;
    let [registers, spill_stores, spill_loads, static_shared_bytes, stack_bytes] = numbers[..]
    else {
        bail!("{} numbers, expected 5", numbers.len());
    };
    Ok(Row {
        module: (*module).to_owned(),
        kernel: (*kernel).to_owned(),
        architecture: (*architecture).to_owned(),
        registers,
        spill_stores,
        spill_loads,
        static_shared_bytes,
        stack_bytes,
    })
}

/// In which way the sources differ from the table, a line each; nothing if they do not.
pub(super) fn differences(table: &[Row], built: &[Row]) -> Vec<String> {
    let by_key = |rows: &'_ [Row]| -> BTreeMap<_, Row> {
        rows.iter()
            .map(|row| {
                let (module, kernel, length, architecture) = row.key();
                (
                    (module.to_owned(), kernel.to_owned(), length, architecture.to_owned()),
                    row.clone(),
                )
            })
            .collect()
    };
    let (old, new) = (by_key(table), by_key(built));
    let mut differences = Vec::new();
    let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for key in keys {
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => differences.extend(changes(old, new)),
            (Some(old), None) => {
                differences
                    .push(format!("{}: in the table, but no such kernel is built", old.name()));
            }
            (None, Some(new)) => {
                let spills = if new.spills() { ", and it spills" } else { "" };
                differences.push(format!("{}: not in the table{spills}", new.name()));
            }
            (None, None) => {}
        }
    }
    if differences.is_empty() && table != built {
        differences.push("rows are repeated or in another order".to_owned());
    }
    differences
}

/// The numbers in which a kernel differs from its row.
fn changes(old: &Row, new: &Row) -> Vec<String> {
    let pairs = old.numbers().into_iter().zip(new.numbers());
    pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((what, before), (_, now))| {
            let judgement = match (what.contains("spill"), now > before) {
                (true, true) if !old.spills() => "it spills now",
                (_, true) => "more",
                (_, false) => "fewer",
            };
            format!("{}: {now} {what}, {before} in the table ({judgement})", new.name())
        })
        .collect()
}

/// The rows for people, in columns.
pub(super) fn columns(rows: &[Row]) -> String {
    let header = ["module", "kernel", "architecture", "registers", "spills", "shared", "stack"];
    let mut lines = vec![header.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [
            row.module.clone(),
            row.kernel.clone(),
            row.architecture.clone(),
            row.registers.to_string(),
            format!("{}+{}", row.spill_stores, row.spill_loads),
            row.static_shared_bytes.to_string(),
            row.stack_bytes.to_string(),
        ]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |cells: &[String; 7]| {
        let cells = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column < 3 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{HEADER, Row, columns, differences, parse, sort, text};

    const LINES: [&str; 3] = [
        "cell,step,sm_80,40,0,0,400,0",
        "cell,step,sm_90,42,0,0,400,0",
        "cell,step,sm_100,32,8,12,400,16",
    ];

    fn rows() -> Vec<Row> {
        parse(&format!("{HEADER}\n{}\n", LINES.join("\n"))).unwrap()
    }

    #[test]
    fn a_table_is_read_as_it_was_written_and_sorted() {
        let mut rows = rows();
        let written = text(&rows);
        assert_eq!(written.lines().skip(1).collect::<Vec<_>>(), LINES);
        rows.reverse();
        sort(&mut rows);
        assert_eq!(text(&rows), written);
        assert_eq!(differences(&parse(&written).unwrap(), &rows), [""; 0]);
    }

    #[test]
    fn a_damaged_table_is_refused_with_its_line() {
        for (line, part) in [
            ("cell,step,sm_80,40,0,0,400", "4 numbers"),
            ("cell,step,sm_80,40,0,0,400,0,1", "6 numbers"),
            ("cell,step,sm_80,-40,0,0,400,0", "-40"),
            ("cell", "too few"),
        ] {
            let error = format!("{:#}", parse(&format!("{HEADER}\n{line}\n")).unwrap_err());
            assert!(error.contains("line 2") && error.contains(part), "{error}");
        }
        assert!(parse("").unwrap_err().to_string().contains("line 1"));
    }

    #[test]
    fn more_fewer_and_new_spills_are_told_apart() {
        let mut built = rows();
        built[0].registers = 48;
        built[1].registers = 41;
        built[1].spill_loads = 4;
        built[2].spill_stores = 16;
        assert_eq!(
            differences(&rows(), &built),
            [
                "step of cell on sm_80: 48 registers, 40 in the table (more)",
                "step of cell on sm_90: 41 registers, 42 in the table (fewer)",
                "step of cell on sm_90: 4 bytes of spill loads, 0 in the table (it spills now)",
                "step of cell on sm_100: 16 bytes of spill stores, 8 in the table (more)",
            ]
        );
    }

    #[test]
    fn rows_that_are_missing_too_many_or_unsorted_are_named() {
        let all = rows();
        assert_eq!(
            differences(&all[..2], &all[1..]),
            [
                "step of cell on sm_80: in the table, but no such kernel is built",
                "step of cell on sm_100: not in the table, and it spills",
            ]
        );
        let unsorted: Vec<Row> = all.iter().rev().cloned().collect();
        assert_eq!(differences(&unsorted, &all), ["rows are repeated or in another order"]);
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            columns(&rows()[1..]),
            "module  kernel  architecture  registers  spills  shared  stack\n\
             cell    step    sm_90                42     0+0     400      0\n\
             cell    step    sm_100               32    8+12     400     16"
        );
    }
}
