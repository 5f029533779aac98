//! What the emulation computes, and that it finds planted mistakes.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::path::Path;
use std::process::Command;

use nwm_cuda::{
    Argument, Emulation, Error, Grid, Kernel, Limits, Matrix, Module, Order, Product, Program,
    Queue, Sources,
};

const SAMPLES: Module = Module {
    name: "samples",
    kernels: &[
        "add_up",
        "turn",
        "turn_warps",
        "multiply",
        "parts",
        "quotients",
        "tangents",
        "move_fours",
        "move_fours_wrongly",
    ],
    ptx: &[],
};

/// The sample kernels with mistakes, or none where there is no compiler.
fn program(defines: &[&str], checked: bool) -> Option<Program> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = Sources {
        name: "samples",
        folder: &root.join("tests/kernels"),
        modules: &[&SAMPLES],
        checked,
        defines,
    };
    Program::build_for_tests(&sources, Path::new(env!("CARGO_TARGET_TMPDIR")))
}

fn queue(defines: &[&str], checked: bool, order: Order) -> Option<Emulation> {
    Some(program(defines, checked)?.start(order, Limits::AMPERE).unwrap())
}

fn kernel(name: &'static str) -> Kernel {
    Kernel { module: &SAMPLES, name }
}

fn grid(blocks: usize, threads: usize, shared_words: usize) -> Grid {
    Grid { blocks: [blocks, 1, 1], threads, shared_words }
}

fn turn(queue: &Emulation) -> Result<Vec<f32>, Error> {
    let values = queue.upload(&(0..128).map(|value| value as f32).collect::<Vec<_>>())?;
    queue.launch(kernel("turn"), grid(2, 64, 64), &[Argument::array(&values, 0)])?;
    queue.download(&values)
}

fn turned() -> Vec<f32> {
    (0..128).map(|place| (place / 64 * 64 + (place + 1) % 64) as f32).collect()
}

#[test]
fn sums_of_blocks_are_right_in_every_order() {
    for order in Order::ALL {
        for checked in [false, true] {
            let Some(queue) = queue(&[], checked, order) else { return };
            let values: Vec<f32> = (1..=150).map(|value| value as f32).collect();
            let (values, result) = (queue.upload(&values).unwrap(), queue.array(2).unwrap());
            let arguments =
                [Argument::Int(150), Argument::array(&values, 0), Argument::array(&result, 0)];
            queue.launch(kernel("add_up"), grid(2, 96, 64), &arguments).unwrap();
            let of_first: i32 = (1..=96).sum();
            let of_second: i32 = (97..=150).sum();
            let sums = queue.download(&result).unwrap();
            assert_eq!(sums, [of_first as f32, of_second as f32]);
        }
    }
}

#[test]
fn blocks_exchange_values_through_shared_memory() {
    for order in Order::ALL {
        for checked in [false, true] {
            let Some(queue) = queue(&[], checked, order) else { return };
            assert_eq!(turn(&queue).unwrap(), turned());
        }
    }
}

#[test]
fn fibers_switch_the_same_by_system_calls() {
    for order in Order::ALL {
        let Some(queue) = queue(&["NWM_UCONTEXT"], false, order) else { return };
        assert_eq!(turn(&queue).unwrap(), turned());
    }
}

#[test]
fn without_a_compiler_tests_say_that_they_are_skipped() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fibers_switch_the_same_by_system_calls", "--nocapture"])
        .env("CXX", "no-such-compiler")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let expected = "skipped: build an emulation: no-such-compiler does not start";
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn a_missing_barrier_is_found_in_every_order() {
    for order in Order::ALL {
        let Some(queue) = queue(&["PLANT_MISSING_BARRIER"], true, order) else { return };
        let message = turn(&queue).unwrap_err().to_string();
        // Before the write it is a read of nothing, after it a race.
        assert!(message.contains("nobody has written") || message.contains("race"), "{message}");
    }
    // Without checks the value is wrong in the order in which the neighbour comes later.
    let Some(queue) = queue(&["PLANT_MISSING_BARRIER"], false, Order::Forward) else { return };
    assert!(turn(&queue).unwrap()[0].is_nan());
}

