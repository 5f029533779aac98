//! Flows against the same numbers made layer by layer, and against differences, in `f64`; and the flows of `f32` against
//! those of `f64`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod nn_support;

use candle_core::{DType, Device, Result, Tensor, Var};
use nn_support::{
    bits, builder, check_gradients, distance, noise, numbers, randomise, weighted_sum,
};
use nwm_models::Error;
use nwm_models::nn::flow::{
    Direction, HamiltonianFlow, Integrator, MapFlow, OdeFlow, OdeOptions, Span,
};
use nwm_models::nn::{Mlp, ParameterBuilder, Parameters, swish};

use Direction::{Backward, Forward};

const HIDDEN: [usize; 3] = [7, 5, 6];
const SPAN: Span = Span { before: 2, after: 4 };

fn variable(shape: &[usize], seed: u64) -> Var {
    Var::from_tensor(&noise(shape, seed)).unwrap()
}

fn directions(batch: usize) -> Vec<Direction> {
    (0..batch).map(|sample| if sample % 3 == 1 { Backward } else { Forward }).collect()
}

/// 1 or -1 for each sample, `[batch, 1]`.
fn signs(directions: &[Direction]) -> Tensor {
    let sign = |direction: &Direction| if *direction == Forward { 1.0_f64 } else { -1.0 };
    let signs: Vec<f64> = directions.iter().map(sign).collect();
    Tensor::from_vec(signs, (directions.len(), 1), &Device::Cpu).unwrap()
}

/// States around the given ones, by a step `(state, signs) -> state`.
fn by_steps(
    start: &Tensor,
    span: Span,
    directions: &[Direction],
    step: impl Fn(&Tensor, &Tensor) -> Tensor,
) -> Tensor {
    let signs = signs(directions);
    let reverse = signs.neg().unwrap();
    let mut states = vec![start.clone()];
    for _ in 0..span.before {
        states.insert(0, step(&states[0], &reverse));
    }
    for _ in 0..span.after {
        states.push(step(states.last().unwrap(), &signs));
    }
    Tensor::stack(&states, 0).unwrap()
}

/// Kick, drift, kick, with a force at either end of every step.
fn leapfrog_step(flow: &HamiltonianFlow, state: &Tensor, signs: &Tensor, h: f64) -> Tensor {
    let half = state.dim(1).unwrap() / 2;
    let (mut q, mut p) = (state.narrow(1, 0, half).unwrap(), state.narrow(1, half, half).unwrap());
    let kick = |q: &Tensor, p: &Tensor| {
        let force = flow.potential().input_gradient(&q.contiguous().unwrap()).unwrap();
        (p - (force.broadcast_mul(signs).unwrap() * (h / 2.0)).unwrap()).unwrap()
    };
    p = kick(&q, &p);
    let velocity = flow.kinetic().input_gradient(&p.contiguous().unwrap()).unwrap();
    q = (q + (velocity.broadcast_mul(signs).unwrap() * h).unwrap()).unwrap();
    p = kick(&q, &p);
    Tensor::cat(&[q, p], 1).unwrap()
}

fn runge_kutta_step(field: &Mlp, state: &Tensor, signs: &Tensor, h: f64, order: usize) -> Tensor {
    let slope = |state: &Tensor| field.forward(state).unwrap().broadcast_mul(signs).unwrap();
    let moved = |slope: &Tensor, by: f64| (state + (slope * (by * h)).unwrap()).unwrap();
    let k1 = slope(state);
    let k2 = slope(&moved(&k1, 0.5));
    if order == 2 {
        return moved(&k2, 1.0);
    }
    let k3 = slope(&moved(&k2, 0.5));
    let k4 = slope(&moved(&k3, 1.0));
    let sum = ((k1 + (k2 * 2.0).unwrap()).unwrap() + ((k3 * 2.0).unwrap() + k4).unwrap()).unwrap();
    moved(&sum, 1.0 / 6.0)
}

