//! How the time of the cell, forward and backward, grows with one factor at a time.

use anyhow::{Context, Result};

use super::chart::{self, Panel};
use super::line::{Line, Mode};
use super::program::{Built, Program};
use super::table::layout;
use crate::console;

/// The time that is followed.
const MODE: &str = "forward + backward";
/// Repetitions of a point unless told otherwise: there are many points.
const REPEATS: &str = "7";
/// Columns of the CSV file.
const CSV_HEAD: &str =
    "factor,value,batch,channels,rows,columns,steps,median_ms,min_ms,max_ms,gflops";

/// One shape of the cell on a square torus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    batch: usize,
    channels: usize,
    /// Rows, and columns.
    side: usize,
    steps: usize,
}

/// The `hamiltonian` case, around which every factor is varied.
const CENTRE: Shape = Shape { batch: 32, channels: 1, side: 23, steps: 60 };

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Factor {
    Batch,
    Steps,
    Sites,
    Channels,
}

impl Factor {
    const ALL: [Self; 4] = [Self::Batch, Self::Steps, Self::Sites, Self::Channels];

    fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Steps => "steps",
            Self::Sites => "sites",
            Self::Channels => "channels",
        }
    }

    /// The shapes, smallest first, up to a few seconds each.
    fn shapes(self) -> Vec<Shape> {
        let with = |values: &[usize], set: fn(&mut Shape, usize)| {
            let shape = |&value: &usize| {
                let mut shape = CENTRE;
                set(&mut shape, value);
                shape
            };
            values.iter().map(shape).collect()
        };
        match self {
            Self::Batch => with(&[1, 2, 4, 8, 16, 32, 64, 128, 256, 512], |it, n| it.batch = n),
            Self::Steps => with(&[4, 8, 15, 30, 60, 120, 240, 480, 960], |it, n| it.steps = n),
            Self::Sites => with(&[4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128], |it, n| it.side = n),
            Self::Channels => with(&[1, 2, 3, 4, 6, 8, 12, 16, 24, 32], |it, n| it.channels = n),
        }
    }

    /// Its value in a shape.
    fn of(self, shape: Shape) -> usize {
        match self {
            Self::Batch => shape.batch,
            Self::Steps => shape.steps,
            Self::Sites => shape.side * shape.side,
            Self::Channels => shape.channels,
        }
    }
}

/// A shape and its time.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    factor: Factor,
    shape: Shape,
    line: Line,
    mode: Mode,
}

/// All points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured(Vec<Point>);

/// Runs the program once per shape.
pub(super) fn measure(cell: &Built, arguments: &[String]) -> Result<Measured> {
    let mut points = Vec::new();
    for factor in Factor::ALL {
        console::progress(&format!("measuring scaling with {}", factor.name()));
        for shape in factor.shapes() {
            let Shape { batch, channels, side, steps } = shape;
            let text = format!("torus {batch} {channels} {side} {side} {steps}");
            let mut own = vec!["--shape".to_owned(), text.clone()];
            own.extend(["--mode".to_owned(), "backward".to_owned()]);
            if !arguments.iter().any(|it| it == "--repeats") {
                own.extend(["--repeats".to_owned(), REPEATS.to_owned()]);
            }
            own.extend_from_slice(arguments);
            let mut lines = cell.lines(Program::Cell, &own)?;
            let mut line = lines.pop().with_context(|| format!("no line of `{text}`"))?;
            line.case = text;
            let mode = line.mode(MODE).with_context(|| format!("no time of `{MODE}`"))?.clone();
            points.push(Point { factor, shape, line, mode });
        }
    }
    Ok(Measured(points))
}

