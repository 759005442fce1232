"""AdamW on a flat buffer without host synchronisation, learning-rate schedules and the averaging weight."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .parameters import FlatGroup


@dataclass
class AdamWOptions:
    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 0.0

    @staticmethod
    def parse(config: dict) -> AdamWOptions:
        return AdamWOptions(
            lr=float(config["lr"]), betas=tuple(config.get("betas", (0.9, 0.999))), eps=float(config.get("eps", 1e-8)),
            weight_decay=float(config.get("weightDecay", 0.0)), clip=float(config.get("clip") or 0.0),
        )


class FlatAdamW:
    """Loshchilov and Hutter, "Decoupled weight decay regularization", algorithm 2, on one buffer for all parameters.

    Everything that changes from step to step (count, learning rate) is a tensor on the device, so that a
    captured CUDA graph can be replayed. A gradient that is not finite leaves weights and moments as they are.
    """

    def __init__(self, group: FlatGroup):
        self.group = group
        self.steps = 0  # taken so far, counted by the host for the schedule
        self.first = torch.zeros_like(group.values)
        self.second = torch.zeros_like(group.values)
        self.count = torch.zeros((), device=group.values.device)
        self.skipped = torch.zeros((), device=group.values.device)
        self.fused = group.values.is_cuda and hasattr(torch, "_fused_adamw_")

    @torch.no_grad()
    def step(self, lr: Tensor, options: AdamWOptions) -> Tensor:
        """Updates the group's weights from its gradient; returns the gradient's norm before clipping."""
        gradient = self.group.gradient
        norm = torch.linalg.vector_norm(gradient)
        bad = (~torch.isfinite(norm)).float()
        self.skipped += bad
        if options.clip:
            gradient.mul_(torch.clamp(options.clip / (norm + 1e-6), max=1.0))
        if self.fused:
            try:
                self._fused_step(lr, options, bad)
                return norm
            except (RuntimeError, TypeError) as error:
                self.fused = False
                print(f"fused AdamW is not available, separate kernels are used: {str(error).splitlines()[0]}", flush=True)
        self._plain_step(lr, options, bad)
        return norm

    def _fused_step(self, lr: Tensor, options: AdamWOptions, bad: Tensor) -> None:
        self.count += 1 - bad
        torch._fused_adamw_(
            [self.group.values], [self.group.gradient], [self.first], [self.second], [], [self.count], lr=lr,
            beta1=options.betas[0], beta2=options.betas[1], weight_decay=options.weight_decay, eps=options.eps,
            amsgrad=False, maximize=False, grad_scale=None, found_inf=bad,
        )

    def _plain_step(self, lr: Tensor, options: AdamWOptions, bad: Tensor) -> None:
        values, (beta1, beta2), good = self.group.values, options.betas, 1 - bad
        gradient = self.group.gradient.nan_to_num_(0.0, 0.0, 0.0)
        self.count += good
        self.first.lerp_(gradient, (1 - beta1) * good)
        self.second.lerp_(gradient * gradient, (1 - beta2) * good)
        count = self.count.clamp(min=1)
        correction1, correction2 = 1 - torch.pow(beta1, count), 1 - torch.pow(beta2, count)
        rate = lr * good
        values.mul_(1 - rate * options.weight_decay)
        values.sub_(self.first / (self.second / correction2).sqrt_().add_(options.eps) * (rate / correction1))


def learning_rate(schedule: dict, base: float, *, steps: int, progress: float) -> float:
    """Rate after `steps` steps of these parameters, at `progress` (0..1) of the stage."""
    warmup = int(schedule.get("warmupSteps", 0))
    ramp = min(1.0, (steps + 1) / warmup) if warmup else 1.0
    kind, final = schedule.get("kind", "constant"), float(schedule.get("finalRatio", 0.0))
    if kind == "constant":
        return base * ramp
    return base * ramp * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0))))


def averaging_weight(ema: dict, steps: int) -> float:
    """1 - decay of the exponential moving average; with warm-up the decay grows as (1 + n) / (10 + n)."""
    decay = float(ema.get("decay", 0.999))
    return 1 - (min(decay, (1 + steps) / (10 + steps)) if ema.get("warmup") else decay)