/// Compares two results and the gradients of everything they are made of.
fn compare(what: &str, parameters: &Parameters, start: &Var, fast: &Tensor, plain: &Tensor) {
    assert_eq!(fast.dims(), plain.dims());
    let off = distance(&numbers(fast), &numbers(plain));
    assert!(off < 1e-13, "{what}: states are off by {off:e}");
    let fast = weighted_sum(fast).unwrap().backward().unwrap();
    let plain = weighted_sum(plain).unwrap().backward().unwrap();
    for (name, variable) in parameters.iter().chain([("start", start)]) {
        let found = fast.get(variable).unwrap_or_else(|| panic!("{what}: no gradient of {name}"));
        match plain.get(variable) {
            Some(expected) => {
                let off = distance(&numbers(found), &numbers(expected));
                assert!(off < 1e-12, "{what}: gradient of {name} is off by {off:e}");
            }
            // An energy's own constant moves nothing.
            None => assert!(numbers(found).iter().all(|&value| value == 0.0), "{what}: {name}"),
        }
    }
}

#[test]
fn hamiltonian_flow_is_kick_drift_kick() {
    for batch in [1, 3, 11] {
        let mut builder = builder();
        let flow = HamiltonianFlow::new(&mut builder, "flow", 2, &HIDDEN, 0.3).unwrap();
        let parameters = builder.finish();
        randomise(&parameters, 3);
        let (start, directions) = (variable(&[batch, 4], 1), directions(batch));
        let fast = flow.unroll(&start, SPAN, &directions).unwrap();
        let plain = by_steps(&start, SPAN, &directions, |state, signs| {
            leapfrog_step(&flow, state, signs, 0.3)
        });
        compare("leapfrog", &parameters, &start, &fast, &plain);
    }
}

#[test]
fn ode_flows_of_fixed_step_are_their_formulas() {
    for (integrator, order) in [(Integrator::Rk2, 2), (Integrator::Rk4, 4)] {
        for batch in [1, 3, 11] {
            let mut options = OdeOptions::default();
            (options.integrator, options.step) = (integrator, 0.3);
            let mut builder = builder();
            let flow = OdeFlow::new(&mut builder, "flow", 3, &HIDDEN, options).unwrap();
            let parameters = builder.finish();
            randomise(&parameters, 3);
            let (start, directions) = (variable(&[batch, 3], 1), directions(batch));
            let fast = flow.unroll(&start, SPAN, &directions).unwrap();
            let plain = by_steps(&start, SPAN, &directions, |state, signs| {
                runge_kutta_step(flow.field(), state, signs, 0.3, order)
            });
            compare(&format!("{integrator:?}"), &parameters, &start, &fast, &plain);
        }
    }
}

#[test]
fn map_flows_are_their_formulas() {
    for residual in [true, false] {
        let mut builder = builder();
        let flow = MapFlow::new(&mut builder, "flow", 3, &HIDDEN, residual).unwrap();
        let parameters = builder.finish();
        randomise(&parameters, 3);
        let start = variable(&[5, 3], 1);
        let fast = flow.unroll(&start, 4).unwrap();
        let span = Span { before: 0, after: 4 };
        let plain = by_steps(&start, span, &[Forward; 5], |state, _| {
            let value = flow.field().forward(state).unwrap();
            if residual { (state + value).unwrap() } else { value }
        });
        compare("map", &parameters, &start, &fast, &plain);
    }
}

#[test]
fn dopri5_gradients_go_through_the_steps_that_were_kept() {
    // Differences see the step lengths move as well, which changes states by less than the tolerance.
    let mut options = OdeOptions::default();
    (options.step, options.tolerance) = (0.4, 1e-12);
    let mut builder = builder();
    let flow = OdeFlow::new(&mut builder, "flow", 3, &HIDDEN, options).unwrap();
    let parameters = builder.finish();
    randomise(&parameters, 3);
    let (start, directions) = (variable(&[5, 3], 1), directions(5));
    let variables: Vec<_> = parameters.iter().chain([("start", &start)]).collect();
    check_gradients("dopri5", &variables, || {
        weighted_sum(&flow.unroll(&start, SPAN, &directions).unwrap())
    });
}