impl Measured {
    /// A table for reading: how much each doubling of a factor costs is the last column.
    pub(super) fn table(&self) -> String {
        let head = ["factor", "value", "ms", "GFLOP/s", "slope since the row above"];
        let mut body: Vec<Vec<String>> = Vec::new();
        let mut before: Option<&Point> = None;
        for point in &self.0 {
            let value = point.factor.of(point.shape);
            let slope = before.filter(|it| it.factor == point.factor).map(|it| {
                let factor = value as f64 / it.factor.of(it.shape) as f64;
                (point.mode.median / it.mode.median).ln() / factor.ln()
            });
            body.push(vec![
                point.factor.name().to_owned(),
                value.to_string(),
                format!("{:.3}", point.mode.median),
                format!("{:.1}", point.mode.gflops()),
                slope.map(|slope| format!("{slope:.2}")).unwrap_or_default(),
            ]);
            before = Some(point);
        }
        layout(&head.map(str::to_owned), &body)
    }

    /// All numbers, one point a line.
    pub(super) fn csv(&self) -> String {
        let mut text = format!("{CSV_HEAD}\n");
        for Point { factor, shape, mode, .. } in &self.0 {
            let Shape { batch, channels, side, steps } = *shape;
            let Mode { median, min, max, .. } = mode;
            let (name, value, gflops) = (factor.name(), factor.of(*shape), mode.gflops());
            text.push_str(&format!(
                "{name},{value},{batch},{channels},{side},{side},{steps},{median},{min},{max},{gflops}\n"
            ));
        }
        text
    }

    /// The picture, as SVG.
    pub(super) fn chart(&self) -> Result<String> {
        let panels: Vec<Panel> = Factor::ALL
            .into_iter()
            .map(|factor| Panel {
                title: format!("time against {}", factor.name()),
                label: factor.name(),
                points: self
                    .0
                    .iter()
                    .filter(|point| point.factor == factor)
                    .map(|point| (factor.of(point.shape) as f64, point.mode.median))
                    .collect(),
            })
            .collect();
        chart::draw(&panels)
    }

    /// The lines themselves.
    pub(super) fn into_lines(self) -> impl Iterator<Item = Line> {
        self.0.into_iter().map(|point| point.line)
    }
}

#[cfg(test)]
mod tests {
    use super::{CENTRE, Factor, Measured, Point};
    use crate::bench::line::tests::line;

    /// Times in proportion to the factor.
    fn measured() -> Measured {
        let point = |factor: Factor, shape| {
            let line = line("nwm", "shape", "avx2", factor.of(shape) as f64 * 0.25);
            Point { factor, shape, mode: line.modes[0].clone(), line }
        };
        let all = Factor::ALL.into_iter();
        Measured(
            all.flat_map(|it| it.shapes().into_iter().map(move |shape| point(it, shape))).collect(),
        )
    }

    #[test]
    fn every_factor_is_varied_alone_through_the_centre() {
        for factor in Factor::ALL {
            let shapes = factor.shapes();
            assert!(shapes.contains(&CENTRE), "{factor:?}");
            assert!(shapes.windows(2).all(|pair| factor.of(pair[0]) < factor.of(pair[1])));
            for other in Factor::ALL.into_iter().filter(|other| *other != factor) {
                assert!(shapes.iter().all(|shape| other.of(*shape) == other.of(CENTRE)));
            }
        }
    }

    #[test]
    fn proportional_times_have_slope_one() {
        let table = measured().table();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows.len(), measured().0.len());
        let slopes = rows.iter().filter(|row| row.trim_end_matches('|').trim().ends_with("1.00"));
        assert_eq!(slopes.count(), rows.len() - Factor::ALL.len());
    }

    #[test]
    fn the_csv_file_has_a_line_per_point() {
        let csv = measured().csv();
        let mut lines = csv.lines();
        let columns = lines.next().unwrap().split(',').count();
        assert!(lines.clone().all(|line| line.split(',').count() == columns));
        assert_eq!(lines.next().unwrap(), "batch,1,1,1,23,23,60,0.25,0.225,0.375,4");
    }

    #[test]
    fn the_chart_has_a_panel_per_factor() {
        let chart = measured().chart().unwrap();
        assert!(chart.starts_with("<svg"));
        for factor in Factor::ALL {
            assert!(chart.contains(&format!("time against {}", factor.name())));
        }
        assert_eq!(chart, measured().chart().unwrap());
    }
}
