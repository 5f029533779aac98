"""The oscillatory cell in PyTorch, forward alone, and forward and backward.

Formulations: `eager` as one would write it, `stacked` with one convolution over position and velocity together,
`channels_last` the latter with channels innermost, `compiled` the stacked step under torch.compile.
"""

import torch
import torch.nn.functional as F

import cell
from common import arguments, report, timed

FORMULATIONS = ["eager", "stacked", "channels_last", "compiled"]
LEAVES = ["drive", "initial", "coupling", "damping", "bias"]


def synchronise(device):
    """Waits for a GPU, which works behind what is asked of it."""
    if device == "cuda":
        torch.cuda.synchronize()


def wrapped(field, kernel):
    """The field with its edges repeated on the other side, as far as the kernel reaches."""
    rows, columns = kernel.shape[-2] // 2, kernel.shape[-1] // 2
    return F.pad(field, (columns, columns, rows, rows), mode="circular")


def couple(formulation, x, v, coupling, damping):
    if coupling.dim() == 2:
        if formulation == "eager":
            return x @ coupling + v @ damping
        return torch.cat((x, v), 1) @ torch.cat((coupling, damping), 0)
    if formulation == "eager":
        return F.conv2d(wrapped(x, coupling), coupling) + F.conv2d(wrapped(v, damping), damping)
    both = torch.cat((x, v), 1)
    return F.conv2d(wrapped(both, coupling), torch.cat((coupling, damping), 1))


def stepper(formulation):
    def step(x, v, drive, coupling, damping, bias):
        pre = couple(formulation, x, v, coupling, damping) + drive + bias
        v = v + cell.DT * (torch.tanh(pre) - cell.GAMMA * x - cell.ALPHA * v)
        return x + cell.DT * v, v

    return torch.compile(step) if formulation == "compiled" else step


def mean_square(step, drive, initial, coupling, damping, bias):
    """The mean of the squared positions of all steps."""
    x, v = initial.unbind(0)
    if coupling.dim() == 4:
        bias = bias[None, :, None, None]
    positions = []
    for drive_now in drive.unbind(0):
        x, v = step(x, v, drive_now, coupling, damping, bias)
        positions.append(x)
    return torch.stack(positions).square().mean()


def leaves_of(case, formulation, device):
    leaves = []
    arrays = cell.inputs(case)
    for name in LEAVES:
        leaf = torch.from_numpy(arrays[name]).to(device)
        if formulation == "channels_last" and leaf.dim() >= 4:
            leaf = leaf.movedim(-3, -1).contiguous().movedim(-1, -3)
        leaves.append(leaf.requires_grad_())
    return leaves


def main():
    wanted = arguments(__doc__, list(cell.CASES), cell.DEFAULT_CASES, FORMULATIONS, FORMULATIONS[:3])
    torch.set_num_threads(wanted.threads)
    for case in wanted.case:
        channels = cell.CASES[case][2]
        for formulation in wanted.formulation:
            if formulation == "channels_last" and channels == 1:
                continue  # The same memory as `stacked`.
            leaves = leaves_of(case, formulation, wanted.device)
            step = stepper(formulation)

            def forward():
                with torch.no_grad():
                    loss = mean_square(step, *leaves)
                synchronise(wanted.device)
                return loss

            def both():
                for leaf in leaves:
                    leaf.grad = None
                loss = mean_square(step, *leaves)
                loss.backward()
                synchronise(wanted.device)
                return loss.detach()

            modes = {
                "forward": timed(forward, wanted.repeats),
                "forward + backward": timed(both, wanted.repeats),
            }
            norms = {name: leaf.grad.double().norm() for name, leaf in zip(LEAVES, leaves)}
            report("cell", case, "torch", formulation, wanted.threads, modes, both(), norms, torch.__version__)


if __name__ == "__main__":
    main()