#[test]
fn dopri5_agrees_with_many_small_classical_steps_and_returns_to_the_start() {
    for tolerance in [1e-6, 1e-9] {
        let mut options = OdeOptions::default();
        (options.step, options.tolerance) = (0.5, tolerance);
        let mut builder = builder();
        let flow = OdeFlow::new(&mut builder, "flow", 3, &HIDDEN, options).unwrap();
        let parameters = builder.finish();
        randomise(&parameters, 3);
        let start = noise(&[4, 3], 1);
        let directions = directions(4);
        let span = Span { before: 0, after: 10 };
        let states = flow.unroll(&start, span, &directions).unwrap();
        let signs = signs(&directions);
        let mut exact = start.clone();
        for time in 1..=10 {
            for _ in 0..500 {
                exact = runge_kutta_step(flow.field(), &exact, &signs, 1e-3, 4).detach();
            }
            let off = distance(&numbers(&states.get(time).unwrap()), &numbers(&exact));
            assert!(off < 100.0 * tolerance, "{tolerance:e}: {off:e} after {time} intervals");
        }
        let opposite: Vec<_> = directions
            .iter()
            .map(|direction| if *direction == Forward { Backward } else { Forward })
            .collect();
        let back = flow.unroll(&states.get(10).unwrap(), span, &opposite).unwrap();
        let off = distance(&numbers(&back.get(10).unwrap()), &numbers(&start));
        assert!(off < 1e3 * tolerance, "{tolerance:e}: {off:e} from the start");
    }
}

#[test]
fn explicit_gradients_of_an_energy_agree_with_differences() {
    let mut builder = builder();
    let energy = Mlp::new(&mut builder, "energy", &[3, 7, 5, 1]).unwrap();
    let parameters = builder.finish();
    randomise(&parameters, 3);
    let x = variable(&[4, 3], 1);
    let gradient = energy.input_gradient(&x).unwrap();
    // First derivatives: candle's own gradient of the energy.
    let store = energy.forward(&x).unwrap().sum_all().unwrap().backward().unwrap();
    let off = distance(&numbers(&gradient), &numbers(store.get(&x).unwrap()));
    assert!(off < 1e-14, "{off:e}");
    // Second derivatives: differences. The output's bias has none.
    let variables: Vec<_> =
        parameters.iter().filter(|(name, _)| *name != "energy.2.bias").chain([("x", &x)]).collect();
    check_gradients("input gradient", &variables, || {
        weighted_sum(&energy.input_gradient(&x).unwrap())
    });
    let two = Mlp::new(&mut nn_support::builder(), "two", &[3, 4, 2]).unwrap();
    assert!(two.input_gradient(&x).unwrap_err().to_string().contains("one output"));
}

#[test]
fn hamiltonian_flow_agrees_with_differences() {
    let mut builder = builder();
    let flow = HamiltonianFlow::new(&mut builder, "flow", 2, &HIDDEN, 0.1).unwrap();
    let parameters = builder.finish();
    randomise(&parameters, 3);
    let (start, directions) = (variable(&[3, 4], 1), directions(3));
    let variables: Vec<_> = parameters
        .iter()
        .filter(|(name, _)| !name.ends_with("3.bias"))
        .chain([("start", &start)])
        .collect();
    check_gradients("Hamiltonian flow", &variables, || {
        weighted_sum(&flow.unroll(&start, SPAN, &directions).unwrap())
    });
}

#[test]
fn leapfrog_keeps_the_energy_to_second_order_for_long() {
    let worst_within = |step: f64, steps: usize| {
        let mut builder = builder();
        let flow = HamiltonianFlow::new(&mut builder, "flow", 2, &HIDDEN, step).unwrap();
        randomise(&builder.finish(), 3);
        let start = noise(&[3, 4], 1);
        let states = flow.unroll(&start, Span { before: 0, after: steps }, &[Forward; 3]).unwrap();
        let energies = numbers(&flow.energy(&states.flatten(0, 1).unwrap()).unwrap());
        let off = energies.iter().zip(energies[..3].iter().cycle());
        off.map(|(energy, first)| (energy - first).abs()).fold(0.0, f64::max)
    };
    // The same time, by steps of two lengths.
    let (coarse, fine) = (worst_within(0.1, 400), worst_within(0.05, 800));
    assert!((3.9..4.1).contains(&(coarse / fine)), "{coarse:e} and {fine:e}");
    assert!(coarse < 0.02, "{coarse:e}");
    // It does not grow with time.
    let early = worst_within(0.1, 100);
    assert!(coarse < 2.0 * early, "{coarse:e} after 400 steps, {early:e} after 100");
}

