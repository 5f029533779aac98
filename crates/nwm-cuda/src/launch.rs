//! What a launch consists of, and who can do it.

use crate::error::{Error, Result};

/// Threads of a warp.
pub const WARP: usize = 32;

/// Most arrays in a list, `nwm::LIST` in `nwm.cuh`: four lists fit what a launch may pass.
pub const LIST: usize = 64;

/// A file of kernels: `kernels/NAME.cu` of the crate that declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// The file's name without its ending.
    pub name: &'static str,
    /// The kernels in there.
    pub kernels: &'static [&'static str],
    /// What the sources compile to.
    pub ptx: &'static [Ptx],
}

/// A module compiled for devices from some capability on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ptx {
    /// The devices that can load it.
    pub capability: Capability,
    /// The assembly text.
    pub text: &'static str,
}

/// The code of the module `kernels/NAME.cu` of the crate that calls it, from `kernels/ptx` beside the source.
#[macro_export]
macro_rules! ptx {
    ($name:literal) => {
        &[
            $crate::Ptx {
                capability: $crate::Capability::From80,
                text: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/kernels/ptx/",
                    $name,
                    ".compute_80.ptx"
                )),
            },
            $crate::Ptx {
                capability: $crate::Capability::Only90,
                text: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/kernels/ptx/",
                    $name,
                    ".compute_90a.ptx"
                )),
            },
        ]
    };
}

/// What a GPU can do, as NVIDIA numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Compute capability 8.0 and all later ones.
    From80,
    /// Exactly compute capability 9.0, with what only that has (`compute_90a`).
    Only90,
}

impl Capability {
    /// Whether a device of this compute capability loads it.
    pub fn serves(self, major: usize, minor: usize) -> bool {
        match self {
            Self::From80 => major >= 8,
            Self::Only90 => (major, minor) == (9, 0),
        }
    }
}

/// One kernel of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// The file that it is in.
    pub module: &'static Module,
    /// Its name.
    pub name: &'static str,
}

/// How many threads run, and how much memory a block shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Blocks along the three axes.
    pub blocks: [usize; 3],
    /// Threads of a block, whole warps.
    pub threads: usize,
    /// Words (f32) of shared memory of a block.
    pub shared_words: usize,
}

/// What one block may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Words (f32) of shared memory.
    pub shared_words: usize,
    /// Threads.
    pub threads: usize,
}

impl Limits {
    /// Those of compute capability 8.0 (163 KiB of shared memory): what fits here fits all later data-centre GPUs.
    pub const AMPERE: Self = Self { shared_words: 163 * 256, threads: 1024 };
    /// Those of compute capability 9.0 and 10.0 (227 KiB).
    pub const HOPPER: Self = Self { shared_words: 227 * 256, threads: 1024 };
}

