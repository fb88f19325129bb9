"""The trained weights that exist, as solvers."""

from pathlib import Path

from solvers import SolverSpec

FOLDER = Path(__file__).parents[2] / "rl" / "weights"
MIXED = "mixed"
"""What the shipped weights were trained on."""


def trained() -> dict[str, SolverSpec]:
    """Return vmr2l with each file of weights, by what it was trained on: ``low.safetensors`` on ``low``, and so on."""
    others = sorted(file for file in FOLDER.glob("*.safetensors") if file.stem != "vmr2l")
    return {MIXED: SolverSpec("vmr2l")} | {file.stem: SolverSpec("vmr2l", (("weights", str(file)),)) for file in others}
