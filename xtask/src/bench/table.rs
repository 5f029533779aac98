//! The table of one benchmark, in Markdown that is also aligned for a terminal.

use super::compare::{Best, Row};
use super::line::{Line, Mode};

/// What stands in a cell without a number.
const NOT_MEASURED: &str = "not measured";

/// The table of some rows; `peers` are the names of the peers in the order of the rows' peers.
pub(super) fn table(rows: &[Row<'_>], peers: &[&str]) -> String {
    let mut head = vec!["case".to_owned(), "time of".to_owned(), "ms".to_owned()];
    head.extend(["min .. max", "GFLOP/s", "floor ms", "× floor"].map(str::to_owned));
    for peer in peers {
        head.extend([format!("{peer} ms"), format!("{peer} ÷ ours")]);
    }
    head.push("loss differs by".to_owned());
    let with_memory = rows.iter().any(|row| row.line.peak_memory.is_some());
    if with_memory {
        head.push("peak MB".to_owned());
        head.extend(peers.iter().map(|peer| format!("{peer} MB")));
    }
    let body = rows.iter().map(|row| cells(row, with_memory)).collect::<Vec<_>>();
    layout(&head, &body)
}

/// The table of what is counted in things made and not in operations.
pub(super) fn counts(lines: &[Line]) -> String {
    let head = ["case", "what", "ms", "min .. max", "a second", "ready when asked for"];
    let cells = |(line, mode): (&Line, &Mode)| {
        vec![
            line.case.clone(),
            format!("{} {}", mode.count, mode.mode),
            significant(mode.median),
            format!("{} .. {}", significant(mode.min), significant(mode.max)),
            format!("{:.0}", mode.count / mode.median * 1e3),
            line.ready.map(|share| format!("{:.0} %", 100.0 * share)).unwrap_or_default(),
        ]
    };
    let modes = lines.iter().flat_map(|line| line.modes.iter().map(move |mode| (line, mode)));
    layout(&head.map(str::to_owned), &modes.map(cells).collect::<Vec<_>>())
}

fn cells(row: &Row<'_>, with_memory: bool) -> Vec<String> {
    let Row { line, mode, floor, peers, loss_difference } = row;
    let mut cells = vec![
        line.case.clone(),
        mode.mode.clone(),
        significant(mode.median),
        format!("{} .. {}", significant(mode.min), significant(mode.max)),
        if mode.flop > 0.0 { format!("{:.1}", mode.gflops()) } else { String::new() },
        floor.map(significant).unwrap_or_default(),
        floor.map(|floor| significant(mode.median / floor)).unwrap_or_default(),
    ];
    for peer in peers {
        match peer {
            Some(Best { line, mode: theirs }) => {
                cells.push(format!("{} ({})", significant(theirs.median), line.variant));
                cells.push(significant(theirs.median / mode.median));
            }
            None => cells.extend([NOT_MEASURED.to_owned(), String::new()]),
        }
    }
    cells.push(match loss_difference {
        Some(0.0) => "0".to_owned(),
        Some(difference) => format!("{difference:.0e}"),
        None => NOT_MEASURED.to_owned(),
    });
    if with_memory {
        let all =
            std::iter::once(Some(*line)).chain(peers.iter().map(|peer| Some(peer.as_ref()?.line)));
        cells.extend(all.map(|line| {
            let bytes = line.and_then(|line| line.peak_memory);
            bytes.map(|bytes| format!("{:.0}", bytes as f64 * 1e-6)).unwrap_or_default()
        }));
    }
    cells
}

/// Three significant digits, so that a microsecond and a minute are read alike; at most three decimals.
pub(crate) fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        value if value >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// A Markdown table: the first two columns to the left, numbers to the right.
pub(crate) fn layout(head: &[String], body: &[Vec<String>]) -> String {
    const LEFT: usize = 2;
    let width = |column: usize| {
        let cells = body.iter().filter_map(|row| row.get(column)).chain(head.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if column < LEFT { format!(" {cell:width$} |") } else { format!(" {cell:>width$} |") }
        });
        format!("|{}", cells.collect::<String>())
    };
    let rule = widths.iter().enumerate().map(|(column, &width)| {
        if column < LEFT {
            format!("{}|", "-".repeat(width + 2))
        } else {
            format!("{}:|", "-".repeat(width + 1))
        }
    });
    let mut lines = vec![line(head), format!("|{}", rule.collect::<String>())];
    lines.extend(body.iter().map(|row| line(row)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{counts, significant, table};
    use crate::bench::compare::rows;
    use crate::bench::line::tests::line;

    #[test]
    fn the_table_has_times_floors_ratios_and_what_is_missing() {
        let lines = [
            line("nwm", "hamiltonian", "avx2", 2.0),
            line("torch", "hamiltonian", "stacked", 80.0),
            line("nwm", "rings", "avx2", 0.25),
        ];
        let text = table(&rows(&lines, &["torch"], Some(10.0)), &["torch"]);
        assert_eq!(
            text,
            "| case        | time of |    ms |     min .. max | GFLOP/s | floor ms | × floor |       torch ms | torch ÷ ours | loss differs by |\n\
             |-------------|---------|------:|---------------:|--------:|---------:|--------:|---------------:|-------------:|----------------:|\n\
             | hamiltonian | forward |  2.00 |   1.80 .. 3.00 |     0.5 |    0.100 |    20.0 | 80.0 (stacked) |         40.0 |               0 |\n\
             | rings       | forward | 0.250 | 0.225 .. 0.375 |     4.0 |    0.100 |    2.50 |   not measured |              |    not measured |"
        );
    }

    #[test]
    fn without_peers_no_column_speaks_of_them() {
        let lines = [line("nwm", "rings", "avx2", 0.25)];
        let text = table(&rows(&lines, &[], None), &[]);
        assert!(!text.contains("torch"), "{text}");
        assert!(text.lines().last().unwrap().ends_with("|    not measured |"), "{text}");
    }

    #[test]
    fn memory_has_a_column_where_it_is_known() {
        let mut lines = [line("nwm", "rings", "avx2", 0.25), line("torch", "rings", "eager", 1.0)];
        lines[0].peak_memory = Some(1_234_567_890);
        assert!(table(&rows(&lines, &[], None), &[]).ends_with("|    1235 |"));
        lines[1].peak_memory = Some(2_345_678_901);
        let text = table(&rows(&lines, &["torch", "jax"], None), &["torch", "jax"]);
        assert!(text.ends_with("|    1235 |     2346 |        |"), "{text}");
    }

    #[test]
    fn counts_are_shown_per_second() {
        let mut line = line("nwm", "draw_pendulum", "libm", 20.0);
        line.modes[0].mode = "frames".to_owned();
        line.modes[0].count = 5000.0;
        line.ready = Some(0.98);
        let text = counts(&[line]);
        let row = text.lines().last().unwrap();
        assert!(row.contains("5000 frames") && row.contains("250000"), "{text}");
        assert!(row.ends_with(" 98 % |"), "{text}");
    }

    #[test]
    fn numbers_have_three_significant_digits() {
        let shown = [0.01234, 0.9996, 9.994, 9.996, 99.96, 12345.6].map(significant);
        assert_eq!(shown, ["0.012", "1.00", "9.99", "10.0", "100", "12346"]);
    }
}
