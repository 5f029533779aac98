"""The models of Table 1 in PyTorch, as a training step uses them.

Parameters, frames and noise are those that the Rust program wrote; the parameter file describes the model. The couplings
of position and velocity are one convolution, and the recurrent layers are the library's fused ones; slopes of energies
are the library's gradients, which it differentiates again, and the adaptive solver is torchdiffeq's.
"""

import json
import math
import os

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torchdiffeq import odeint

ENCODER_STRIDES = [2, 1, 2, 1, 2, 1, 1]
DECODER_DOUBLES = [True, False, True, False, True, False, False]
FORGET_BIAS = 1.0


def load(folder, case, memory, device="cpu"):
    """The model of a case and its frames on a device; `memory` is how pictures lie in memory."""
    with safe_open(os.path.join(folder, f"{case}-parameters.safetensors"), "pt") as file:
        config = json.loads(json.loads(file.metadata()["nwm"])["model"])["model"]
        parameters = {name: file.get_tensor(name).to(device) for name in file.keys()}
    for name, tensor in parameters.items():
        if tensor.dim() == 4 and ".conv." in name:
            tensor = tensor.contiguous(memory_format=memory)
        parameters[name] = tensor.requires_grad_()
    with safe_open(os.path.join(folder, f"{case}-inputs.safetensors"), "pt") as file:
        frames, *noise = (file.get_tensor(name).to(device) for name in sorted(file.keys()))
    # Time, batch, channel, row, column.
    pictures = frames.permute(0, 1, 4, 2, 3)
    kinds = {"ar": Autoregressive, "hgn": Hamiltonian, "ode_tr": Ode}
    kind = kinds.get(config["name"], Oscillators)
    return kind(config, parameters, memory, pictures, *noise)


