//! Critical points of a field of vectors: where it vanishes.

use super::field::VectorField;
use super::grid::{Axis, Grid};
use super::poincare::index_around;
use crate::Real;

/// Below this ratio of the trace to the root of the determinant a spiral neither grows nor shrinks.
const CENTRE_RATIO: f64 = 0.1;

/// The largest loop around a critical point that is looked at, in sites beyond its cell.
const LARGEST_LOOP: usize = 8;

/// What the field does around a critical point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CriticalKind {
    /// It comes in along one direction and leaves along another.
    Saddle,
    /// It leaves in all directions: an unstable node.
    Source,
    /// It arrives from all directions: a stable node.
    Sink,
    /// It turns while it leaves: an unstable focus.
    SpiralOut,
    /// It turns while it arrives: a stable focus.
    SpiralIn,
    /// It turns: a centre.
    Rotation,
}

/// A place where a field vanishes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CriticalPoint {
    /// Place along rows and columns, in grid units; below the number of sites.
    pub place: [f64; 2],
    /// What the field does around it.
    pub kind: CriticalKind,
    /// Determinant of the Jacobian.
    pub determinant: f64,
    /// Trace of the Jacobian: the divergence.
    pub trace: f64,
    /// The curl: positive if the field turns from larger columns to larger rows.
    pub curl: f64,
    /// How many square loops around its cell, each one site farther out than the one before, wind as the
    /// kind wants it (once forward, or once backward around a saddle), until one does not, leaves an open grid,
    /// or meets a NaN. The first loop goes through the corners of the cell. At most 8.
    pub radius: usize,
}

/// The critical points of one frame of a field, in the order of rows and columns.
///
/// In each cell of four neighbouring sites both components are interpolated bilinearly; the point is where
/// both vanish, and the Jacobian is that of the interpolation. On a torus as many points have a positive
/// determinant as have a negative one. Cells with a NaN have none; rings have no cells.
///
/// # Panics
///
/// When the field has fewer frames.
pub fn critical_points<T: Real>(
    field: &VectorField<T>,
    frame: usize,
    grid: Grid,
) -> Vec<CriticalPoint> {
    let mut points = Vec::new();
    for_each_zero(field, frame, grid, |cell, place, kind, jacobian| {
        let wanted = if kind == CriticalKind::Saddle { -1 } else { 1 };
        let index = |radius| index_around(field, frame, grid, cell, radius);
        let radius = (1..=LARGEST_LOOP).take_while(|&radius| index(radius) == Some(wanted)).count();
        points.push(CriticalPoint {
            place,
            kind,
            determinant: jacobian.determinant,
            trace: jacobian.trace,
            curl: jacobian.curl,
            radius,
        });
    });
    points
}

/// Gives `zero` the cell, the place, the kind and the Jacobian of each critical point of a frame.
pub(super) fn for_each_zero<T: Real>(
    field: &VectorField<T>,
    frame: usize,
    grid: Grid,
    mut zero: impl FnMut([usize; 2], [f64; 2], CriticalKind, &Jacobian),
) {
    let [_, rows, columns] = field.shape;
    let sites = rows * columns;
    let (along_rows, along_columns) = (&field.row[frame * sites..], &field.column[frame * sites..]);
    for row in 0..grid.cells(Axis::Row, rows) {
        for column in 0..grid.cells(Axis::Column, columns) {
            let corner = |down: usize, right: usize| {
                (row + down) % rows * columns + (column + right) % columns
            };
            let corners = [corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)];
            let downward = Bilinear::new(corners.map(|site| along_rows[site].widen()));
            let rightward = Bilinear::new(corners.map(|site| along_columns[site].widen()));
            if !(downward.changes_sign() && rightward.changes_sign()) {
                continue;
            }
            for [down, right] in zeros(&rightward, &downward).into_iter().flatten() {
                let (kind, jacobian) = classify(&rightward, &downward, down, right);
                zero([row, column], [row as f64 + down, column as f64 + right], kind, &jacobian);
            }
        }
    }
}

/// `constant + right s + down u + both s u` in a cell, where `s` goes right and `u` down.
#[derive(Debug, Clone, Copy)]
struct Bilinear {
    corners: [f64; 4],
    constant: f64,
    right: f64,
    down: f64,
    both: f64,
}

