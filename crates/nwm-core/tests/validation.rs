//! What a cell refuses, and what it says.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod common;

use candle_core::{DType, Device, Tensor, Var};
use common::{Problem, config, values};
use nwm_core::imex::reference;
use nwm_core::{Bias, Cell, CellConfig, DT_FLOOR, Error, Record, Scalar, State, Topology};

const TORUS: Topology = Topology::Torus { rows: 4, columns: 5 };
const RINGS: Topology = Topology::Rings { rings: 2, sites: 5 };
const DENSE: Topology = Topology::Dense { units: 4 };

/// The error of a configuration, which must complete "failed to ...".
fn refusal(topology: Topology, adjust: impl FnOnce(&mut CellConfig)) -> Error {
    let error = Cell::new(config(topology, adjust)).unwrap_err();
    assert!(error.to_string().starts_with(char::is_lowercase), "{error}");
    error
}

#[test]
fn zero_sizes() {
    for (topology, expected) in [
        (Topology::Torus { rows: 0, columns: 5 }, "rows"),
        (Topology::Torus { rows: 5, columns: 0 }, "columns"),
        (Topology::Rings { rings: 0, sites: 5 }, "rings"),
        (Topology::Rings { rings: 5, sites: 0 }, "sites"),
        (Topology::Dense { units: 0 }, "units"),
    ] {
        let error = refusal(topology, |_| {});
        assert!(matches!(error, Error::ZeroSize { what } if what == expected), "{error}");
    }
    let error = refusal(TORUS, |c| c.channels = 0);
    assert!(matches!(error, Error::ZeroSize { what: "channels" }));
    let error = refusal(TORUS, |c| c.kernel_size = 0);
    assert!(matches!(error, Error::ZeroSize { what: "kernel_size" }));
}

#[test]
fn sizes_beyond_the_address_space() {
    let huge = Topology::Torus { rows: usize::MAX / 2, columns: 5 };
    assert!(matches!(refusal(huge, |_| {}), Error::TooLarge { .. }));
    let wide = Topology::Dense { units: usize::MAX / 4 };
    assert!(matches!(refusal(wide, |_| {}), Error::TooLarge { .. }));
    assert!(
        matches!(refusal(TORUS, |c| c.channels = 1 << 40), Error::TooLarge { channels, .. } if channels == 1 << 40)
    );
}

#[test]
fn a_projected_input_beside_a_coupled_drive() {
    let error = refusal(TORUS, |c| c.input_features = Some(2));
    assert!(matches!(error, Error::ProjectionWithCoupling), "{error}");
    let error = refusal(TORUS, |c| {
        c.drive_coupling = false;
        c.input_features = Some(0);
    });
    assert!(matches!(error, Error::ZeroSize { what: "input_features" }), "{error}");
}

#[test]
fn a_gradient_that_is_not_one_of_the_result() {
    let problem = Problem::random(config(TORUS, |_| {}), 3, 2, 1);
    let parameters: Vec<_> = problem.parameters.iter().map(|v| v.as_tensor().clone()).collect();
    let packed = problem.cell.pack(&parameters).unwrap();
    let recording =
        problem.cell.record(&problem.drive, &problem.initial, &packed, Record::States).unwrap();
    let error = recording.pull_back(&problem.initial).unwrap_err();
    assert!(matches!(error, Error::Shape { what: "the gradient of the result", .. }), "{error}");
    let error = recording.pull_back(&recording.result().to_dtype(DType::F32).unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("is F32, expected f64"), "{error}");
}

#[test]
fn kernels_that_do_not_fit() {
    let error = refusal(TORUS, |c| c.kernel_size = 4);
    assert!(matches!(error, Error::EvenKernel { kernel_size: 4 }));
    let error = refusal(TORUS, |c| c.kernel_size = 5);
    assert!(matches!(error, Error::KernelTooLarge { kernel_size: 5, axis: "row", length: 4 }));
    let narrow = Topology::Torus { rows: 5, columns: 4 };
    let error = refusal(narrow, |c| c.kernel_size = 5);
    assert!(matches!(error, Error::KernelTooLarge { axis: "column", .. }));
    let error = refusal(RINGS, |c| c.kernel_size = 7);
    assert!(matches!(error, Error::KernelTooLarge { axis: "ring", length: 5, .. }));
}

