"""One training step of the models of Table 1 in PyTorch: prediction, loss, gradients, Adam, which is the fused one.

Needs `--inputs`: the folder with parameters, frames and noise that the Rust program wrote with `--write`. Formulations:
`channels_last` and `channels_first`, which is how pictures lie in memory, `compiled` the former under torch.compile.
"""

import torch

from common import arguments, report, reset_peak_memory, timed
from step_torch_models import load

FORMULATIONS = {
    "channels_last": torch.channels_last,
    "channels_first": torch.contiguous_format,
    "compiled": torch.channels_last,
}
CHOSEN = ["channels_last", "channels_first"]
SIZES = ["paper", "quick"]
CASES = [f"{model}_{size}" for size in SIZES for model in ("nwm_2d", "nwm_1d", "cornn", "ar", "hgn", "ode_tr")]
# With the published batch, which takes a GPU.
LEARNING_RATE, BETAS, EPSILON = 1.5e-4, (0.9, 0.999), 1e-8


def synchronise(device):
    """Waits for a GPU, which works behind what is asked of it."""
    if device == "cuda":
        torch.cuda.synchronize()


def main():
    wanted = arguments(__doc__, CASES, CASES, list(FORMULATIONS), CHOSEN)
    torch.set_num_threads(wanted.threads)
    if wanted.inputs is None:
        raise SystemExit("--inputs is missing: the folder that the Rust program wrote with --write")
    for case in wanted.case:
        for formulation in wanted.formulation:
            model = load(wanted.inputs, case, FORMULATIONS[formulation], wanted.device)
            parameters = list(model.parameters.values())
            adam = torch.optim.Adam(parameters, lr=LEARNING_RATE, betas=BETAS, eps=EPSILON, fused=True)

            objective = torch.compile(model.objective) if formulation == "compiled" else model.objective
            objective()[1].backward()
            norms = model.gradient_norms()
            adam.step()
            with torch.no_grad():
                error, _ = model.objective()
            reset_peak_memory()

            def forward():
                with torch.no_grad():
                    error = model.objective()[0]
                synchronise(wanted.device)
                return error

            def step():
                adam.zero_grad()
                objective()[1].backward()
                adam.step()
                synchronise(wanted.device)

            modes = {"step": timed(step, wanted.repeats)}
            if formulation != "compiled":  # Without gradients it would be compiled once more, which takes minutes.
                modes = {"forward": timed(forward, wanted.repeats), **modes}
            version = torch.__version__
            report("step", case, "torch", formulation, wanted.threads, modes, error, norms, version)


if __name__ == "__main__":
    main()