class Layers:
    """What all models share: parameters by name, encoder, decoder, and the error of what is decoded."""

    def __init__(self, config, parameters, memory):
        self.config, self.parameters, self.memory = config, parameters, memory

    def set_frames(self, inputs, targets):
        """Pictures to encode and to decode, folded into one batch each, time first."""
        self.inputs = inputs.contiguous(memory_format=self.memory)
        self.targets = targets.flatten(0, 1).contiguous(memory_format=self.memory)

    def linear(self, name, values):
        return F.linear(values, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

    def convolution(self, name, maps, stride=1):
        weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
        if stride == 2:
            return F.conv2d(F.pad(maps, (0, 1, 0, 1)), weight, bias, stride=2)
        return F.conv2d(maps, weight, bias, padding=1)

    def encode(self):
        slope = self.config["encoder"]["leaky_slope"]
        maps = self.inputs
        for layer, stride in enumerate(ENCODER_STRIDES):
            maps = self.convolution(f"encoder.conv.{layer}", maps, stride)
            if layer + 1 < len(ENCODER_STRIDES):
                maps = F.leaky_relu(maps, slope)
        return self.linear("encoder.linear", maps.permute(0, 2, 3, 1).flatten(1))

    def decode(self, latent):
        slope = self.config["decoder"]["leaky_slope"]
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

    def error(self, hidden):
        """The mean squared error of the pictures decoded from the states of all frames."""
        return F.mse_loss(self.decode(hidden.flatten(0, 1)), self.targets)

    def gradient_norms(self):
        """By the part of the model, which is the first word of a parameter's name."""
        parts = {}
        for name, tensor in self.parameters.items():
            # A constant that is added to an energy moves nothing, and gets no gradient.
            norm = torch.zeros((), dtype=torch.float64) if tensor.grad is None else tensor.grad.double().norm()
            parts.setdefault(name.split(".")[0], []).append(norm)
        return {part: torch.stack(norms).norm() for part, norms in parts.items()}


class Reading(Layers):
    """A model that reads frame after frame and predicts the next one from each."""

    def __init__(self, config, parameters, memory, pictures):
        super().__init__(config, parameters, memory)
        self.steps, self.batch = pictures.shape[0] - 1, pictures.shape[1]
        self.set_frames(pictures[:-1].flatten(0, 1), pictures[1:])

    def objective(self):
        """The mean squared error of the predictions, and what is minimised, which is the same."""
        latents = self.encode().unflatten(0, (self.steps, self.batch))
        error = self.error(self.read(latents))
        return error, error


class Oscillators(Reading):
    """The neural wave machines and coRNN."""

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
        cell = self.config["cell"]
        if cell["topology"] == "dense":
            return torch.cat(fields, 1) @ torch.cat(kernels)
        taps = kernels[0].shape[-1]
        kernel = torch.cat([kernel.reshape(1, 1, -1, taps) for kernel in kernels], 1)
        maps = torch.stack(fields, 1).unflatten(2, (cell["rows"], cell["columns"]))
        margins = (taps // 2, taps // 2, kernel.shape[2] // 2, kernel.shape[2] // 2)
        return F.conv2d(F.pad(maps, margins, mode="circular"), kernel).flatten(1)

    def read(self, latents):
        seen = latents[: self.config["inference_steps"]]
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


class Autoregressive(Reading):
    """A stack of long short-term memories with swish between them."""

    def read(self, latents):
        sequence = latents
        for layer, units in enumerate(self.config["ar"]["layers"]):
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


class Latent(Layers):
    """A model that draws all frames from one latent state, which moves by itself."""

    def __init__(self, config, parameters, memory, pictures, noise):
        super().__init__(config, parameters, memory)
        self.steps, batch = pictures.shape[:2]
        self.noise = noise
        # One half is drawn forward from its first frames, the other one backward from its last ones.
        self.signs = torch.ones(batch, 1, device=pictures.device)
        self.signs[batch // 2 :] = -1.0
        ahead, back = pictures.split([batch // 2, batch - batch // 2], 1)
        seen = config["inference_steps"]
        inputs = torch.cat((ahead[:seen], back[-seen:]), 1).transpose(0, 1).flatten(1, 2)
        self.set_frames(inputs, torch.cat((ahead, back.flip(0)), 1))

    def perceptron(self, name, values):
        """Linear layers with swish between them."""
        last = len(self.config["latent"]["hidden"])
        for layer in range(last):
            values = F.silu(self.linear(f"{name}.{layer}", values))
        return self.linear(f"{name}.{last}", values)

    def states(self, state):
        """The latent state of every frame from that of the middle one of those that were seen."""
        before = self.config["inference_steps"] // 2
        earlier = self.unroll(state, before, -self.signs)
        later = self.unroll(state, self.steps - 1 - before, self.signs)
        return torch.stack([*reversed(earlier), state, *later])

    def objective(self):
        """The mean squared error of what is drawn, and what is minimised."""
        mean, deviation = self.encode().chunk(2, 1)
        latent = self.config["latent"]
        deviation = deviation + math.log(latent["initial_deviation"])
        terms = (mean.square() + (2 * deviation).exp() - 1) / 2 - deviation
        states = self.states(mean + deviation.exp() * self.noise)
        error = self.error(states[..., : self.decoded])
        weight = latent["beta"] * len(self.noise) / self.targets.numel()
        return error, error + weight * terms.sum(1).mean()


class Hamiltonian(Latent):
    """Position and momentum under a separable energy; the position is decoded."""

    @property
    def decoded(self):
        return self.config["latent"]["size"] // 2

    def slope(self, name, values):
        """The gradient of an energy, which can be differentiated once more where gradients are wanted."""
        wanted = torch.is_grad_enabled()
        with torch.enable_grad():
            values = values if values.requires_grad else values.detach().requires_grad_()
            energy = self.perceptron(name, values).sum()
            (gradient,) = torch.autograd.grad(energy, values, create_graph=wanted)
        return gradient

    def unroll(self, state, steps, signs):
        """The states after each of some steps of leapfrog: kick, drift, kick."""
        h = self.config["latent"]["time_step"] * signs
        q, p = state.chunk(2, 1)
        force, states = self.slope("flow.potential", q), []
        for _ in range(steps):
            p = p - h / 2 * force
            q = q + h * self.slope("flow.kinetic", p)
            force = self.slope("flow.potential", q)
            p = p - h / 2 * force
            states.append(torch.cat((q, p), 1))
        return states


class Ode(Latent):
    """A state that follows a learned field; all of it is decoded."""

    @property
    def decoded(self):
        return self.config["latent"]["size"]

    def unroll(self, state, steps, signs):
        """The states after each of some intervals."""
        if steps == 0:
            return []
        tolerance = self.config["ode"]["tolerance"]
        times = self.config["latent"]["time_step"] * torch.arange(steps + 1, device=state.device)
        field = lambda _, state: signs * self.perceptron("flow.field", state)
        return list(odeint(field, state, times, rtol=tolerance, atol=tolerance, method="dopri5")[1:])
