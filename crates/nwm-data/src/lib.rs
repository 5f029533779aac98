//! Seeded physical-dynamics data sets for neural wave machines: the same bytes on every machine.
