"""One training step of the models of Table 1 in PyTorch: prediction, loss, gradients, Adam.

Needs `--inputs`: parameters, frames and noise that the Rust program wrote with `--write`; the model is the one that the
parameter file describes. The couplings of position and velocity are one convolution, the recurrent layers and Adam are
the library's fused ones; slopes of energies are the library's gradients, which it differentiates again, and the adaptive
solver is torchdiffeq's. Formulations: `channels_last` and `channels_first`, which is how pictures lie in memory.
"""

import json
import math
import os

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torchdiffeq import odeint

from common import arguments, report, reset_peak_memory, timed

FORMULATIONS = ["channels_last", "channels_first"]
SIZES = ["paper", "quick"]
CASES = [f"{model}_{size}" for size in SIZES for model in ("nwm_2d", "nwm_1d", "cornn", "ar", "hgn", "ode_tr")]
LEARNING_RATE, BETAS, EPSILON = 1.5e-4, (0.9, 0.999), 1e-8
ENCODER_STRIDES = [2, 1, 2, 1, 2, 1, 1]
DECODER_DOUBLES = [True, False, True, False, True, False, False]
FORGET_BIAS = 1.0


class Forecaster:
    """A model from the files of a case."""

    def __init__(self, folder, case, memory):
        with safe_open(os.path.join(folder, f"{case}-parameters.safetensors"), "pt") as file:
            description = json.loads(json.loads(file.metadata()["nwm"])["model"])
            self.parameters = {name: file.get_tensor(name) for name in file.keys()}
        with safe_open(os.path.join(folder, f"{case}-inputs.safetensors"), "pt") as file:
            frames, *noise = (file.get_tensor(name) for name in sorted(file.keys()))
        self.model = description["model"]
        self.memory = memory
        for name, tensor in self.parameters.items():
            if tensor.dim() == 4 and ".conv." in name:
                tensor = tensor.contiguous(memory_format=memory)
            self.parameters[name] = tensor.requires_grad_()
        # Time, batch, channel, row, column; pictures folded into one batch, time first.
        pictures = frames.permute(0, 1, 4, 2, 3)
        self.is_latent = self.model["name"] in ("hgn", "ode_tr")
        self.steps, self.batch = pictures.shape[0], pictures.shape[1]
        if self.is_latent:
            # One half is drawn forward from its first frames, the other one backward from its last ones.
            self.noise = noise[0]
            self.signs = torch.ones(self.batch, 1)
            self.signs[self.batch // 2 :] = -1.0
            ahead, back = pictures.split([self.batch // 2, self.batch - self.batch // 2], 1)
            targets = torch.cat((ahead, back.flip(0)), 1)
            seen = self.model["inference_steps"]
            inputs = torch.cat((ahead[:seen], back[-seen:]), 1).transpose(0, 1).flatten(1, 2)
        else:
            self.steps -= 1
            inputs, targets = pictures[:-1].flatten(0, 1), pictures[1:]
        self.inputs = inputs.contiguous(memory_format=memory)
        self.targets = targets.flatten(0, 1).contiguous(memory_format=memory)

    def linear(self, name, values):
        return F.linear(values, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

    def convolution(self, name, maps, stride=1):
        weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
        if stride == 2:
            return F.conv2d(F.pad(maps, (0, 1, 0, 1)), weight, bias, stride=2)
        return F.conv2d(maps, weight, bias, padding=1)

    def encode(self, maps):
        slope = self.model["encoder"]["leaky_slope"]
        for layer, stride in enumerate(ENCODER_STRIDES):
            maps = self.convolution(f"encoder.conv.{layer}", maps, stride)
            if layer + 1 < len(ENCODER_STRIDES):
                maps = F.leaky_relu(maps, slope)
        return self.linear("encoder.linear", maps.permute(0, 2, 3, 1).flatten(1))

    def decode(self, latent):
        slope = self.model["decoder"]["leaky_slope"]
        constant = self.parameters["decoder.constant"]
        rows, columns = constant.shape[1:]
        maps = self.linear("decoder.linear", latent)
        maps = maps.unflatten(1, (rows, columns, -1)).permute(0, 3, 1, 2)
        maps = torch.cat((constant.expand(len(maps), -1, -1, -1), maps), 1)
        maps = maps.contiguous(memory_format=self.memory)
        for layer, doubled in enumerate(DECODER_DOUBLES):
            if doubled:
                maps = F.interpolate(maps, scale_factor=2, mode="nearest")
            maps = self.convolution(f"decoder.conv.{layer}", maps)
            if layer + 1 < len(DECODER_DOUBLES):
                maps = F.leaky_relu(maps, slope)
        return torch.sigmoid(maps)

    def inferred_state(self, latents):
        """The last state of a gated recurrent unit that reads backwards through what was seen."""
        into, within, bias = (self.parameters[f"initial.{part}"] for part in ("w_i", "w_h", "b"))
        units = within.shape[0]
        state = latents.new_zeros(self.batch, units)
        for projected in (latents.flip(0) @ into + bias).unbind(0):
            gates = torch.sigmoid(projected[:, : 2 * units] + state @ within[:, : 2 * units])
            update, reset = gates.chunk(2, 1)
            candidate = torch.tanh(projected[:, 2 * units :] + (reset * state) @ within[:, 2 * units :])
            state = torch.lerp(state, candidate, update)
        return state

    def couple(self, names, fields):
        """The sum of the couplings of fields, `[batch, units]` each."""
        kernels = [self.parameters[f"cell.{name}"] for name in names]
        if self.model["cell"]["topology"] == "dense":
            return torch.cat(fields, 1) @ torch.cat(kernels)
        rows, columns = self.model["cell"]["rows"], self.model["cell"]["columns"]
        taps = kernels[0].shape[-1]
        kernel = torch.cat([kernel.reshape(1, 1, -1, taps) for kernel in kernels], 1)
        maps = torch.stack(fields, 1).unflatten(2, (rows, columns))
        margins = (taps // 2, taps // 2, kernel.shape[2] // 2, kernel.shape[2] // 2)
        return F.conv2d(F.pad(maps, margins, mode="circular"), kernel).flatten(1)

    def oscillate(self, latents):
        seen = latents[: self.model["inference_steps"]]
        x, v = self.inferred_state(seen).unflatten(1, (-1, 2)).unbind(2)
        dt = torch.sigmoid(self.parameters["cell.dt_raw"])
        gamma, alpha = (torch.relu(self.parameters[f"cell.{name}_raw"]) for name in ("gamma", "alpha"))
        drives = self.couple(["drive"], [latents.flatten(0, 1)]) + self.parameters["cell.bias"]
        states = []
        for drive in drives.reshape(latents.shape).unbind(0):
            pre = self.couple(["coupling", "damping"], [x, v]) + drive
            v = v + dt * (torch.tanh(pre) - gamma * x - alpha * v)
            x = x + dt * v
            states.append(torch.stack((x, v), 2).flatten(1))
        return torch.stack(states)

    def remember(self, latents):
        """A stack of long short-term memories with swish between them."""
        sequence = latents
        for layer, units in enumerate(self.model["ar"]["layers"]):
            if layer > 0:
                sequence = F.silu(sequence)
            weight, bias = (self.parameters[f"ar.lstm.{layer}.{part}"] for part in ("weight", "bias"))
            inputs = sequence.shape[2]
            # Stored as input, candidate, forget and output gate; the library takes the second and third exchanged.
            i, g, f, o = weight.t().chunk(4)
            weight = torch.cat((i, f, g, o))
            i, g, f, o = bias.chunk(4)
            bias = torch.cat((i, f + FORGET_BIAS, g, o))
            state = sequence.new_zeros(1, self.batch, units)
            tensors = [weight[:, :inputs], weight[:, inputs:], bias, torch.zeros_like(bias)]
            sequence, _, _ = torch.lstm(sequence, (state, state), tensors, True, 1, 0.0, True, False, False)
        return sequence

    def perceptron(self, name, values):
        """Linear layers with swish between them."""
        last = len(self.model["latent"]["hidden"])
        for layer in range(last):
            values = F.silu(self.linear(f"{name}.{layer}", values))
        return self.linear(f"{name}.{last}", values)

    def slope(self, name, values):
        """The gradient of an energy, which can be differentiated once more where gradients are wanted."""
        wanted = torch.is_grad_enabled()
        with torch.enable_grad():
            values = values if values.requires_grad else values.detach().requires_grad_()
            energy = self.perceptron(name, values).sum()
            (gradient,) = torch.autograd.grad(energy, values, create_graph=wanted)
        return gradient

    def leapfrog(self, state, steps, signs):
        """The states after each of some steps: kick, drift, kick."""
        h = self.model["latent"]["time_step"] * signs
        q, p = state.chunk(2, 1)
        force, states = self.slope("flow.potential", q), []
        for _ in range(steps):
            p = p - h / 2 * force
            q = q + h * self.slope("flow.kinetic", p)
            force = self.slope("flow.potential", q)
            p = p - h / 2 * force
            states.append(torch.cat((q, p), 1))
        return states

    def solve(self, state, steps, signs):
        """The states after each of some intervals."""
        if steps == 0:
            return []
        tolerance = self.model["ode"]["tolerance"]
        times = self.model["latent"]["time_step"] * torch.arange(steps + 1)
        field = lambda _, state: signs * self.perceptron("flow.field", state)
        return list(odeint(field, state, times, rtol=tolerance, atol=tolerance, method="dopri5")[1:])

    def draw(self):
        """What is decoded of every frame, and the divergence of the latent state from its prior."""
        parameters = self.encode(self.inputs)
        mean, deviation = parameters.chunk(2, 1)
        deviation = deviation + math.log(self.model["latent"]["initial_deviation"])
        terms = (mean.square() + (2 * deviation).exp() - 1) / 2 - deviation
        state = mean + deviation.exp() * self.noise
        unroll = self.leapfrog if self.model["name"] == "hgn" else self.solve
        before = self.model["inference_steps"] // 2
        earlier = unroll(state, before, -self.signs)
        later = unroll(state, self.steps - 1 - before, self.signs)
        states = torch.stack([*reversed(earlier), state, *later])
        if self.model["name"] == "hgn":
            states = states.chunk(2, 2)[0]
        return states, terms.sum(1).mean()

    def objective(self):
        """The mean squared error of the predictions, and what is minimised beside a constant."""
        divergence = 0.0
        if self.is_latent:
            hidden, divergence = self.draw()
        else:
            latents = self.encode(self.inputs).unflatten(0, (self.steps, self.batch))
            hidden = self.remember(latents) if self.model["name"] == "ar" else self.oscillate(latents)
        error = F.mse_loss(self.decode(hidden.flatten(0, 1)), self.targets)
        weight = self.model["latent"]["beta"] * self.batch / self.targets.numel()
        return error, error + weight * divergence

    def gradient_norms(self):
        """By the part of the model, which is the first word of a parameter's name."""
        parts = {}
        for name, tensor in self.parameters.items():
            parts.setdefault(name.split(".")[0], []).append(tensor.grad.double().norm())
        return {part: torch.stack(norms).norm() for part, norms in parts.items()}


def main():
    wanted = arguments(__doc__, CASES, CASES, FORMULATIONS, FORMULATIONS)
    torch.set_num_threads(wanted.threads)
    if wanted.inputs is None:
        raise SystemExit("--inputs is missing: the folder that the Rust program wrote with --write")
    for case in wanted.case:
        for formulation in wanted.formulation:
            memory = torch.channels_last if formulation == "channels_last" else torch.contiguous_format
            forecaster = Forecaster(wanted.inputs, case, memory)
            parameters = list(forecaster.parameters.values())
            adam = torch.optim.Adam(parameters, lr=LEARNING_RATE, betas=BETAS, eps=EPSILON, fused=True)

            forecaster.objective()[1].backward()
            norms = forecaster.gradient_norms()
            adam.step()
            with torch.no_grad():
                error, _ = forecaster.objective()
            reset_peak_memory()

            def forward():
                with torch.no_grad():
                    return forecaster.objective()[0]

            def step():
                adam.zero_grad()
                forecaster.objective()[1].backward()
                adam.step()

            modes = {"forward": timed(forward, wanted.repeats), "step": timed(step, wanted.repeats)}
            version = torch.__version__
            report("step", case, "torch", formulation, wanted.threads, modes, error, norms, version)


if __name__ == "__main__":
    main()