impl Bilinear {
    /// From the corners at the top left, top right, bottom left and bottom right.
    fn new(corners: [f64; 4]) -> Self {
        let [here, right, down, across] = corners;
        Self {
            corners,
            constant: here,
            right: right - here,
            down: down - here,
            both: across - right - down + here,
        }
    }

    /// Whether it can vanish inside; never with a NaN.
    fn changes_sign(&self) -> bool {
        self.corners.iter().any(|&it| it <= 0.0)
            && self.corners.iter().any(|&it| it >= 0.0)
            && self.corners.iter().all(|it| !it.is_nan())
    }
}

/// The one or two places `[down, right]` in `[0, 1)` where both forms vanish.
fn zeros(first: &Bilinear, second: &Bilinear) -> [Option<[f64; 2]>; 2] {
    // With `u` eliminated, `square s^2 + linear s + constant = 0`.
    let square = first.right * second.both - second.right * first.both;
    let linear = first.right * second.down - second.right * first.down
        + first.constant * second.both
        - second.constant * first.both;
    let constant = first.constant * second.down - second.constant * first.down;
    real_roots(square, linear, constant).map(|right| {
        let right = right?;
        // Either form gives `u`; the one with the larger slope does so with fewer lost digits.
        let slope = |form: &Bilinear| form.down + form.both * right;
        let form = if slope(first).abs() >= slope(second).abs() { first } else { second };
        let down = -(form.constant + form.right * right) / slope(form);
        let inside = |it: f64| (0.0..1.0).contains(&it);
        (inside(right) && inside(down)).then_some([down, right])
    })
}

/// The real roots of a quadratic, none twice.
fn real_roots(square: f64, linear: f64, constant: f64) -> [Option<f64>; 2] {
    let discriminant = linear * linear - 4.0 * square * constant;
    if discriminant.is_nan() || discriminant < 0.0 {
        return [None, None];
    }
    // The sum of two numbers of one sign cancels nothing.
    let sum = -0.5 * (linear + discriminant.sqrt().copysign(linear));
    let first = (sum != 0.0).then(|| constant / sum);
    let second = (square != 0.0 && discriminant > 0.0).then(|| sum / square);
    match (first, second) {
        (None, None) if square != 0.0 => [Some(0.0), None],
        roots => [roots.0, roots.1],
    }
}

/// Fields that turn less than this, relative to how they spread, are not spirals: of a field that spreads alike in all
/// directions only rounding would tell.
const STAR: f64 = 1e-9;

pub(super) struct Jacobian {
    determinant: f64,
    trace: f64,
    curl: f64,
}

