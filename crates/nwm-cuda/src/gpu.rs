//! Launches on a GPU, in the stream of the tensor library's device.

#![allow(unsafe_code, reason = "launches and libraries of the driver take raw pointers")]

use candle_core::Device;
use candle_core::backend::BackendDevice;
use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::cuda_backend::cudarc::driver::result::device as device_pool;
use candle_core::cuda_backend::cudarc::driver::sys::{
    CUdevice_attribute, CUfunction_attribute, CUmemPool_attribute, cuMemPoolSetAttribute,
};
use candle_core::cuda_backend::cudarc::driver::{
    CudaContext, CudaSlice, CudaStream, DevicePtr, LaunchConfig, PushKernelArg, SyncOnDrop,
};
use candle_core::cuda_backend::{CudaDevice, DeviceId, WrapErr};

use crate::error::{Error, Result};
use crate::known::{Answers, Grants};
use crate::launch::{Argument, Grid, Kernel, LIST, Limits, Product, Ptx, Queue, full_list};

/// The GPU of a number, as a device of the tensor library that keeps what was freed for the next step. Tensors of two calls
/// do not meet: open it once.
///
/// # Errors
/// [`Error::Device`] with the driver's answer.
pub fn open_gpu(number: usize) -> Result<Device> {
    let device = CudaDevice::new(number)?;
    // A device without a pool is slower, and no less right.
    let _ = keep_freed_memory(&device);
    Ok(Device::Cuda(device))
}

/// Keeps freed memory with the device's pool instead of handing it back at every synchronisation, after which the tape of
/// the next step would have to be mapped anew. Fails where a device has no pool.
fn keep_freed_memory(device: &CudaDevice) -> Result<()> {
    let stream = device.cuda_stream();
    let context = stream.context();
    context.bind_to_thread().w()?;
    let mut threshold = u64::MAX;
    let attribute = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the pool belongs to the device that was asked for it, and the attribute is a 64-bit number.
    unsafe {
        let pool = device_pool::get_default_mem_pool(context.cu_device()).w()?;
        cuMemPoolSetAttribute(pool, attribute, (&raw mut threshold).cast()).result().w()?;
    }
    Ok(())
}

/// Shared memory in bytes that every kernel may use without asking for more.
const UNASKED_SHARED_BYTES: usize = 48 * 1024;

/// What devices can do, by their numbers.
static PROPERTIES: Answers<usize, Properties> = Answers::new();

/// Bytes of shared memory that kernels may use: of each device of the tensor library, which loads modules of its own,
/// by module and kernel.
static SHARED_BYTES: Grants<(DeviceId, &str, &str)> = Grants::new();

/// A GPU of the tensor library.
///
/// All launches are in the device's stream. Which arrays a kernel writes, only the kernel knows; the driver's bindings
/// are told that it reads all of them. That is right for as long as an array is used in the stream in which it was
/// written, where order suffices:
///
/// - `Device::new_cuda` takes the default stream of the calling *thread*, and the bindings track nothing. A tensor that
///   goes from one thread to another needs a [`Queue::synchronise`] in the first one before.
/// - `Device::new_cuda_with_stream` has one stream for all threads, and the bindings record an event at every use. Ours
///   count as reads, for which a read in the stream of another device does not wait: synchronise before a tensor is
///   copied to another device of the same GPU. Within the device nothing is needed.
///
/// An event of the right kind would need exclusive references to results (`device_ptr_mut`), and arguments that say what
/// they are for.
#[derive(Debug, Clone)]
pub struct Gpu {
    device: CudaDevice,
    properties: Properties,
}

/// What a device can do.
#[derive(Debug, Clone, Copy)]
struct Properties {
    limits: Limits,
    /// Compute capability, major and minor.
    capability: (usize, usize),
}

/// What bounds a kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speeds {
    /// Multiprocessors.
    pub multiprocessors: f64,
    /// Their clock in hertz.
    pub clock: f64,
    /// Bytes per second from and to memory.
    pub bandwidth: f64,
}

/// An argument in the form in which the driver reads it.
enum Value {
    Pointer(u64),
    Int(i32),
    Long(i64),
    Float(f32),
    Counts(Box<[i32; LIST]>),
    Pointers(Box<[u64; LIST]>),
}

