//! One step of Adam for all parameters at once.

use nwm_cuda::{Argument, Grid, Kernel, Module, Queue, ptx};

use super::error::DeviceError;
use super::numbers::Numbers;

/// The kernel, which has one thread per parameter.
const ADAM: Module = Module { name: "adam", kernels: &["adam_step"], ptx: ptx!("adam") };
const THREADS: usize = 256;

/// The numbers of one step that all parameters share: with m and v the moments of gradient g,
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

/// What a step reads and writes, all of the same length.
#[derive(Debug, Clone, Copy)]
pub struct AdamArrays<'a, A> {
    /// Moved by the step.
    pub parameters: Numbers<'a, A>,
    /// Read.
    pub gradient: Numbers<'a, A>,
    /// Updated by the step, before the parameters.
    pub first: Numbers<'a, A>,
    /// As `first`.
    pub second: Numbers<'a, A>,
}

impl AdamStep {
    /// Moves `count` parameters: operation by operation what the CPU does, so that the bits are the same.
    ///
    /// # Errors
    /// [`DeviceError::Length`] if an array is too short, before anything is moved; [`DeviceError::Launch`] with the
    /// device's answer.
    pub fn launch<Q: Queue>(
        &self,
        queue: &Q,
        arrays: &AdamArrays<'_, Q::Array>,
        count: usize,
    ) -> Result<(), DeviceError> {
        let AdamArrays { parameters, gradient, first, second } = *arrays;
        let lists = [
            ("the parameters", parameters),
            ("the gradient", gradient),
            ("the first moments", first),
            ("the second moments", second),
        ];
        for (what, numbers) in lists {
            numbers.check(queue, what, count)?;
        }
        let [parameters, gradient, first, second] = lists.map(|(_, numbers)| numbers.argument());
        let arguments = [
            Argument::count("parameters", count)?,
            parameters,
            gradient,
            first,
            second,
            Argument::Float(self.rate),
            Argument::Float(self.root_correction),
            Argument::Float(self.beta1),
            Argument::Float(self.beta2),
            Argument::Float(self.rest1),
            Argument::Float(self.rest2),
            Argument::Float(self.epsilon),
        ];
        let grid =
            Grid { blocks: [count.div_ceil(THREADS), 1, 1], threads: THREADS, shared_words: 0 };
        let kernel = Kernel { module: &ADAM, name: "adam_step" };
        Ok(queue.launch(kernel, grid, &arguments)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

    use nwm_cuda::Emulation;

    use super::super::emulated::{self, ORDERS};
    use super::*;

    const STEP: AdamStep = AdamStep {
        rate: 1.5e-3,
        root_correction: 1.7,
        beta1: 0.9,
        beta2: 0.999,
        rest1: 0.1,
        rest2: 0.001,
        epsilon: 1e-8,
    };

    /// Parameters, first and second moments.
    type State = [Vec<f32>; 3];

    fn gradient(step: usize, count: usize) -> Vec<f32> {
        (0..count).map(|index| ((index + 7 * step) as f32 * 0.61).sin() / 1024.0).collect()
    }

    /// As the optimiser on the CPU writes it.
    fn move_plainly([parameters, first, second]: &mut State, gradient: &[f32]) {
        let moments = first.iter_mut().zip(second);
        for ((value, &g), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            let m = STEP.beta1 * *first + STEP.rest1 * g;
            let v = STEP.beta2 * *second + STEP.rest2 * g * g;
            *first = m;
            *second = v;
            *value -= STEP.rate * m / (v.sqrt() * STEP.root_correction + STEP.epsilon);
        }
    }

    /// Three steps by the kernel, on parameters that begin at the second number of their array.
    fn moved(queue: &Emulation, start: &State) -> State {
        let count = start[0].len();
        let [parameters, first, second] = start
            .each_ref()
            .map(|values| queue.upload(&[&[f32::NAN], &values[..]].concat()).unwrap());
        let after = |array| Numbers::of(array).after(1);
        for step in 0..3 {
            let gradient = queue.upload(&gradient(step, count)).unwrap();
            let arrays = AdamArrays {
                parameters: after(&parameters),
                gradient: Numbers::of(&gradient),
                first: after(&first),
                second: after(&second),
            };
            STEP.launch(queue, &arrays, count).unwrap();
        }
        [parameters, first, second].map(|array| queue.download(&array).unwrap()[1..].to_vec())
    }

    #[test]
    fn steps_have_the_bits_of_those_on_the_cpu() {
        for count in [1, 256, 300] {
            let values = (0..count).map(|index| (index as f32 * 0.3).cos()).collect();
            let start = [values, vec![0.0; count], vec![0.0; count]];
            let mut expected = start.clone();
            for step in 0..3 {
                move_plainly(&mut expected, &gradient(step, count));
            }
            for order in ORDERS {
                let Some(queue) = emulated::queue("adam", &[&ADAM], &[], false, order) else {
                    return;
                };
                assert_eq!(moved(&queue, &start), expected);
            }
            let plant = &["PLANT_EPSILON_INSIDE"];
            let Some(wrong) = emulated::queue("adam", &[&ADAM], plant, false, ORDERS[0]) else {
                return;
            };
            assert_ne!(moved(&wrong, &start), expected);
        }
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused() {
        let Some(queue) = emulated::queue("adam", &[&ADAM], &[], false, ORDERS[0]) else {
            return;
        };
        let [long, short] = [6, 5].map(|count| queue.zeros(count).unwrap());
        let (long, short) = (Numbers::of(&long), Numbers::of(&short));
        let arrays = AdamArrays { parameters: long, gradient: short, first: long, second: long };
        let message = STEP.launch(&queue, &arrays, 6).unwrap_err().to_string();
        assert!(message.contains("the gradient ends at 6 of an array of 5"), "{message}");
    }
}
