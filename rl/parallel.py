"""Training in several processes, as ``torchrun`` starts them: who is who, and the mean of gradients."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn


@contextmanager
def joined(device: str) -> Iterator[None]:
    """Meet the other processes where ``torchrun`` has started some; alone, nothing happens."""
    if "RANK" not in os.environ:
        yield
        return
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    """Return the number of this process; 0 keeps the records."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def processes() -> int:
    """Return how many processes there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def average_gradients(module: nn.Module) -> None:
    """Replace each gradient by its mean over all processes."""
    if processes() == 1:
        return
    grads = [each.grad for each in module.parameters() if each.grad is not None]
    flat = torch.cat([each.reshape(-1) for each in grads])
    distributed.all_reduce(flat)
    flat /= processes()
    for grad, mean in zip(grads, torch.split(flat, [each.numel() for each in grads]), strict=True):
        grad.copy_(mean.view_as(grad))