impl Gpu {
    /// Asks the device for what its blocks may have, the first time.
    ///
    /// # Errors
    /// [`Error::Device`] with the driver's answer.
    pub fn new(device: &CudaDevice) -> Result<Self> {
        let stream = device.cuda_stream();
        let context = stream.context();
        let properties = PROPERTIES.get(context.ordinal(), || Properties::of(context))?;
        Ok(Self { device: device.clone(), properties })
    }

    /// Multiprocessors, their clock in hertz, and the bandwidth of the memory in bytes per second, as the driver tells them.
    ///
    /// # Errors
    /// [`Error::Device`] with the driver's answer.
    pub fn speeds(&self) -> Result<Speeds> {
        use CUdevice_attribute::{
            CU_DEVICE_ATTRIBUTE_CLOCK_RATE as KILOHERTZ,
            CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH as BUS_BITS,
            CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE as MEMORY_KILOHERTZ,
            CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT as MULTIPROCESSORS,
        };
        let stream = self.device.cuda_stream();
        let ask = |attribute| -> Result<f64> {
            Ok(f64::from(stream.context().attribute(attribute).w()?))
        };
        Ok(Speeds {
            multiprocessors: ask(MULTIPROCESSORS)?,
            clock: 1e3 * ask(KILOHERTZ)?,
            // Two transfers a clock.
            bandwidth: 2e3 * ask(MEMORY_KILOHERTZ)? * ask(BUS_BITS)? / 8.0,
        })
    }

    /// The card's name and compute capability.
    ///
    /// # Errors
    /// [`Error::Device`] with the driver's answer.
    pub fn name(&self) -> Result<String> {
        let (major, minor) = self.properties.capability;
        let name = self.device.cuda_stream().context().name().w()?;
        Ok(format!("{name}, compute capability {major}.{minor}"))
    }

    /// The code of a module that this device runs best.
    fn ptx(&self, kernel: Kernel) -> Result<&'static Ptx> {
        let (major, minor) = self.properties.capability;
        let mut serving =
            kernel.module.ptx.iter().filter(|ptx| ptx.capability.serves(major, minor));
        serving.next_back().ok_or_else(|| {
            let name = kernel.name;
            let why = format!(
                "{name} needs a GPU of compute capability 8.0 or later, this one has {major}.{minor}"
            );
            Error::Device(candle_core::Error::Cuda(why.into()))
        })
    }
}

impl Properties {
    fn of(context: &CudaContext) -> Result<Self> {
        let ask = |attribute| -> Result<usize> {
            let value = context.attribute(attribute).w()?;
            Ok(usize::try_from(value).unwrap_or(0))
        };
        use CUdevice_attribute::{
            CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR as MAJOR,
            CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR as MINOR,
            CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN as SHARED_BYTES,
            CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK as THREADS,
        };
        let limits = Limits { shared_words: ask(SHARED_BYTES)? / 4, threads: ask(THREADS)? };
        Ok(Self { limits, capability: (ask(MAJOR)?, ask(MINOR)?) })
    }
}

/// Where an element of an array lies, which may be one of a result (see [`Gpu`]); the array is in use until the guard is dropped.
fn address<'a>(
    (array, offset): (&'a CudaSlice<f32>, usize),
    stream: &'a CudaStream,
    guards: &mut Vec<SyncOnDrop<'a>>,
) -> u64 {
    let (start, guard) = array.device_ptr(stream);
    guards.push(guard);
    start + 4 * offset as u64
}

impl Queue for Gpu {
    type Array = CudaSlice<f32>;

    fn array(&self, length: usize) -> Result<CudaSlice<f32>> {
        // SAFETY: a launch writes the numbers before anything reads them, which is the contract of this method.
        Ok(unsafe { self.device.alloc::<f32>(length) }?)
    }

    fn zeros(&self, length: usize) -> Result<CudaSlice<f32>> {
        Ok(self.device.alloc_zeros::<f32>(length)?)
    }

    fn upload(&self, values: &[f32]) -> Result<CudaSlice<f32>> {
        Ok(self.device.clone_htod(values)?)
    }

    fn download(&self, array: &CudaSlice<f32>) -> Result<Vec<f32>> {
        Ok(self.device.clone_dtoh(array)?)
    }

    fn synchronise(&self) -> Result<()> {
        Ok(self.device.cuda_stream().synchronize().w()?)
    }

