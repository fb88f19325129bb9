"""Policies as safetensors files: the parameters, and in the header whose they are and the shape of the network."""

from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from data import InputError
from rl.agents import AGENTS
from rl.model import ModelConfig, Policy

FOLDER = Path(__file__).parent / "weights"
"""The weights that come with the project; ``rl/weights/README.md`` tells how they were made."""
SHIPPED, DECIMA = (FOLDER / f"{agent}.safetensors" for agent in ("vmr2l", "decima"))
"""Those that each agent uses unless told otherwise."""


def find(weights: str) -> Path:
    """Return the file of weights that come with the project and go by this name, else the file of this path."""
    shipped = {file.stem: file for file in FOLDER.glob("*.safetensors")}
    return shipped.get(weights, Path(weights))


def save(policy: Policy, path: Path) -> None:
    """Write a policy in one step, to a file beside that is then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".tmp")
    shape = {key: str(value) for key, value in asdict(policy.config).items()} | {"agent": policy.agent}
    save_file({key: value.detach().cpu().contiguous() for key, value in policy.state_dict().items()}, beside, shape)
    beside.replace(path)


def load(path: Path) -> Policy:
    """Read a policy.

    Raises
    ------
    InputError
        When the file cannot be read or holds something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        policy = AGENTS[header.get("agent", Policy.agent)](_config(header))
        policy.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"{path}: not the weights of a policy ({reason}); give a file that rl.train wrote.") from None
    return policy.eval()


def grown(policy: Policy, blocks: int) -> Policy:
    """Return a policy that does the same and has ``blocks`` rounds if it had fewer; the new ones are still shut out."""
    if policy.config.blocks >= blocks:
        return policy
    larger = type(policy)(replace(policy.config, blocks=blocks))
    kept = larger.state_dict() | policy.state_dict()
    kept["gates"] = torch.cat([policy.gates, torch.zeros(blocks - policy.config.blocks)])
    larger.load_state_dict(kept)
    return larger


def _config(header: dict[str, str]) -> ModelConfig:
    values: dict[str, Any] = {
        field.name: header[field.name] if field.name == "attention" else int(header[field.name])
        for field in fields(ModelConfig)
    }
    return ModelConfig(**values)