#[test]
fn rings_may_be_fewer_than_the_kernel_is_wide() {
    assert!(Cell::new(config(RINGS, |c| c.kernel_size = 5)).is_ok());
}

#[test]
fn one_way_coupling_outside_rings_or_of_another_size() {
    for topology in [TORUS, DENSE] {
        let error = refusal(topology, |c| c.one_way = true);
        assert!(matches!(error, Error::OneWayNeedsRings { .. }), "{error}");
    }
    let error = refusal(RINGS, |c| {
        c.one_way = true;
        c.kernel_size = 5;
    });
    assert!(matches!(error, Error::OneWayKernel { kernel_size: 5 }));
}

#[test]
fn biases_that_the_topology_does_not_define() {
    for (topology, bias) in
        [(TORUS, Bias::PerRingPosition), (DENSE, Bias::PerRingPosition), (DENSE, Bias::PerMap)]
    {
        let error = refusal(topology, |c| c.bias = bias);
        assert!(matches!(error, Error::BiasNeedsOtherTopology { .. }), "{error}");
    }
}

#[test]
fn dense_cells_with_channels() {
    let error = refusal(DENSE, |c| c.channels = 2);
    assert!(matches!(error, Error::DenseChannels { channels: 2 }));
}

#[test]
fn scalars_out_of_range() {
    for dt in [0.0, -0.1, DT_FLOOR * 0.99, f64::NAN, f64::INFINITY] {
        let error = refusal(TORUS, |c| c.dt = Scalar::Fixed(dt));
        assert!(matches!(error, Error::TimeStepTooSmall { .. }), "{error}");
    }
    let error = refusal(TORUS, |c| c.dt = Scalar::Learned { raw: -10.0 });
    assert!(matches!(error, Error::TimeStepTooSmall { .. }), "{error}");
    assert!(Cell::new(config(TORUS, |c| c.dt = Scalar::Fixed(DT_FLOOR))).is_ok());
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        let error = refusal(TORUS, |c| c.gamma = Scalar::Fixed(value));
        assert!(matches!(error, Error::InvalidScalar { name: "gamma", .. }), "{error}");
        let error = refusal(TORUS, |c| c.alpha = Scalar::Fixed(value));
        assert!(matches!(error, Error::InvalidScalar { name: "alpha", .. }), "{error}");
    }
    // A negative raw value is allowed: relu makes it an effective 0.
    assert!(Cell::new(config(TORUS, |c| c.gamma = Scalar::Learned { raw: -1.0 })).is_ok());
    let error = refusal(TORUS, |c| c.alpha = Scalar::Learned { raw: f64::NAN });
    assert!(matches!(error, Error::InvalidScalar { name: "alpha", .. }), "{error}");
}

fn parameters(cell: &Cell, dtype: DType) -> Vec<Tensor> {
    cell.parameter_shapes()
        .iter()
        .map(|parameter| Tensor::zeros(parameter.shape.as_slice(), dtype, &Device::Cpu).unwrap())
        .collect()
}

#[test]
fn parameters_of_the_wrong_number_shape_or_type() {
    let cell = Cell::new(CellConfig::new(TORUS)).unwrap();
    let good = parameters(&cell, DType::F32);
    let error = cell.pack(&good[1..]).unwrap_err();
    assert!(matches!(error, Error::ParameterCount { expected: 7, found: 6, .. }), "{error}");
    assert!(error.to_string().contains("coupling, damping, drive, bias, dt_raw"), "{error}");

    let mut wrong_shape = good.clone();
    wrong_shape[3] = Tensor::zeros(19, DType::F32, &Device::Cpu).unwrap();
    let error = cell.pack(&wrong_shape).unwrap_err().to_string();
    assert!(error.contains("bias") && error.contains("[19]") && error.contains("[20]"), "{error}");

    let mut mixed = good.clone();
    mixed[1] = mixed[1].to_dtype(DType::F64).unwrap();
    let error = cell.pack(&mixed).unwrap_err();
    assert!(matches!(error, Error::ElementType { what: "damping", .. }), "{error}");

    let error = cell.pack(&parameters(&cell, DType::BF16)).unwrap_err();
    assert!(matches!(error, Error::ElementType { found: DType::BF16, .. }), "{error}");
}

