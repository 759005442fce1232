"""Data-parallel processes as torchrun starts them; one process when it did not."""
from __future__ import annotations

import os

import torch
import torch.distributed as dist
from torch import Tensor


class World:
    """This process among its peers. Gradients travel over NCCL (gloo on the CPU), decisions over gloo."""

    def __init__(self, device_type: str):
        self.rank, self.size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.device = torch.device(device_type)
        if device_type == "cuda":
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(self.device)
        self.control = None
        if self.size > 1:
            dist.init_process_group("nccl" if device_type == "cuda" else "gloo")
            self.control = dist.new_group(backend="gloo")

    @property
    def leads(self) -> bool:
        """Only this process writes files and prints."""
        return self.rank == 0

    def mean(self, tensor: Tensor) -> None:
        """Averages over the processes in place; part of the captured step."""
        if self.size > 1:
            dist.all_reduce(tensor)
            tensor.div_(self.size)

    def agree(self, *values: float) -> list[float]:
        """The largest of each value over the processes, so that all of them decide alike."""
        if self.size == 1:
            return list(values)
        shared = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(shared, op=dist.ReduceOp.MAX, group=self.control)
        return shared.tolist()

    def close(self) -> None:
        if self.size > 1:
            dist.destroy_process_group()
