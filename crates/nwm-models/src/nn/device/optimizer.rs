//! One step of an optimiser for all parameters at once.

use nwm_cuda::{Argument, Kernel, Module, Queue, ptx};

use super::error::DeviceError;
use super::listed::{self, Together};

/// The kernels.
const OPTIMIZER: Module =
    Module { name: "optimizer", kernels: &["adam_step", "momentum_step"], ptx: ptx!("optimizer") };

/// The numbers of one step of Adam that all parameters share: with m and v the moments of gradient g,
/// `m = beta1 m + rest1 g`, `v = beta2 v + rest2 g g`, and the parameter moves by
/// `-rate m / (root_correction sqrt(v) + epsilon)`.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the formula says it")]
pub struct AdamStep {
    pub rate: f32,
    pub root_correction: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub rest1: f32,
    pub rest2: f32,
    pub epsilon: f32,
}

impl AdamStep {
    /// Moves every parameter and its moments, operation by operation as the CPU does, so that the bits are the same. Listed are
    /// parameter, gradient, first and second moment.
    ///
    /// # Errors
    /// [`DeviceError::Length`] if an array is too short, before anything is moved; [`DeviceError::Launch`] with the
    /// device's answer.
    pub fn launch<Q: Queue>(
        &self,
        queue: &Q,
        parameters: &[Together<'_, Q::Array, 4>],
    ) -> Result<(), DeviceError> {
        let names = ["a parameter", "a gradient", "a first moment", "a second moment"];
        listed::check(queue, parameters, names)?;
        let kernel = Kernel { module: &OPTIMIZER, name: "adam_step" };
        listed::launch(queue, kernel, parameters, 0, |_| {
            let Self { rate, root_correction, beta1, beta2, rest1, rest2, epsilon } = *self;
            [rate, root_correction, beta1, beta2, rest1, rest2, epsilon].map(Argument::Float).into()
        })
    }
}

/// The numbers of one step of gradient descent with momentum that all parameters share: `v = momentum v + g` with the gradient
/// g, and the parameter moves by `-rate v`.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the formula says it")]
pub struct MomentumStep {
    pub rate: f32,
    pub momentum: f32,
}

impl MomentumStep {
    /// Moves every parameter and its momentum, as [`AdamStep::launch`] does. Listed are parameter, gradient and momentum.
    ///
    /// # Errors
    /// As [`AdamStep::launch`].
    pub fn launch<Q: Queue>(
        &self,
        queue: &Q,
        parameters: &[Together<'_, Q::Array, 3>],
    ) -> Result<(), DeviceError> {
        listed::check(queue, parameters, ["a parameter", "a gradient", "a momentum"])?;
        let kernel = Kernel { module: &OPTIMIZER, name: "momentum_step" };
        listed::launch(queue, kernel, parameters, 0, |_| {
            [self.rate, self.momentum].map(Argument::Float).into()
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

    use nwm_cuda::{EmulatedArray, Emulation, Order};

    use super::super::emulated;
    use super::super::numbers::Numbers;
    use super::*;

    const ADAM: AdamStep = AdamStep {
        rate: 1.5e-3,
        root_correction: 1.7,
        beta1: 0.9,
        beta2: 0.999,
        rest1: 0.1,
        rest2: 0.001,
        epsilon: 1e-8,
    };
    const MOMENTUM: MomentumStep = MomentumStep { rate: 1.5e-2, momentum: 0.9 };

    /// More arrays than a launch can name, one of them empty and one of several parts.
    fn lengths() -> Vec<usize> {
        (0..70).map(|index| [1, 300, 0, 5000][if index == 66 { 3 } else { index % 3 }]).collect()
    }

    /// A parameter and its moments.
    type State<const N: usize> = [Vec<f32>; N];

    fn start<const N: usize>() -> Vec<State<N>> {
        let values = |count: usize, index: usize| {
            (0..count).map(|it| ((it + 5 * index) as f32 * 0.3).cos()).collect()
        };
        let state = |(index, count): (usize, usize)| {
            std::array::from_fn(|it| if it == 0 { values(count, index) } else { vec![0.0; count] })
        };
        lengths().into_iter().enumerate().map(state).collect()
    }

    fn gradient(step: usize, count: usize) -> Vec<f32> {
        (0..count).map(|index| ((index + 7 * step) as f32 * 0.61).sin() / 1024.0).collect()
    }

    /// As the optimiser on the CPU writes it.
    fn adam_plainly([parameter, first, second]: &mut State<3>, gradient: &[f32]) {
        let moments = first.iter_mut().zip(second);
        for ((value, &g), (first, second)) in parameter.iter_mut().zip(gradient).zip(moments) {
            let m = ADAM.beta1 * *first + ADAM.rest1 * g;
            let v = ADAM.beta2 * *second + ADAM.rest2 * g * g;
            *first = m;
            *second = v;
            *value -= ADAM.rate * m / (v.sqrt() * ADAM.root_correction + ADAM.epsilon);
        }
    }

    /// As the optimiser on the CPU writes it.
    fn momentum_plainly([parameter, momentum]: &mut State<2>, gradient: &[f32]) {
        for ((value, &g), momentum) in parameter.iter_mut().zip(gradient).zip(momentum) {
            *momentum = MOMENTUM.momentum * *momentum + g;
            *value -= MOMENTUM.rate * *momentum;
        }
    }

    /// What three steps do to the states; `launch` is given each parameter, its gradient and its moments.
    fn moved<const N: usize, const K: usize>(
        queue: &Emulation,
        start: &[State<N>],
        launch: impl Fn(&[Together<'_, EmulatedArray, K>]),
    ) -> Vec<State<N>> {
        // They begin at the second number of their array.
        let upload =
            |values: &Vec<f32>| queue.upload(&[&[f32::NAN], &values[..]].concat()).unwrap();
        let states: Vec<_> = start.iter().map(|state| state.each_ref().map(upload)).collect();
        for step in 0..3 {
            let gradients: Vec<_> =
                start.iter().map(|state| gradient(step, state[0].len())).collect();
            let gradients: Vec<_> = gradients.iter().map(|it| queue.upload(it).unwrap()).collect();
            let listed = states.iter().zip(&gradients).map(|(state, gradient)| {
                let numbers = std::array::from_fn(|it| match it {
                    0 => Numbers::of(&state[0]).after(1),
                    1 => Numbers::of(gradient),
                    _ => Numbers::of(&state[it - 1]).after(1),
                });
                Together { count: queue.length(gradient), numbers }
            });
            launch(&listed.collect::<Vec<_>>());
        }
        let download = |array: EmulatedArray| queue.download(&array).unwrap()[1..].to_vec();
        states.into_iter().map(|state| state.map(download)).collect()
    }

    fn stepped<const N: usize>(step: impl Fn(&mut State<N>, &[f32])) -> Vec<State<N>> {
        let mut states = start();
        for number in 0..3 {
            for state in &mut states {
                let gradient = gradient(number, state[0].len());
                step(state, &gradient);
            }
        }
        states
    }

    fn queue(defines: &[&str], order: Order) -> Option<Emulation> {
        emulated::queue("optimizer", &[&OPTIMIZER], defines, false, order)
    }

    #[test]
    fn steps_have_the_bits_of_those_on_the_cpu() {
        let plants: &[&str] = &["PLANT_EPSILON_INSIDE", "PLANT_MOMENTUM_AFTER"];
        let cases =
            Order::ALL.map(|order| (&[][..], order)).into_iter().chain([(plants, Order::Forward)]);
        for (defines, order) in cases {
            let Some(queue) = queue(defines, order) else { return };
            let adam = moved(&queue, &start(), |it| ADAM.launch(&queue, it).unwrap());
            let momentum = moved(&queue, &start(), |it| MOMENTUM.launch(&queue, it).unwrap());
            assert_eq!(adam == stepped(adam_plainly), defines.is_empty());
            assert_eq!(momentum == stepped(momentum_plainly), defines.is_empty());
        }
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused_before_anything_moves() {
        let Some(queue) = queue(&[], Order::Forward) else { return };
        let [long, short] = [6, 5].map(|count| queue.upload(&vec![1.0; count]).unwrap());
        let together = |gradient| {
            let [long, gradient] = [&long, gradient].map(Numbers::of);
            Together { count: 6, numbers: [long, gradient, long, long] }
        };
        let listed = [together(&long), together(&short)];
        let message = ADAM.launch(&queue, &listed).unwrap_err().to_string();
        assert!(message.contains("a gradient ends at 6 of an array of 5"), "{message}");
        assert_eq!(queue.download(&long).unwrap(), [1.0; 6]);
    }
}