#[test]
fn a_race_within_a_warp_is_found() {
    let run = |defines: &[&str], order| {
        let queue = queue(defines, true, order)?;
        let values = queue.upload(&[1.0; 64]).unwrap();
        Some(queue.launch(kernel("turn_warps"), grid(1, 64, 64), &[Argument::array(&values, 0)]))
    };
    for order in Order::ALL {
        let Some(result) = run(&[], order) else { return };
        result.unwrap();
        let Some(result) = run(&["PLANT_MISSING_WARP_BARRIER"], order) else { return };
        let message = result.unwrap_err().to_string();
        assert!(message.contains("nobody has written") || message.contains("race"), "{message}");
    }
}

#[test]
fn barriers_that_some_threads_miss_are_found() {
    let Some(first) = queue(&["PLANT_DIVERGENT_BARRIER"], false, Order::Forward) else { return };
    let message = turn(&first).unwrap_err().to_string();
    assert!(message.contains("threads wait at different barriers"), "{message}");

    let Some(second) = queue(&["PLANT_EARLY_END"], false, Order::Forward) else { return };
    let message = turn(&second).unwrap_err().to_string();
    assert!(message.contains("some threads ended while others wait"), "{message}");
}

#[test]
fn accesses_out_of_bounds_are_found() {
    let Some(first) = queue(&["PLANT_WRONG_WRAP"], true, Order::Forward) else { return };
    let message = turn(&first).unwrap_err().to_string();
    assert!(message.contains("reads word 64 of shared memory, of which there are 64"), "{message}");

    let Some(second) = queue(&["PLANT_WRITE_BEYOND"], false, Order::Forward) else { return };
    let message = turn(&second).unwrap_err().to_string();
    assert!(message.contains("place 128 of an array of 128"), "{message}");
}

#[test]
fn a_tile_product_has_the_documented_layout() {
    let Some(queue) = queue(&[], true, Order::Shuffled) else { return };
    // Small integers are exact in TF32.
    let left: Vec<f32> = (0..128).map(|index| (index * 7 % 13) as f32 - 6.0).collect();
    let right: Vec<f32> = (0..64).map(|index| (index * 5 % 11) as f32 - 5.0).collect();
    let a = queue.upload(&left).unwrap();
    let b = queue.upload(&right).unwrap();
    let (sum, product) = (queue.array(128).unwrap(), queue.array(128).unwrap());
    let arguments = [Argument::array(&a, 0), Argument::array(&b, 0), Argument::array(&sum, 0)];
    queue.launch(kernel("multiply"), grid(1, 32, 0), &arguments).unwrap();
    let matrix = |array| Matrix { array, offset: 0, transposed: false };
    queue
        .multiply(&Product {
            rows: 16,
            columns: 8,
            inner: 8,
            left: matrix(&a),
            right: matrix(&b),
            result: (&product, 0),
            accumulate: false,
        })
        .unwrap();
    assert_eq!(queue.download(&sum).unwrap(), queue.download(&product).unwrap());
}

#[test]
fn numbers_that_travel_together_begin_at_a_multiple_of_their_size() {
    for checked in [false, true] {
        let Some(emulation) = queue(&[], checked, Order::Reverse) else { return };
        let values: Vec<f32> = (0..132).map(|value| value as f32).collect();
        let (array, result) = (emulation.upload(&values).unwrap(), emulation.array(132).unwrap());
        let run = |from, to| {
            let arguments = [Argument::array(&array, from), Argument::array(&result, to)];
            emulation.launch(kernel("move_fours"), grid(1, 32, 128), &arguments)
        };
        run(4, 2).unwrap();
        assert_eq!(emulation.download(&result).unwrap()[2..130], values[4..]);
        let message = run(2, 0).unwrap_err().to_string();
        assert!(message.contains("moves 16 bytes"), "{message}");

        let Some(emulation) = queue(&[], checked, Order::Reverse) else { return };
        let array = emulation.upload(&values).unwrap();
        let arguments = [Argument::array(&array, 0)];
        let name = kernel("move_fours_wrongly");
        let message = emulation.launch(name, grid(1, 32, 132), &arguments).unwrap_err().to_string();
        assert!(message.contains("moves 16 bytes"), "{message}");
    }
}

