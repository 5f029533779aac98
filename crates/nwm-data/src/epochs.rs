//! What all training batches share: which items they hold, and a check of their size.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::stream::Stream;

/// Endless batches of a fixed number of items.
///
/// The order of the items is drawn anew for every epoch. Batches follow each other without gap, so that a batch may span
/// two epochs or more, and no item is dropped.
#[derive(Debug)]
pub(crate) struct Epochs {
    items: NonZeroUsize,
    /// The orders used last: a batch needs one or two, threads work nearby.
    orders: Mutex<Vec<Order>>,
}

/// The order of the items in an epoch.
#[derive(Debug)]
struct Order {
    seed: u64,
    epoch: u64,
    items: Arc<[usize]>,
}

impl Epochs {
    /// Epochs whose order is kept.
    const KEPT_ORDERS: usize = 4;

    /// Epochs of so many items.
    pub(crate) const fn new(items: NonZeroUsize) -> Self {
        Self { items, orders: Mutex::new(Vec::new()) }
    }

    /// The items of batch number `step`, a function of seed, step and size alone.
    pub(crate) fn batch(&self, seed: u64, step: u64, batch_size: usize) -> Vec<usize> {
        let items = self.items.get() as u128;
        (0..batch_size)
            .map(|item| {
                let position = u128::from(step) * batch_size as u128 + item as u128;
                let order = self.order(seed, (position / items) as u64);
                order[(position % items) as usize]
            })
            .collect()
    }

    /// The order of the items in `epoch`.
    fn order(&self, seed: u64, epoch: u64) -> Arc<[usize]> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = orders.iter().find(|order| (order.seed, order.epoch) == (seed, epoch))
        {
            return Arc::clone(&order.items);
        }
        let mut stream = Stream::new("nwm-data/epoch", &[seed, epoch]);
        let items: Arc<[usize]> = stream.permutation(self.items.get()).into();
        if orders.len() == Self::KEPT_ORDERS {
            orders.remove(0);
        }
        orders.push(Order { seed, epoch, items: Arc::clone(&items) });
        items
    }
}

/// Checks that a training batch has items, and that the memory can address its single-precision values; `item` are the
/// axes of an item.
pub(crate) fn check_batch_size(batch_size: usize, item: &[usize]) -> Result<()> {
    let refuse = |expected| {
        let found = batch_size.to_string();
        Err(Error::InvalidSetting { key: "train.batch_size", found, expected })
    };
    if batch_size == 0 {
        return refuse("at least 1");
    }
    if !is_addressable(batch_size, item) {
        return refuse("a batch that the memory can address");
    }
    Ok(())
}

/// Whether the memory can address the single-precision values of `count` items with the axes `item`.
pub(crate) fn is_addressable(count: usize, item: &[usize]) -> bool {
    let factors = [count, size_of::<f32>()];
    let bytes = factors.iter().chain(item).try_fold(1_usize, |product, &n| product.checked_mul(n));
    bytes.is_some_and(|bytes| bytes <= isize::MAX as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(items: usize) -> Epochs {
        Epochs::new(NonZeroUsize::new(items).unwrap())
    }

    /// The rule in its plainest form: all epochs one after another, cut into batches.
    fn plain(items: usize, seed: u64, step: usize, batch_size: usize) -> Vec<usize> {
        let epochs = ((step + 1) * batch_size).div_ceil(items) as u64;
        let all: Vec<usize> = (0..epochs)
            .flat_map(|epoch| Stream::new("nwm-data/epoch", &[seed, epoch]).permutation(items))
            .collect();
        all[step * batch_size..][..batch_size].to_vec()
    }

    #[test]
    fn batches_are_cut_from_the_orders_of_all_epochs() {
        for (items, batch_size) in [(7, 3), (7, 16), (12, 4), (1, 2), (300, 120)] {
            let epochs = epochs(items);
            for step in [0, 1, 2, 9, 4, 30] {
                assert_eq!(
                    epochs.batch(3, step as u64, batch_size),
                    plain(items, 3, step, batch_size),
                    "{items} {batch_size} {step}"
                );
            }
        }
    }

    #[test]
    fn seeds_do_not_get_into_each_others_way() {
        let epochs = epochs(50);
        for (seed, step) in [(1, 0), (2, 0), (1, 0), (2, 7), (1, 7), (3, 7), (4, 7), (1, 7)] {
            let expected = plain(50, seed, step, 20);
            assert_eq!(epochs.batch(seed, step as u64, 20), expected, "{seed} {step}");
        }
        assert_ne!(epochs.batch(1, 0, 20), epochs.batch(2, 0, 20));
    }

    #[test]
    fn the_last_step_exists() {
        let items = epochs(7).batch(0, u64::MAX, 3);
        assert!(items.len() == 3 && items.iter().all(|&item| item < 7), "{items:?}");
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(check_batch_size(1, &[28, 28]).is_ok());
        let message = check_batch_size(0, &[28, 28]).unwrap_err().to_string();
        assert_eq!(message, "train.batch_size: found 0, expected at least 1");
        let message = check_batch_size(usize::MAX / 64, &[4, 4]).unwrap_err().to_string();
        assert!(message.contains("a batch that the memory can address"), "{message}");
        assert!(is_addressable(isize::MAX as usize / 4, &[1]));
        assert!(!is_addressable(isize::MAX as usize / 4 + 1, &[1]));
    }
}
