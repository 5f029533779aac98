"""The cases of the cell, and their inputs, for every peer."""

import math

from common import uniform

DT, GAMMA, ALPHA = 0.125, 1.0, 0.5
INPUT_SCALE = 0.5
DRIVE, INITIAL, COUPLING, DAMPING, BIAS = range(5)  # streams of the inputs

# Topology, batch, channels, grid, steps.
CASES = {
    "hamiltonian": ("torus", 32, 1, (23, 23), 60),
    "rotating": ("torus", 128, 1, (36, 36), 18),
    "gratings": ("torus", 128, 1, (72, 72), 36),
    "rings": ("rings", 8, 1, (24, 54), 18),
    "dense": ("dense", 32, 1, (529,), 60),
    "smnist_b16": ("torus", 16, 16, (16, 16), 784),
    "smnist": ("torus", 120, 16, (16, 16), 784),
}
DEFAULT_CASES = [case for case in CASES if case != "smnist"]


def inputs(case):
    """Arrays by name; fields are [batch, channel, row, column], or [batch, unit] of a dense cell."""
    topology, batch, channels, grid, steps = CASES[case]
    field = (batch, *grid) if topology == "dense" else (batch, channels, *grid)
    if topology == "dense":
        kernel, fan_in, bias = (grid[0], grid[0]), grid[0], (grid[0],)
    else:
        taps = (3, 3) if topology == "torus" else (1, 3)
        kernel, bias = (channels, channels, *taps), (channels,)
        fan_in = channels * taps[0] * taps[1]
    scale = 1.0 / math.sqrt(fan_in)
    return {
        "drive": uniform(DRIVE, (steps, *field), INPUT_SCALE),
        "initial": uniform(INITIAL, (2, *field), INPUT_SCALE),
        "coupling": uniform(COUPLING, kernel, scale),
        "damping": uniform(DAMPING, kernel, scale),
        "bias": uniform(BIAS, bias, 0.1),
    }