/// TF32 numbers, and both parts of numbers that are split.
fn parts(values: &[f32]) -> Option<[Vec<f32>; 3]> {
    let queue = queue(&[], false, Order::Forward)?;
    let array = queue.upload(values).unwrap();
    let results = [(); 3].map(|()| queue.array(values.len()).unwrap());
    let mut arguments =
        vec![Argument::count("values", values.len()).unwrap(), Argument::array(&array, 0)];
    arguments.extend(results.iter().map(|result| Argument::array(result, 0)));
    queue.launch(kernel("parts"), grid(1, 64, 0), &arguments).unwrap();
    Some(results.map(|result| queue.download(&result).unwrap()))
}

/// Bits that TF32 numbers do not have.
const BEYOND_TF32: u32 = 0x1fff;

#[test]
fn numbers_are_rounded_to_the_nearest_and_split_without_a_loss() {
    // All bits beyond TF32 with some in front; exponents from the smallest normal numbers to the largest.
    let mut values = Vec::new();
    for front in [0x0080_0000_u32, 0x3f80_0000, 0x3f80_2000, 0xbfff_e000, 0x7f7f_c000] {
        values.extend((0..=BEYOND_TF32).step_by(3).map(|rest| f32::from_bits(front + rest)));
    }
    let Some([rounded, high, low]) = parts(&values) else { return };
    for (index, &value) in values.iter().enumerate() {
        let [rounded, high, low] = [rounded[index], high[index], low[index]];
        assert!([rounded, high, low].iter().all(|part| part.to_bits() & BEYOND_TF32 == 0));
        assert_eq!(rounded, high, "{value}");
        // Units in the last places of the number and of a TF32 number.
        let unit = f64::from(f32::from_bits(value.to_bits() & 0x7f80_0000)) / f64::from(1 << 23);
        let coarse = unit * f64::from(BEYOND_TF32 + 1);
        assert!((f64::from(value) - f64::from(high)).abs() <= coarse / 2.0, "{value}: {high}");
        let rest = f64::from(value) - f64::from(high) - f64::from(low);
        // Parts of the smallest numbers are subnormal, with fewer bits.
        let most = if value.abs() > 1e-30 { unit } else { coarse };
        assert!(rest.abs() <= most, "{value}: {high} + {low}");
    }
}

#[test]
fn what_is_not_a_finite_number_stays_so_in_parts() {
    // Bits that come out of arithmetic, the largest, the smallest, and some that only the last bits tell from infinity.
    let mut values: Vec<f32> =
        [0x7fff_ffff, 0x7fc0_0000, 0xffff_ffff, 0xffc0_0000, 0x7fff_f000, 0x7f80_0001, 0xff80_1fff]
            .map(f32::from_bits)
            .to_vec();
    let nans = values.len();
    values.extend([f32::INFINITY, f32::NEG_INFINITY]);
    let Some([rounded, high, low]) = parts(&values) else { return };
    for (index, value) in values.iter().enumerate() {
        let bits = value.to_bits();
        if index < nans {
            assert!((high[index] + low[index]).is_nan(), "{bits:x}");
            // The conversion of the device looks at the first bits alone.
            let told_by_first_bits = f32::from_bits(bits & !BEYOND_TF32).is_nan();
            assert!(!rounded[index].is_finite(), "{bits:x}");
            assert_eq!(rounded[index].is_nan(), told_by_first_bits, "{bits:x}");
        } else {
            assert_eq!(rounded[index], *value);
            assert_eq!(high[index], *value);
            assert!(!(high[index] + low[index]).is_finite());
        }
    }
}