#[test]
fn hamiltonian_flow_returns_to_its_start() {
    let mut builder = builder();
    let flow = HamiltonianFlow::new(&mut builder, "flow", 2, &HIDDEN, 0.125).unwrap();
    randomise(&builder.finish(), 3);
    let start = noise(&[6, 4], 1);
    let span = Span { before: 0, after: 62 };
    let states = flow.unroll(&start, span, &[Forward; 6]).unwrap();
    let back = flow.unroll(&states.get(62).unwrap(), span, &[Backward; 6]).unwrap();
    let off = distance(&numbers(&back.get(62).unwrap()), &numbers(&start));
    assert!(off < 1e-12, "{off:e}");
}

#[test]
fn states_before_are_those_of_the_flow_back_in_time() {
    let mut builder = builder();
    let flow = HamiltonianFlow::new(&mut builder, "flow", 2, &HIDDEN, 0.125).unwrap();
    randomise(&builder.finish(), 3);
    let start = noise(&[2, 4], 1);
    let both = flow.unroll(&start, Span { before: 3, after: 0 }, &[Forward; 2]).unwrap();
    let back = flow.unroll(&start, Span { before: 0, after: 3 }, &[Backward; 2]).unwrap();
    assert_eq!(bits(&both), bits(&back.flip(&[0]).unwrap()));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let mut builder = builder();
    let ode = OdeFlow::new(&mut builder, "ode", 4, &HIDDEN, OdeOptions::default()).unwrap();
    let energy = HamiltonianFlow::new(&mut builder, "energy", 2, &HIDDEN, 0.125).unwrap();
    let parameters = builder.finish();
    randomise(&parameters, 3);
    let start = variable(&[19, 4], 1);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| -> Result<Vec<u64>> {
            let directions = directions(19);
            let ode = ode.unroll(&start, SPAN, &directions).unwrap();
            let energy = energy.unroll(&start, SPAN, &directions).unwrap();
            let states = (swish(&ode).unwrap() + energy)?;
            let store = weighted_sum(&states)?.backward()?;
            let mut all = bits(&states);
            for (_, variable) in parameters.iter().chain([("start", &start)]) {
                all.extend(bits(store.get(variable).unwrap()));
            }
            Ok(all)
        })
        .unwrap()
    };
    let one = run(1);
    for threads in [2, 3, 5] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}

/// States of all flows around some, and the gradients of their weighted sum; sizes that no vector divides.
fn states_and_gradients(dtype: DType) -> Vec<(String, Vec<f64>)> {
    const HIDDEN: [usize; 2] = [37, 19];
    let mut options = OdeOptions::default();
    options.integrator = Integrator::Rk4;
    let mut builder = ParameterBuilder::new(7, dtype, &Device::Cpu);
    let energy = HamiltonianFlow::new(&mut builder, "energy", 3, &HIDDEN, 0.2).unwrap();
    let fixed = OdeFlow::new(&mut builder, "fixed", 6, &HIDDEN, options).unwrap();
    let adaptive =
        OdeFlow::new(&mut builder, "adaptive", 6, &HIDDEN, OdeOptions::default()).unwrap();
    let map = MapFlow::new(&mut builder, "map", 6, &HIDDEN, true).unwrap();
    let parameters = builder.finish();
    for (seed, (_, variable)) in parameters.iter().enumerate() {
        let values = (noise(variable.dims(), seed as u64) * 0.4).unwrap();
        variable.set(&values.to_dtype(dtype).unwrap()).unwrap();
    }
    let start = Var::from_tensor(&noise(&[11, 6], 1).to_dtype(dtype).unwrap()).unwrap();
    let directions = directions(11);
    let states = [
        energy.unroll(&start, SPAN, &directions).unwrap(),
        fixed.unroll(&start, SPAN, &directions).unwrap(),
        adaptive.unroll(&start, SPAN, &directions).unwrap(),
        map.unroll(&start, SPAN.states() - 1).unwrap(),
    ];
    let states = Tensor::cat(&states, 2).unwrap();
    let weights = noise(states.dims(), 2).to_dtype(dtype).unwrap();
    let store = (&states * weights).unwrap().sum_all().unwrap().backward().unwrap();
    let gradients = parameters.iter().chain([("start", &start)]).map(|(name, variable)| {
        let gradient = store.get(variable).unwrap_or_else(|| panic!("no gradient of {name}"));
        (format!("gradient of {name}"), numbers(gradient))
    });
    [("states".into(), numbers(&states))].into_iter().chain(gradients).collect()
}

