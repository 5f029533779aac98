"""The oscillatory cell in JAX (jit and lax.scan), forward alone, and forward and backward.

Formulations: `convolution` with channels outermost, `channels_last` with one convolution over position and velocity
together and channels innermost, `shift` as a sum of shifted copies. A dense cell has one formulation, `matrix`.

The CPU backend has no setting for threads: the process keeps itself to as many cores, where the system lets it.
"""

import os

import cell
from common import arguments, report, timed

FORMULATIONS = ["convolution", "channels_last", "shift"]


def main():
    wanted = arguments(__doc__, list(cell.CASES), cell.DEFAULT_CASES, FORMULATIONS, FORMULATIONS)
    if wanted.device == "cpu" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: wanted.threads])
    os.environ["JAX_PLATFORMS"] = wanted.device
    # Other processes use the same card, one after the other.
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    import jax
    import jax.numpy as jnp
    from jax import lax

    def convolve(field, kernel, fields, kernels):
        rows, columns = kernel.shape[-2] // 2, kernel.shape[-1] // 2
        margin = {"H": (rows, rows), "W": (columns, columns)}
        field = jnp.pad(field, [margin.get(axis, (0, 0)) for axis in fields], mode="wrap")
        if kernels == "HWIO":
            kernel = kernel.transpose(2, 3, 1, 0)
        numbers = (fields, kernels, fields)
        return lax.conv_general_dilated(field, kernel, (1, 1), "VALID", dimension_numbers=numbers)

    def shifted(field, kernel):
        rows, columns = kernel.shape[-2:]
        total = 0.0
        for row in range(rows):
            for column in range(columns):
                moved = jnp.roll(field, (rows // 2 - row, columns // 2 - column), axis=(-2, -1))
                weight = kernel[:, :, row, column]
                if kernel.shape[1] == 1:
                    total = total + weight[0, 0] * moved
                else:
                    total = total + jnp.einsum("oi,bihw->bohw", weight, moved)
        return total

    def couple(formulation, x, v, coupling, damping):
        if formulation == "matrix":
            return x @ coupling + v @ damping
        if formulation == "shift":
            return shifted(x, coupling) + shifted(v, damping)
        if formulation == "channels_last":
            both, kernel = jnp.concatenate((x, v), -1), jnp.concatenate((coupling, damping), 1)
            return convolve(both, kernel, "NHWC", "HWIO")
        return convolve(x, coupling, "NCHW", "OIHW") + convolve(v, damping, "NCHW", "OIHW")

    def mean_square(leaves, formulation):
        """The mean of the squared positions of all steps."""
        bias = leaves["bias"]
        if formulation not in ("matrix", "channels_last"):
            bias = bias[None, :, None, None]

        def step(state, drive):
            x, v = state
            pre = couple(formulation, x, v, leaves["coupling"], leaves["damping"]) + drive + bias
            v = v + cell.DT * (jnp.tanh(pre) - cell.GAMMA * x - cell.ALPHA * v)
            x = x + cell.DT * v
            return (x, v), x

        _, positions = lax.scan(step, (leaves["initial"][0], leaves["initial"][1]), leaves["drive"])
        return jnp.mean(jnp.square(positions))

    for case in wanted.case:
        topology, _, channels, _, _ = cell.CASES[case]
        for formulation in ["matrix"] if topology == "dense" else wanted.formulation:
            leaves = {name: jnp.asarray(array) for name, array in cell.inputs(case).items()}
            if formulation == "channels_last":
                for name in ("drive", "initial"):
                    leaves[name] = jnp.moveaxis(leaves[name], -3, -1)
            forward = jax.jit(lambda leaves: mean_square(leaves, formulation))
            both = jax.jit(jax.value_and_grad(lambda leaves: mean_square(leaves, formulation)))
            modes = {
                "forward": timed(lambda: jax.block_until_ready(forward(leaves)), wanted.repeats),
                "forward + backward": timed(lambda: jax.block_until_ready(both(leaves)), wanted.repeats),
            }
            loss, gradients = both(leaves)
            norms = {name: jnp.linalg.norm(gradient.ravel()) for name, gradient in gradients.items()}
            report("cell", case, "jax", formulation, wanted.threads, modes, loss, norms, jax.__version__)


if __name__ == "__main__":
    main()