#[test]
fn learned_time_step_that_fell_below_the_floor() {
    let cell = Cell::new(CellConfig::new(TORUS)).unwrap();
    let mut shrunk = parameters(&cell, DType::F64);
    for raw in [-8.0, f64::NEG_INFINITY, f64::NAN] {
        shrunk[4] = Tensor::new(raw, &Device::Cpu).unwrap();
        let error = cell.pack(&shrunk).unwrap_err();
        assert!(matches!(error, Error::TimeStepTooSmall { .. }), "{error}");
    }
}

#[test]
fn packed_time_step_below_the_floor() {
    let cell = Cell::new(CellConfig::new(TORUS)).unwrap();
    let packed = Tensor::zeros(cell.layout().len(), DType::F64, &Device::Cpu).unwrap();
    let drive = Tensor::zeros((1, 1, 20), DType::F64, &Device::Cpu).unwrap();
    let initial = Tensor::zeros((2, 1, 20), DType::F64, &Device::Cpu).unwrap();
    let error = cell.forward(&drive, &initial, &packed, Record::States).unwrap_err().to_string();
    assert!(error.contains("dt = 0"), "{error}");
}

#[test]
fn arguments_of_the_wrong_shape_or_type() {
    let cell = Cell::new(CellConfig::new(TORUS)).unwrap();
    let packed = cell.pack(&parameters(&cell, DType::F32)).unwrap();
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let (drive, initial) = (zeros(&[3, 2, 20]), zeros(&[2, 2, 20]));
    let refusal = |drive: &Tensor, initial: &Tensor, packed: &Tensor| {
        cell.forward(drive, initial, packed, Record::States).unwrap_err()
    };
    for shape in [&[3, 2, 4, 5][..], &[3, 2, 19], &[0, 2, 20], &[3, 0, 20]] {
        let error = refusal(&zeros(shape), &initial, &packed);
        assert!(matches!(error, Error::Shape { what: "the drive", .. }), "{error}");
    }
    for shape in [&[2, 3, 20][..], &[1, 2, 20], &[2, 2, 4, 5]] {
        let error = refusal(&drive, &zeros(shape), &packed);
        assert!(matches!(error, Error::Shape { what: "the initial state", .. }), "{error}");
    }
    let error = refusal(&drive, &initial, &zeros(&[49]));
    assert!(matches!(error, Error::Shape { what: "the packed parameters", .. }), "{error}");

    let to = |tensor: &Tensor, dtype| tensor.to_dtype(dtype).unwrap();
    let error = refusal(&to(&drive, DType::BF16), &initial, &packed);
    assert!(matches!(error, Error::ElementType { what: "the drive", .. }), "{error}");
    let error = refusal(&drive, &to(&initial, DType::F64), &packed);
    assert!(matches!(error, Error::ElementType { what: "the initial state", .. }), "{error}");
}

#[test]
fn velocities_through_a_state_norm() {
    let cell = Cell::new(config(TORUS, |c| c.state_norm = true)).unwrap();
    let packed = cell.pack(&parameters(&cell, DType::F32)).unwrap();
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let (drive, initial) = (zeros(&[1, 1, 20]), zeros(&[2, 1, 20]));
    let error = cell.forward(&drive, &initial, &packed, Record::Velocities).unwrap_err();
    assert!(matches!(error, Error::VelocitiesWithNorm), "{error}");
}

#[test]
fn reference_with_the_wrong_number_of_values() {
    let cell = Cell::new(CellConfig::new(TORUS)).unwrap();
    let layout = cell.layout();
    let packed = vec![0.5_f64; layout.len()];
    assert!(matches!(layout.parameters(&packed[1..]), Err(Error::Shape { .. })));
    let parameters = layout.parameters(&packed).unwrap();
    let error = reference::step(cell.config(), &parameters, &[0.0; 19], &State::zeros(20));
    assert!(matches!(error, Err(Error::Shape { what: "the drive", .. })));
    let error = reference::step(cell.config(), &parameters, &[0.0; 20], &State::zeros(19));
    assert!(matches!(error, Err(Error::Shape { what: "the position", .. })));
    let error = reference::run(cell.config(), &parameters, &[0.0; 50], &State::zeros(20));
    assert!(matches!(error, Err(Error::Shape { what: "the drive", .. })));
    let error = reference::couple(cell.config(), &packed[..8], &[0.0; 20]);
    assert!(matches!(error, Err(Error::Shape { what: "the kernel", .. })));
}

