"""The convolution layers in PyTorch, forward alone, and forward and backward to input, weight and bias.

Forward and backward starts from a gradient of the output that is given. Formulations: `channels_first` and
`channels_last`, which is how the numbers lie in memory.
"""

import torch
import torch.nn.functional as F

from common import arguments, report, timed, uniform

FORMULATIONS = ["channels_last", "channels_first"]
INPUT, WEIGHT, BIAS, GRADIENT = range(4)  # streams of the inputs

# Batch, rows, columns and channels of the input, channels of the output, stride, whether pixels are repeated first.
CASES = {
    "same_64": ((64, 32, 32, 64), 64, 1, False),
    "doubled_64": ((64, 16, 16, 64), 64, 1, True),
    "halved_64": ((64, 32, 32, 64), 64, 2, False),
    "first_64": ((64, 32, 32, 3), 64, 2, False),
    "last_64": ((64, 32, 32, 64), 3, 1, False),
    "decoder_first": ((472, 4, 4, 266), 64, 1, True),
    "encoder_last": ((472, 4, 4, 64), 529, 1, False),
    "same_16": ((64, 32, 32, 16), 16, 1, False),
    "doubled_16": ((64, 16, 16, 16), 16, 1, True),
    "halved_16": ((64, 32, 32, 16), 16, 2, False),
}


def convolve(maps, weight, bias, stride, doubled):
    if doubled:
        maps = F.interpolate(maps, scale_factor=2, mode="nearest")
    if stride == 2:
        return F.conv2d(F.pad(maps, (0, 1, 0, 1)), weight, bias, stride=2)
    return F.conv2d(maps, weight, bias, padding=1)


def main():
    wanted = arguments(__doc__, list(CASES), list(CASES), FORMULATIONS, FORMULATIONS)
    torch.set_num_threads(wanted.threads)
    for case in wanted.case:
        (batch, rows, columns, inputs), outputs, stride, doubled = CASES[case]
        sides = [2 * side if doubled else side // stride for side in (rows, columns)]
        for formulation in wanted.formulation:
            memory = getattr(torch, "channels_last" if formulation == "channels_last" else "contiguous_format")

            def maps(stream, shape):
                numbers = torch.from_numpy(uniform(stream, shape, 1.0)).permute(0, 3, 1, 2)
                return numbers.contiguous(memory_format=memory)

            weight = torch.from_numpy(uniform(WEIGHT, (outputs, inputs, 3, 3), (9 * inputs) ** -0.5))
            leaves = {
                "input": maps(INPUT, (batch, rows, columns, inputs)),
                "weight": weight.contiguous(memory_format=memory),
                "bias": torch.from_numpy(uniform(BIAS, (outputs,), 0.1)),
            }
            for leaf in leaves.values():
                leaf.requires_grad_()
            gradient = maps(GRADIENT, (batch, *sides, outputs))

            def forward():
                with torch.no_grad():
                    return convolve(*leaves.values(), stride, doubled)

            def both():
                for leaf in leaves.values():
                    leaf.grad = None
                convolve(*leaves.values(), stride, doubled).backward(gradient)

            modes = {
                "forward": timed(forward, wanted.repeats),
                "forward + backward": timed(both, wanted.repeats),
            }
            loss = forward().double().square().mean()
            norms = {name: leaf.grad.double().norm() for name, leaf in leaves.items()}
            version = torch.__version__
            report("convolution", case, "torch", formulation, wanted.threads, modes, loss, norms, version)


if __name__ == "__main__":
    main()