    fn length(&self, array: &CudaSlice<f32>) -> usize {
        array.len()
    }

    fn launch(
        &self,
        kernel: Kernel,
        grid: Grid,
        arguments: &[Argument<'_, CudaSlice<f32>>],
    ) -> Result<()> {
        grid.check(kernel.name, self.properties.limits)?;
        let ptx = self.ptx(kernel)?;
        let function =
            self.device.get_or_load_custom_func(kernel.name, kernel.module.name, ptx.text)?;
        let shared_bytes = 4 * grid.shared_words;
        if shared_bytes > UNASKED_SHARED_BYTES {
            let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            let key = (self.device.id(), kernel.module.name, kernel.name);
            SHARED_BYTES.ensure(key, shared_bytes, || {
                Ok(function.set_attribute(attribute, shared_bytes as i32).w()?)
            })?;
        }
        let stream = self.device.cuda_stream();
        let mut guards = Vec::new();
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(match argument {
                Argument::Array(None) => Value::Pointer(0),
                Argument::Array(Some(place)) => {
                    Value::Pointer(address(*place, &stream, &mut guards))
                }
                Argument::Int(value) => Value::Int(*value),
                Argument::Long(value) => Value::Long(*value),
                Argument::Float(value) => Value::Float(*value),
                Argument::Counts(counts) => {
                    Value::Counts(Box::new(full_list(counts.iter().copied(), 0)?))
                }
                Argument::Pointers(pointers) => {
                    let pointers =
                        pointers.iter().map(|&place| address(place, &stream, &mut guards));
                    Value::Pointers(Box::new(full_list(pointers, 0)?))
                }
            });
        }
        let mut launch = function.builder();
        for value in &values {
            match value {
                Value::Pointer(pointer) => launch.arg(pointer),
                Value::Int(value) => launch.arg(value),
                Value::Long(value) => launch.arg(value),
                Value::Float(value) => launch.arg(value),
                Value::Counts(list) => launch.arg(list.as_ref()),
                Value::Pointers(list) => launch.arg(list.as_ref()),
            };
        }
        let [x, y, z] = grid.blocks.map(|blocks| blocks as u32);
        let config = LaunchConfig {
            grid_dim: (x, y, z),
            block_dim: (grid.threads as u32, 1, 1),
            shared_mem_bytes: shared_bytes as u32,
        };
        // SAFETY: the arguments have the types of the kernel's declaration and the arrays the sizes that it reads and
        // writes; both are what the emulation checks for the same call. The stream keeps the order of launches.
        unsafe { launch.launch(config) }.w()?;
        Ok(())
    }

    fn multiply(&self, product: &Product<'_, CudaSlice<f32>>) -> Result<()> {
        product.check(CudaSlice::len)?;
        let stream = self.device.cuda_stream();
        let blas = self.device.cublas_handle();
        let count = |what, found| i32::try_from(found).map_err(|_| Error::Count { what, found });
        let rows = count("the number of rows", product.rows)?;
        let columns = count("the number of columns", product.columns)?;
        let inner = count("the number of terms", product.inner)?;
        let operation = |transposed| {
            if transposed {
                sys::cublasOperation_t::CUBLAS_OP_T
            } else {
                sys::cublasOperation_t::CUBLAS_OP_N
            }
        };
        let address = |start: u64, offset: usize| start + 4 * offset as u64;
        let (left, _reads_left) = product.left.array.device_ptr(&stream);
        let (right, _reads_right) = product.right.array.device_ptr(&stream);
        // Written, though taken like what is read: see `Gpu`.
        let (target, _writes) = product.result.0.device_ptr(&stream);
        let (one, beta) = (1.0_f32, if product.accumulate { 1.0_f32 } else { 0.0 });
        // The library counts columns first: the transpose of the result is the product of the transposes.
        // SAFETY: all three matrices lie within their arrays, which was checked.
        unsafe {
            result::sgemm(
                *blas.handle(),
                operation(product.right.transposed),
                operation(product.left.transposed),
                columns,
                rows,
                inner,
                &one,
                address(right, product.right.offset) as *const f32,
                if product.right.transposed { inner } else { columns },
                address(left, product.left.offset) as *const f32,
                if product.left.transposed { rows } else { inner },
                &beta,
                address(target, product.result.1) as *mut f32,
                columns,
            )
        }
        .w()?;
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.properties.limits
    }
}