fn classify(
    rightward: &Bilinear,
    downward: &Bilinear,
    down: f64,
    right: f64,
) -> (CriticalKind, Jacobian) {
    let slopes = |form: &Bilinear| [form.right + form.both * down, form.down + form.both * right];
    let ([a, b], [c, d]) = (slopes(rightward), slopes(downward));
    let (determinant, trace, curl) = (a * d - b * c, a + d, c - b);
    let kind = if determinant < 0.0 {
        CriticalKind::Saddle
    } else if trace * trace > (4.0 - STAR) * determinant {
        if trace > 0.0 { CriticalKind::Source } else { CriticalKind::Sink }
    } else if trace.abs() < CENTRE_RATIO * determinant.sqrt() {
        CriticalKind::Rotation
    } else if trace > 0.0 {
        CriticalKind::SpiralOut
    } else {
        CriticalKind::SpiralIn
    };
    (kind, Jacobian { determinant, trace, curl })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::random::Stream;

    /// Of `sin(2 pi (c + 1/2) / 16)` and `sin(2 pi (r + 1/2) / 12)` on a torus of 12 x 16.
    fn lattice(vector: impl Fn(f64, f64) -> [f64; 2]) -> VectorField<f64> {
        let (mut row, mut column) = (Vec::new(), Vec::new());
        for r in 0..12 {
            for c in 0..16 {
                let across = (TAU * (f64::from(c) + 0.5) / 16.0).sin();
                let along = (TAU * (f64::from(r) + 0.5) / 12.0).sin();
                let [rightward, downward] = vector(across, along);
                row.push(downward);
                column.push(rightward);
            }
        }
        VectorField { shape: [1, 12, 16], row, column }
    }

    fn assert_points(field: &VectorField<f64>, wanted: &[([f64; 2], CriticalKind, f64, f64)]) {
        let found = critical_points(field, 0, Grid::Torus);
        assert_eq!(found.len(), wanted.len());
        for (found, (place, kind, determinant, trace)) in found.iter().zip(wanted) {
            assert!((found.place[0] - place[0]).abs() < 1e-12, "{found:?}");
            assert!((found.place[1] - place[1]).abs() < 1e-12, "{found:?}");
            assert_eq!(found.kind, *kind, "{found:?}");
            assert!((found.determinant - determinant).abs() < 6e-7, "{found:?}");
            assert!((found.trace - trace).abs() < 6e-7, "{found:?}");
        }
    }

    #[test]
    fn nodes_and_saddles_of_a_lattice() {
        use CriticalKind::{Saddle, Sink, Source};
        let field = lattice(|across, along| [across, along]);
        let difference = 0.907_819 - 2.0 * 0.390_180_6;
        assert_points(
            &field,
            &[
                ([5.5, 7.5], Sink, 0.201_972, -0.907_819),
                ([5.5, 15.5], Saddle, -0.201_972, -difference),
                ([11.5, 7.5], Saddle, -0.201_972, difference),
                ([11.5, 15.5], Source, 0.201_972, 0.907_819),
            ],
        );
    }

    #[test]
    fn rotations_and_spirals_of_a_lattice() {
        use CriticalKind::{Rotation, Saddle, SpiralIn, SpiralOut};
        let turning = lattice(|across, along| [-along, across]);
        let found = critical_points(&turning, 0, Grid::Torus);
        let kinds: Vec<_> = found.iter().map(|point| point.kind).collect();
        assert_eq!(kinds, [Rotation, Saddle, Saddle, Rotation]);
        assert!((found[3].determinant - 0.201_972).abs() < 6e-7 && found[3].trace.abs() < 1e-15);
        assert!(found[3].curl > 0.9 && found[0].curl < -0.9);
        let spiral = lattice(|across, along| [0.5 * across - along, across + 0.5 * along]);
        let found = critical_points(&spiral, 0, Grid::Torus);
        let of = |kind| found.iter().filter(|point| point.kind == kind).collect::<Vec<_>>();
        let (outward, inward) = (of(SpiralOut), of(SpiralIn));
        assert_eq!((outward.len(), inward.len(), found.len()), (1, 1, 4));
        assert!((outward[0].determinant - 0.252_465).abs() < 6e-7);
        assert!((outward[0].trace - 0.453_909).abs() < 6e-7);
        assert!(
            (outward[0].place[0] - 11.5).abs() < 1e-12
                && (outward[0].place[1] - 15.5).abs() < 1e-12
        );
        assert!(
            (inward[0].place[0] - 5.5).abs() < 1e-12 && (inward[0].place[1] - 7.5).abs() < 1e-12
        );
    }

    #[test]
    fn loops_grow_until_they_meet_the_next_point() {
        // The next points are 6 rows and 8 columns away.
        for point in critical_points(&lattice(|across, along| [across, along]), 0, Grid::Torus) {
            assert!((2..=6).contains(&point.radius), "{point:?}");
        }
    }

    #[test]
    fn indices_of_random_fields_on_a_torus_sum_to_zero() {
        let mut stream = Stream::new(b"tests of critical points", 0);
        for _ in 0..50 {
            let mut values = || (0..9 * 11).map(|_| stream.normal()).collect::<Vec<f64>>();
            let field = VectorField { shape: [1, 9, 11], row: values(), column: values() };
            let found = critical_points(&field, 0, Grid::Torus);
            let saddles = found.iter().filter(|point| point.determinant < 0.0).count();
            assert_eq!(2 * saddles, found.len());
            assert!(saddles > 5);
        }
    }

    #[test]
    fn cells_with_a_gap_and_rings_have_none() {
        let mut field = lattice(|across, along| [across, along]);
        assert!(critical_points(&field, 0, Grid::Rings).is_empty());
        field.row[5 * 16 + 7] = f64::NAN;
        let found = critical_points(&field, 0, Grid::Open);
        assert!(found.is_empty(), "the others lie across the seam: {found:?}");
    }
}