#[test]
fn reference_with_parameters_of_another_cell() {
    let cell = Cell::new(CellConfig::new(TORUS)).unwrap();
    let packed = vec![0.5_f64; cell.layout().len()];
    let parameters = cell.layout().parameters(&packed).unwrap();
    // The kernels fit a larger map, the biases do not.
    let larger = config(Topology::Torus { rows: 5, columns: 5 }, |_| {});
    let error = reference::step(&larger, &parameters, &[0.0; 25], &State::zeros(25));
    assert!(matches!(error, Err(Error::Shape { what: "the bias", .. })));
    let empty = config(Topology::Torus { rows: 0, columns: 5 }, |_| {});
    let error = reference::run(&empty, &parameters, &[0.0; 20], &State::zeros(20));
    assert!(matches!(error, Err(Error::ZeroSize { what: "rows" })));
    let narrow = config(TORUS, |c| c.kernel_size = 11);
    let error = reference::couple(&narrow, &[0.0; 121], &[0.0; 20]);
    assert!(matches!(error, Err(Error::KernelTooLarge { axis: "row", .. })));
}

#[test]
fn a_coefficient_that_is_not_a_number_is_not_taken_for_zero() {
    assert!(Scalar::Learned { raw: f64::NAN }.as_coefficient().is_nan());
    assert_eq!(Scalar::Learned { raw: -2.0 }.as_coefficient(), 0.0);
    assert_eq!(Scalar::Learned { raw: 2.0 }.as_coefficient(), 2.0);
}

#[test]
fn strided_inputs_give_the_same_result() {
    let problem = Problem::random(CellConfig::new(TORUS), 3, 2, 1);
    let expected = values(&problem.forward(Record::States, DType::F64));
    let strided = |tensor: &Tensor| {
        tensor.transpose(0, 2).unwrap().contiguous().unwrap().transpose(0, 2).unwrap()
    };
    let parameters: Vec<_> = problem.parameters.iter().map(|v| v.as_tensor().clone()).collect();
    let packed = problem.cell.pack(&parameters).unwrap();
    let (drive, initial) = (strided(&problem.drive), strided(&problem.initial));
    assert!(!drive.is_contiguous() && !initial.is_contiguous());
    let found = problem.cell.forward(&drive, &initial, &packed, Record::States).unwrap();
    assert_eq!(values(&found), expected);
}

#[test]
fn inputs_inside_a_larger_tensor_give_the_same_result_and_gradient() {
    let problem = Problem::random(CellConfig::new(TORUS), 3, 2, 1);
    let parameters: Vec<_> = problem.parameters.iter().map(|v| v.as_tensor().clone()).collect();
    let packed = problem.cell.pack(&parameters).unwrap();
    let view = problem.drive.narrow(0, 1, 2).unwrap();
    let copy = Var::from_tensor(&view.force_contiguous().unwrap()).unwrap();
    assert!(view.is_contiguous(), "the view differs from a copy by its offset alone");
    let run = |drive: &Tensor| {
        problem.cell.forward(drive, &problem.initial, &packed, Record::States).unwrap()
    };
    let (from_view, from_copy) = (run(&view), run(copy.as_tensor()));
    assert_eq!(values(&from_view), values(&from_copy));
    let gradient = |tape: &Tensor, drive: &Var| {
        let gradients = tape.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        values(gradients.get(drive).unwrap())
    };
    let of_copy = gradient(&from_copy, &copy);
    let of_whole = gradient(&from_view, &problem.drive);
    let (outside, inside) = of_whole.split_at(of_whole.len() - of_copy.len());
    assert!(outside.iter().all(|&gradient| gradient == 0.0));
    assert_eq!(inside, of_copy);
    assert!(inside.iter().any(|&gradient| gradient != 0.0));
}
