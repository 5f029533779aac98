"""What the peers of the benchmarks share: inputs, timing, and the line of JSON that reports a case.

The inputs are those of `nwm_bench::uniform`, bit for bit, and the line is what `nwm_bench::Report` writes.
"""

import argparse
import json
import os
import statistics
import time

import numpy as np

FORMAT = 1
# As in the Rust programs: repetitions of about a second together, after a fifth of a second of warm-up.
BUDGET, WARM_UP, FEWEST, MOST = 1.0, 0.2, 3, 200


def arguments(description, cases, default, formulations, chosen):
    """The command line: that of the Rust programs, and --formulation."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--case", action="append", choices=cases, help="one case; may be repeated")
    parser.add_argument("--formulation", action="append", choices=formulations)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--inputs", help="folder with the inputs that the Rust program wrote")
    found = parser.parse_args()
    found.case = found.case or default
    found.formulation = found.formulation or chosen
    return found


def uniform(stream, shape, scale):
    """Numbers of mean 0 and standard deviation `scale`: the splitmix64 mix of stream and position."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        bits = np.arange(1, count + 1, dtype=np.uint64) + (np.uint64(stream) << np.uint64(40))
        bits *= np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits ^= bits >> np.uint64(31)
    fraction = (bits >> np.uint64(11)).astype(np.float64) / float(1 << 53)
    return (scale * np.sqrt(3.0) * (2.0 * fraction - 1.0)).astype(np.float32).reshape(shape)


def timed(action, repeats):
    """Order statistics of the milliseconds that `action` takes."""
    action()  # Compiles, starts threads, touches memory for the first time.
    start = time.perf_counter()
    once = None
    while once is None or time.perf_counter() - start < WARM_UP:
        again = time.perf_counter()
        action()
        once = time.perf_counter() - again
    if repeats is None:
        repeats = min(max(int(BUDGET / once), FEWEST), MOST)
    milliseconds = []
    for _ in range(repeats):
        again = time.perf_counter()
        action()
        milliseconds.append((time.perf_counter() - again) * 1e3)
    return {
        "median": statistics.median(milliseconds),
        "min": min(milliseconds),
        "max": max(milliseconds),
        "repeats": repeats,
    }


def reset_peak_memory():
    """Lets the peak start again from what is resident now, where the system can."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as control:
            control.write("5")
    except OSError:
        pass


def peak_memory():
    """The most memory that this process has had resident, in bytes, where the system tells."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        return None


def report(bench, case, by, variant, threads, modes, loss=None, norms=None, version=None):
    """Prints one case. `modes` maps what was timed to what `timed` returned."""
    line = {
        "format": FORMAT,
        "bench": bench,
        "case": case,
        "by": by,
        "variant": variant,
        "threads": threads,
        "modes": [{"mode": mode, "flop": 0.0, **timing} for mode, timing in modes.items()],
        "version": version,
    }
    if loss is not None:
        line["loss"] = float(loss)
    if norms is not None:
        line["gradient_norms"] = {name: float(norm) for name, norm in norms.items()}
    memory = peak_memory()
    if memory is not None:
        line["peak_memory"] = memory
    print(json.dumps(line), flush=True)