/// One argument of a kernel, of the type that its declaration names.
#[derive(Debug)]
pub enum Argument<'a, A> {
    /// A pointer into an array, or a null pointer.
    Array(Option<(&'a A, usize)>),
    /// `int`.
    Int(i32),
    /// `long long`.
    Long(i64),
    /// `float`.
    Float(f32),
    /// `nwm::Counts`, by value: at most [`LIST`] numbers.
    Counts(Vec<i32>),
    /// `nwm::Pointers`, by value: at most [`LIST`] pointers, each to an element of an array.
    Pointers(Vec<(&'a A, usize)>),
}

impl<'a, A> Argument<'a, A> {
    /// A pointer to element `offset` of an array.
    pub fn array(array: &'a A, offset: usize) -> Self {
        Self::Array(Some((array, offset)))
    }

    /// A null pointer.
    pub fn none() -> Self {
        Self::Array(None)
    }

    /// A count as an `int`.
    ///
    /// # Errors
    /// [`Error::Count`] if it does not fit.
    pub fn count(what: &'static str, count: usize) -> Result<Self> {
        i32::try_from(count).map(Self::Int).map_err(|_| Error::Count { what, found: count })
    }

    /// A distance as a `long long`.
    ///
    /// # Errors
    /// [`Error::Count`] if it does not fit.
    pub fn distance(what: &'static str, distance: usize) -> Result<Self> {
        i64::try_from(distance).map(Self::Long).map_err(|_| Error::Count { what, found: distance })
    }
}

/// A list in its full length, as a kernel takes it.
pub(crate) fn full_list<T: Copy>(
    values: impl ExactSizeIterator<Item = T>,
    rest: T,
) -> Result<[T; LIST]> {
    if values.len() > LIST {
        return Err(Error::List { found: values.len(), most: LIST });
    }
    let mut list = [rest; LIST];
    list.iter_mut().zip(values).for_each(|(place, value)| *place = value);
    Ok(list)
}

/// A matrix in an array, row by row.
#[derive(Debug)]
pub struct Matrix<'a, A> {
    /// Where it is.
    pub array: &'a A,
    /// Its first element.
    pub offset: usize,
    /// Whether the product reads it with rows and columns exchanged.
    pub transposed: bool,
}

/// `result = left right`, or added to what is there. Leading dimensions are those of whole matrices.
#[derive(Debug)]
pub struct Product<'a, A> {
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result.
    pub columns: usize,
    /// Terms of each sum.
    pub inner: usize,
    /// `[rows, inner]`, or `[inner, rows]` if transposed.
    pub left: Matrix<'a, A>,
    /// `[inner, columns]`, or `[columns, inner]` if transposed.
    pub right: Matrix<'a, A>,
    /// `[rows, columns]` from this element on.
    pub result: (&'a A, usize),
    /// Adds to the result instead of replacing it.
    pub accumulate: bool,
}

impl<A> Product<'_, A> {
    /// Whether all three matrices lie within their arrays.
    pub(crate) fn check(&self, length: impl Fn(&A) -> usize) -> Result<()> {
        let Self { rows, columns, inner, .. } = *self;
        for (what, array, offset, size) in [
            ("the left factor", self.left.array, self.left.offset, rows * inner),
            ("the right factor", self.right.array, self.right.offset, inner * columns),
            ("the product", self.result.0, self.result.1, rows * columns),
        ] {
            let (end, length) = (offset + size, length(array));
            if end > length {
                return Err(Error::Length { what, end, length });
            }
        }
        Ok(())
    }
}

/// Where kernels run, one after the other in the order in which they are launched.
///
/// Arrays are written through shared references: a launch names the arrays that its kernel writes, and the order of
/// launches is the order of effects. Whoever launches makes sure that nobody else uses an array meanwhile: results are
/// arrays of this queue ([`Queue::array`]) that become the storage of a tensor only after the launch, and from then on
/// are read by what is launched later into the same order.
pub trait Queue {
    /// Numbers on the device.
    type Array;

    /// An array of numbers that are not defined yet.
    ///
    /// # Errors
    /// If the device has no memory left.
    fn array(&self, length: usize) -> Result<Self::Array>;

    /// An array of zeros.
    ///
    /// # Errors
    /// If the device has no memory left.
    fn zeros(&self, length: usize) -> Result<Self::Array>;

    /// An array with these numbers.
    ///
    /// # Errors
    /// If the device has no memory left.
    fn upload(&self, values: &[f32]) -> Result<Self::Array>;

    /// The numbers of an array, after everything that was launched before.
    ///
    /// # Errors
    /// What a launch before this had to say, or the device.
    fn download(&self, array: &Self::Array) -> Result<Vec<f32>>;

    /// Waits for everything that was launched.
    ///
    /// # Errors
    /// What a launch before this had to say, or the device.
    fn synchronise(&self) -> Result<()>;

    /// Numbers of an array.
    fn length(&self, array: &Self::Array) -> usize;

    /// Runs a kernel after everything that was launched before.
    ///
    /// # Errors
    /// [`Error::Grid`] if a block or grid is larger than the device allows, [`Error::EmptyGrid`] if one of them is empty,
    /// [`Error::List`] if a list is too long, or what the device answers.
    fn launch(
        &self,
        kernel: Kernel,
        grid: Grid,
        arguments: &[Argument<'_, Self::Array>],
    ) -> Result<()>;

    /// Multiplies matrices after everything that was launched before.
    ///
    /// # Errors
    /// [`Error::Length`] if a matrix does not lie within its array, or what the device answers.
    fn multiply(&self, product: &Product<'_, Self::Array>) -> Result<()>;

    /// What a block may have.
    fn limits(&self) -> Limits;
}

impl Grid {
    /// Largest numbers of blocks along the axes, on every device since compute capability 3.0.
    const MOST_BLOCKS: [usize; 3] = [i32::MAX as usize, 65_535, 65_535];

    /// Whether a device takes it.
    pub(crate) fn check(&self, kernel: &'static str, limits: Limits) -> Result<()> {
        let most = |what, found, most| {
            if found > most { Err(Error::Grid { kernel, what, found, most }) } else { Ok(()) }
        };
        let some = |what, found, limit| match found {
            0 => Err(Error::EmptyGrid { kernel, what }),
            _ => most(what, found, limit),
        };
        for (&blocks, limit) in self.blocks.iter().zip(Self::MOST_BLOCKS) {
            some("the number of blocks", blocks, limit)?;
        }
        some("the number of threads of a block", self.threads, limits.threads)?;
        most("the odd number of threads", self.threads % WARP, 0)?;
        most("the shared memory of a block in words", self.shared_words, limits.shared_words)
    }
}

#[cfg(test)]
mod tests {
    use super::{Capability, Grid, LIST, Limits, full_list};

    #[test]
    fn lists_have_their_full_length_or_are_refused() {
        let list = full_list([3, 5].into_iter(), 0).map_err(|error| error.to_string());
        assert_eq!(list.map(|list| (list[1], list[2], list.len())), Ok((5, 0, LIST)));
        let error = full_list(0..LIST + 1, 0).map_err(|error| error.to_string()).unwrap_err();
        assert_eq!(error, "launch a kernel: found a list of 65, at most 64 are possible");
    }

    #[test]
    fn grids_larger_than_the_device_are_refused() {
        let grid = Grid { blocks: [1, 1, 1], threads: 64, shared_words: 100 };
        let refused = |grid: Grid| {
            grid.check("step", Limits::AMPERE).map_err(|error| error.to_string()).unwrap_err()
        };
        assert!(grid.check("step", Limits::AMPERE).is_ok());
        assert_eq!(
            refused(Grid { shared_words: 50_000, ..grid }),
            "launch step: the shared memory of a block in words is 50000, at most 41728 is possible"
        );
        assert!(refused(Grid { threads: 2048, ..grid }).contains("threads of a block is 2048"));
        assert!(refused(Grid { threads: 65, ..grid }).contains("odd number of threads is 1"));
        assert!(refused(Grid { blocks: [1, 70_000, 1], ..grid }).contains("65535"));
    }

    #[test]
    fn grids_of_nothing_are_refused() {
        let grid = Grid { blocks: [1, 1, 1], threads: 64, shared_words: 0 };
        for axis in 0..3 {
            let mut blocks = grid.blocks;
            blocks[axis] = 0;
            let error = Grid { blocks, ..grid }.check("step", Limits::AMPERE).unwrap_err();
            let expected = "launch step: the number of blocks is 0, at least 1 is needed";
            assert_eq!(error.to_string(), expected);
        }
        let error = Grid { threads: 0, ..grid }.check("step", Limits::AMPERE).unwrap_err();
        assert!(error.to_string().contains("threads of a block is 0"), "{error}");
    }

    #[test]
    fn hopper_alone_has_code_of_its_own() {
        assert!(Capability::From80.serves(8, 6) && Capability::From80.serves(10, 0));
        assert!(!Capability::From80.serves(7, 5));
        assert!(Capability::Only90.serves(9, 0) && !Capability::Only90.serves(10, 0));
    }
}