#[test]
fn single_precision_agrees_with_double_precision() {
    let single = states_and_gradients(DType::F32);
    for ((what, found), (_, expected)) in single.iter().zip(states_and_gradients(DType::F64)) {
        let off = distance(found, &expected);
        // Rounding moves the steps of the adaptive method, whose tolerance is 1e-6.
        let bound = if what.contains("adaptive") { 1e-4 } else { 1e-5 };
        assert!(off < bound, "{what} is off by {off:e}");
    }
}

#[test]
fn swish_of_a_large_negative_sum_is_nothing() {
    // A map without weights whose first bias alone speaks: `z' = w swish(b)`.
    let mut builder = ParameterBuilder::new(7, DType::F32, &Device::Cpu);
    let map = MapFlow::new(&mut builder, "map", 1, &[9], false).unwrap();
    let parameters = builder.finish();
    let start = Tensor::ones((1, 1), DType::F32, &Device::Cpu).unwrap();
    for sum in [-20.0_f32, -100.0, -1e4, -1e30] {
        for (name, variable) in parameters.iter() {
            let value = if name == "map.field.0.bias" { sum } else { 1.0 };
            let value = if name.ends_with("1.bias") { 0.0 } else { value };
            let values = Tensor::full(value, variable.shape(), &Device::Cpu).unwrap();
            variable.set(&values).unwrap();
        }
        let state = map.unroll(&start, 1).unwrap().get(1).unwrap();
        let value = state.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
        assert!(value.abs() < 1e-6, "swish({sum}) gives {value:e}");
    }
}

#[test]
fn wrong_shapes_are_refused() {
    let mut builder = builder();
    let flow = HamiltonianFlow::new(&mut builder, "flow", 2, &HIDDEN, 0.125).unwrap();
    let start = noise(&[2, 4], 1);
    let problem = flow.unroll(&start, SPAN, &[Forward]).unwrap_err().to_string();
    assert!(problem.contains("directions") && problem.contains("[1]"), "{problem}");
    let problem = flow.unroll(&noise(&[0, 4], 1), SPAN, &[]).unwrap_err().to_string();
    assert!(problem.contains("at least one sample"), "{problem}");
    assert!(flow.unroll(&noise(&[2, 3], 1), SPAN, &[Forward; 2]).is_err());
    assert!(flow.energy(&noise(&[2, 3], 1)).is_err());
    let map = MapFlow::new(&mut builder, "map", 4, &HIDDEN, true).unwrap();
    let scalar = noise(&[1], 1).squeeze(0).unwrap();
    assert!(matches!(map.unroll(&scalar, 2), Err(Error::Shape { .. })));
    let energy = Mlp::new(&mut builder, "plain", &[4, 1]).unwrap();
    for wrong in [&[2, 3][..], &[2, 3, 4]] {
        assert!(matches!(energy.input_gradient(&noise(wrong, 1)), Err(Error::Shape { .. })));
    }
    assert!(Mlp::new(&mut builder, "short", &[3]).is_err());
}

#[test]
fn options_out_of_range_are_refused() {
    let mut builder = builder();
    type Change = fn(&mut OdeOptions);
    let changes: [(&str, Change); 5] = [
        ("ode.step", |options| options.step = 0.0),
        ("ode.tolerance", |options| options.tolerance = f64::NAN),
        ("ode.tolerance", |options| options.tolerance = 1e-200),
        ("ode.most_steps", |options| options.most_steps = 0),
        ("ode.most_steps", |options| options.most_steps = usize::MAX),
    ];
    for (key, change) in changes {
        let mut options = OdeOptions::default();
        change(&mut options);
        let problem = OdeFlow::new(&mut builder, "ode", 4, &HIDDEN, options).unwrap_err();
        assert!(problem.to_string().contains(key), "{problem}");
    }
    let problem = HamiltonianFlow::new(&mut builder, "flow", 2, &HIDDEN, -1.0).unwrap_err();
    assert!(problem.to_string().contains("flow.step"), "{problem}");
}