#[test]
fn quotients_are_those_of_the_language() {
    for define in ["NWM_QUOTIENT_ERROR=0", "NWM_QUOTIENT_ERROR=2", "NWM_QUOTIENT_ERROR=-2"] {
        let Some(queue) = queue(&[define], false, Order::Forward) else { return };
        let wrong = queue.array(64).unwrap();
        let arguments = [Argument::Int(100_000), Argument::array(&wrong, 0)];
        queue.launch(kernel("quotients"), grid(1, 64, 0), &arguments).unwrap();
        assert_eq!(queue.download(&wrong).unwrap(), [0.0; 64], "{define}");
    }
}

#[test]
fn the_tangent_is_within_its_bound() {
    // On a GPU quotients are up to two units in the last place off.
    for (define, bound) in [
        ("NWM_QUOTIENT_ERROR=0", 3.2e-7),
        ("NWM_QUOTIENT_ERROR=2", 4.4e-7),
        ("NWM_QUOTIENT_ERROR=-2", 4.4e-7),
    ] {
        let Some(queue) = queue(&[define], false, Order::Forward) else { return };
        let mut values: Vec<f32> = (-12_000..=12_000).map(|step| step as f32 * 1e-3).collect();
        values.extend([f32::INFINITY, f32::NEG_INFINITY, f32::NAN]);
        let (array, result) = (queue.upload(&values).unwrap(), queue.array(values.len()).unwrap());
        let count = Argument::count("values", values.len()).unwrap();
        let arguments = [count, Argument::array(&array, 0), Argument::array(&result, 0)];
        queue.launch(kernel("tangents"), grid(1, 64, 0), &arguments).unwrap();
        for (value, found) in values.iter().zip(queue.download(&result).unwrap()) {
            let expected = f64::from(*value).tanh();
            let agrees = (f64::from(found) - expected).abs() < bound;
            assert!(agrees || (found.is_nan() && value.is_nan()), "{define}, {value}: {found}");
            let is_one = found.abs() == 1.0;
            assert!(is_one || value.is_nan() || value.abs() < 10.0, "{define}, {value}: {found}");
        }
    }
}

#[test]
fn products_take_transposed_factors_and_add() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    let left = queue.upload(&[9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let right = queue.upload(&[1.0, -1.0]).unwrap();
    let result = queue.upload(&[10.0; 3]).unwrap();
    let product = |transposed, accumulate| Product {
        rows: 3,
        columns: 1,
        inner: 2,
        left: Matrix { array: &left, offset: 1, transposed },
        right: Matrix { array: &right, offset: 0, transposed: true },
        result: (&result, 0),
        accumulate,
    };
    // [[1, 2], [3, 4], [5, 6]] and, transposed, [[1, 4], [2, 5], [3, 6]].
    queue.multiply(&product(false, true)).unwrap();
    assert_eq!(queue.download(&result).unwrap(), [9.0, 9.0, 9.0]);
    queue.multiply(&product(true, false)).unwrap();
    assert_eq!(queue.download(&result).unwrap(), [-3.0, -3.0, -3.0]);
    let error = queue.multiply(&Product { inner: 3, ..product(false, false) }).unwrap_err();
    assert!(error.to_string().contains("the left factor ends at 10 of an array of 7"), "{error}");
}

#[test]
fn wrong_arguments_and_unknown_kernels_are_refused() {
    let Some(first) = queue(&[], false, Order::Forward) else { return };
    let message = first.launch(kernel("turn"), grid(1, 32, 32), &[]).unwrap_err().to_string();
    assert!(message.contains("0 arguments for a kernel that takes 1"), "{message}");
    let Some(second) = queue(&[], false, Order::Forward) else { return };
    let message = second.launch(kernel("nothing"), grid(1, 32, 0), &[]).unwrap_err().to_string();
    assert!(message.contains("nothing, block"), "{message}");
    let Some(third) = queue(&[], false, Order::Forward) else { return };
    let message =
        third.launch(kernel("turn"), grid(1, 32, 32), &[Argument::Int(3)]).unwrap_err().to_string();
    assert!(message.contains("expected an array"), "{message}");
}
