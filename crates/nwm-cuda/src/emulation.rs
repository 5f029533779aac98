//! Kernels on the CPU, in a process of their own.
//!
//! The process holds the arrays and runs a launch when it is told to. A kernel that breaks a rule (a barrier that some
//! threads miss, an access out of bounds, a race) ends the process with a message, which becomes the error of the launch.

use std::cell::RefCell;
use std::io::{BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout};
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::launch::{Argument, Grid, Kernel, Limits, Product, Queue, full_list};

/// A process that runs kernels.
pub struct Emulation {
    connection: Rc<RefCell<Connection>>,
    limits: Limits,
}

/// An array of an [`Emulation`].
pub struct EmulatedArray {
    connection: Rc<RefCell<Connection>>,
    id: u32,
    length: usize,
}

struct Connection {
    process: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
}

impl Connection {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let sent = self.input.as_mut().map(|input| input.write_all(bytes));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(self.last_words()),
        }
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<()> {
        let flushed = self.input.as_mut().map(|input| input.flush());
        if !matches!(flushed, Some(Ok(()))) || self.output.read_exact(bytes).is_err() {
            return Err(self.last_words());
        }
        Ok(())
    }

    fn receive_u32(&mut self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.receive(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn receive_u64(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.receive(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// What a process said before it ended.
    fn last_words(&mut self) -> Error {
        self.input = None;
        let mut words = String::new();
        if let Some(errors) = self.process.stderr.as_mut() {
            let _ = errors.read_to_string(&mut words);
        }
        let status = self.process.wait();
        // The address sanitizer warns when a fiber ends the process, since it does not know its stack.
        const LAST_LINE_OF_WARNING: &str = "sanitizers/issues/189\n";
        let words = words.rsplit(LAST_LINE_OF_WARNING).next().unwrap_or(&words).trim();
        Error::Emulation(match status {
            _ if !words.is_empty() => words.to_owned(),
            Ok(status) => format!("the process ended ({status}) without a word"),
            Err(error) => error.to_string(),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The process ends when its input does.
        self.input = None;
        let _ = self.process.wait();
    }
}

impl Drop for EmulatedArray {
    fn drop(&mut self) {
        if let Ok(mut connection) = self.connection.try_borrow_mut()
            && connection.input.is_some()
        {
            let _ = connection.send(&[5_u32.to_le_bytes(), self.id.to_le_bytes()].concat());
        }
    }
}

impl Emulation {
    /// Of a program that was started with pipes for its input and outputs.
    pub(crate) fn of(mut process: Child, limits: Limits) -> Result<Self> {
        let pipes = process.stdin.take().zip(process.stdout.take());
        let Some((input, output)) = pipes else {
            return Err(Error::Emulation("the process has no pipes".to_owned()));
        };
        let connection = Connection {
            process,
            input: Some(BufWriter::new(input)),
            output: BufReader::new(output),
        };
        Ok(Self { connection: Rc::new(RefCell::new(connection)), limits })
    }

    /// Replaces the values of an array.
    fn overwrite(&self, array: &EmulatedArray, values: &[f32]) -> Result<()> {
        let mut connection = self.connection.borrow_mut();
        connection.send(&[2_u32.to_le_bytes(), array.id.to_le_bytes()].concat())?;
        connection.send(&(values.len() as u64).to_le_bytes())?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        connection.send(&bytes)
    }
}

/// The kind of an argument and its value, as `server.h` reads them.
fn encoded(argument: &Argument<'_, EmulatedArray>) -> Result<(u32, Vec<u8>)> {
    let pointer = |array: &EmulatedArray, offset: usize| {
        [&array.id.to_le_bytes()[..], &(offset as i64).to_le_bytes()].concat()
    };
    Ok(match argument {
        Argument::Array(None) => (0, Vec::new()),
        Argument::Array(Some((array, offset))) => (1, pointer(array, *offset)),
        Argument::Int(value) => (2, value.to_le_bytes().to_vec()),
        Argument::Float(value) => (3, value.to_le_bytes().to_vec()),
        Argument::Long(value) => (4, value.to_le_bytes().to_vec()),
        Argument::Counts(counts) => {
            let list = full_list(counts.iter(), &0)?;
            (5, list.iter().flat_map(|count| count.to_le_bytes()).collect())
        }
        Argument::Pointers(pointers) => {
            let list = full_list(pointers.iter().map(Some), None)?;
            let of_place = |place: Option<&(&EmulatedArray, usize)>| match place {
                Some((array, offset)) => pointer(array, *offset),
                None => vec![0; 12],
            };
            (6, list.into_iter().flat_map(of_place).collect())
        }
    })
}

impl Queue for Emulation {
    type Array = EmulatedArray;

    fn array(&self, length: usize) -> Result<EmulatedArray> {
        let mut connection = self.connection.borrow_mut();
        connection.send(&1_u32.to_le_bytes())?;
        connection.send(&(length as u64).to_le_bytes())?;
        let id = connection.receive_u32()?;
        Ok(EmulatedArray { connection: Rc::clone(&self.connection), id, length })
    }

    fn zeros(&self, length: usize) -> Result<EmulatedArray> {
        self.upload(&vec![0.0; length])
    }

    fn upload(&self, values: &[f32]) -> Result<EmulatedArray> {
        let array = self.array(values.len())?;
        self.overwrite(&array, values)?;
        Ok(array)
    }

    fn download(&self, array: &EmulatedArray) -> Result<Vec<f32>> {
        let mut connection = self.connection.borrow_mut();
        connection.send(&[3_u32.to_le_bytes(), array.id.to_le_bytes()].concat())?;
        let length = connection.receive_u64()?;
        let mut bytes = vec![0; 4 * length as usize];
        connection.receive(&mut bytes)?;
        let (words, _) = bytes.as_chunks::<4>();
        Ok(words.iter().map(|&word| f32::from_le_bytes(word)).collect())
    }

    fn synchronise(&self) -> Result<()> {
        Ok(())
    }

    fn length(&self, array: &EmulatedArray) -> usize {
        array.length
    }

    fn launch(
        &self,
        kernel: Kernel,
        grid: Grid,
        arguments: &[Argument<'_, EmulatedArray>],
    ) -> Result<()> {
        grid.check(kernel.name, self.limits)?;
        let mut message = Vec::new();
        let mut word = |word: u32| message.extend(word.to_le_bytes());
        word(4);
        word(kernel.name.len() as u32);
        message.extend(kernel.name.as_bytes());
        let mut word = |word: u32| message.extend(word.to_le_bytes());
        grid.blocks.into_iter().for_each(|blocks| word(blocks as u32));
        word(grid.threads as u32);
        word(4 * grid.shared_words as u32);
        word(arguments.len() as u32);
        for argument in arguments {
            let (kind, value) = encoded(argument)?;
            message.extend(kind.to_le_bytes());
            message.extend(value);
        }
        let mut connection = self.connection.borrow_mut();
        connection.send(&message)?;
        connection.receive_u32()?;
        Ok(())
    }

    fn multiply(&self, product: &Product<'_, EmulatedArray>) -> Result<()> {
        product.check(|array| array.length)?;
        let Product { rows, columns, inner, .. } = *product;
        let left = self.download(product.left.array)?;
        let right = self.download(product.right.array)?;
        let (array, start) = product.result;
        let mut result = self.download(array)?;
        for row in 0..rows {
            for column in 0..columns {
                let place = &mut result[start + row * columns + column];
                let mut sum = if product.accumulate { *place } else { 0.0 };
                for term in 0..inner {
                    let of_left = if product.left.transposed {
                        term * rows + row
                    } else {
                        row * inner + term
                    };
                    let of_right = if product.right.transposed {
                        column * inner + term
                    } else {
                        term * columns + column
                    };
                    sum += left[product.left.offset + of_left]
                        * right[product.right.offset + of_right];
                }
                *place = sum;
            }
        }
        self.overwrite(array, &result)
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}
