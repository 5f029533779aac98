"""Filters, phases and optical flow of a recording of waves in WaveSpace, as an analysis of many electrodes computes them.

The recording is that of the Rust program, in double precision, since the library computes in it: 20 trials of 2000
samples of 16 x 16 sites. Formulation: `wavespace`, the library's own functions. It has no patterns and no summary.

Its optical flow is another one: Horn and Schunck's with quadratic penalties, at most 100 Jacobi steps from rest for every
pair of frames, from gradients half as large and time differences of the opposite sign, so that its vectors are about twice
as long and point where waves come from. Flows are therefore not compared; the loss of that case is a mean of the input.
"""

import contextlib
from importlib.metadata import version

import numpy as np
from WaveSpace.Decomposition import GenPhase, Hilbert
from WaveSpace.Preprocessing import Filter
from WaveSpace.Utils import WaveData
from WaveSpace.WaveAnalysis import OpticalFlow

from common import arguments, report, timed, uniform

CASES = ["filter", "analytic", "generalized_phase", "optical_flow", "patterns", "summary"]
TRIALS, TIME, ROWS, COLUMNS = 20, 2000, 16, 16
FLOW_TRIALS, FLOW_TIME = 2, 257
SAMPLING_RATE = 500.0
VERSION = version("wavespace")


def recording():
    """Samples `[trial, time, row, column]`: a plane wave in noise of equal power."""
    noise = uniform(0, (TRIALS, TIME, ROWS, COLUMNS), 0.5**0.5)
    trial, time, row, column = np.ogrid[:TRIALS, :TIME, :ROWS, :COLUMNS]
    place = np.sin(0.6) * row + np.cos(0.6) * column
    phase = 2 * np.pi * 17.0 / SAMPLING_RATE * time - 2 * np.pi / 15.0 * place + trial
    return np.cos(phase).astype(np.float32) + noise


def container(values, times):
    """The library's container of values `[trial, row, column, time]`, under the name `signal`."""
    waves = WaveData.WaveData(sampleRate=SAMPLING_RATE, time=times)
    channels = [str(site) for site in range(ROWS * COLUMNS)]
    axes = "trl_posx_posy_time"
    waves.add_data_bucket(
        WaveData.DataBucket(values, "signal", axes, channels, sampleRate=SAMPLING_RATE, time=times)
    )
    return waves


def main():
    wanted = arguments(__doc__, CASES, CASES, ["wavespace"], ["wavespace"])
    times = np.arange(TIME) / SAMPLING_RATE
    waves = container(np.moveaxis(recording().astype(np.float64), 1, -1), times)

    def remove(name):
        if waves.has_data_bucket(name):
            waves.delete_data_bucket(name)

    def band_pass():
        remove("NBFiltered_signal")
        # It prints how long its impulse response is.
        with contextlib.redirect_stdout(None):
            Filter.filter_narrowband(
                waves, "signal", LowCutOff=8, HighCutOff=32, type="IIR", order=4, causal=False
            )
        return waves.ActiveDataBucket

    filtered = band_pass()

    def analytic():
        remove("complexData")
        Hilbert.apply_hilbert(waves, filtered)

    def generalized_phase():
        remove("complexData")
        GenPhase.generalized_phase(waves, filtered)

    def optical_flow():
        if phases.has_data_bucket("UV"):
            phases.delete_data_bucket("UV")
        OpticalFlow.create_uv(phases, type="angle", is_phase=True, dataBucketName="signal")

    if "optical_flow" in wanted.case:
        analytic()
        signals = waves.get_data("complexData")[:FLOW_TRIALS, ..., :FLOW_TIME]
        phases = container(np.angle(signals), times[:FLOW_TIME])

    actions = {
        "filter": band_pass,
        "analytic": analytic,
        "generalized_phase": generalized_phase,
        "optical_flow": optical_flow,
    }
    for case in (case for case in wanted.case if case in actions):
        mode = "pairs" if case == "optical_flow" else "samples"
        modes = {mode: timed(actions[case], wanted.repeats)}
        if case == "optical_flow":
            steps = np.diff(phases.get_data("signal"), axis=-1)
            numbers = np.angle(np.exp(1j * steps))
        else:
            result = waves.get_data(filtered if case == "filter" else "complexData")
            numbers = result.real if case == "generalized_phase" else result
        loss = np.abs(numbers).mean()
        report("waves", case, "wavespace", "wavespace", wanted.threads, modes, loss, version=VERSION)


if __name__ == "__main__":
    main()
