"""The parameters of all graphs by name, and flat groups of them: one buffer to clip, reduce, update and average."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

# Each parameter starts on a multiple of 64 elements: compiled kernels copy inputs that are not aligned.
_ALIGNMENT = 64


class ParameterStore(Mapping):
    """name -> nn.Parameter. Modules hold the same objects, so a value set here is seen by every graph."""

    def __init__(self, tensors: Mapping[str, Tensor], device: torch.device):
        self.device = device
        self._parameters = {name: self._make(tensor) for name, tensor in tensors.items()}

    def _make(self, tensor: Tensor) -> nn.Parameter:
        value = tensor.float() if tensor.is_floating_point() else tensor
        return nn.Parameter(value.to(self.device, copy=True), requires_grad=False)

    def __getitem__(self, name: str) -> nn.Parameter:
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def assign(self, name: str, value: Tensor) -> None:
        """Sets a value in place; a name that does not exist yet is added."""
        if name in self._parameters:
            self._parameters[name].data.copy_(value.reshape(self._parameters[name].shape))
        else:
            self._parameters[name] = self._make(value)

    def with_prefix(self, prefixes: Iterable[str]) -> list[str]:
        """Names of the floating-point parameters that begin with one of the prefixes."""
        starts = tuple(prefixes)
        return [name for name, p in self._parameters.items() if name.startswith(starts) and p.is_floating_point()]

    def train_only(self, names: Iterable[str]) -> None:
        chosen = set(names)
        for name, parameter in self._parameters.items():
            parameter.requires_grad_(name in chosen)


class FlatGroup:
    """Parameters laid out in one buffer, with buffers of the same layout for gradients, moments and the average."""

    def __init__(self, store: ParameterStore, names: list[str], *, channels_last: bool):
        self.names = names
        self.parameters = [store[name] for name in names]
        self.channels_last = channels_last
        self.offsets, size = [], 0
        for parameter in self.parameters:
            self.offsets.append(size)
            size += -(-parameter.numel() // _ALIGNMENT) * _ALIGNMENT
        self.values = torch.zeros(size, device=store.device)
        self.gradient = torch.zeros_like(self.values)
        self.gradient_views = self.views(self.gradient)
        self.average = torch.zeros_like(self.values)
        with torch.no_grad():
            for parameter, view in zip(self.parameters, self.views(self.values)):
                view.copy_(parameter.data)
                parameter.data = view
            self.average.copy_(self.values)

    def views(self, flat: Tensor) -> list[Tensor]:
        """`flat` cut into tensors of the parameters' shapes; convolution weights channels-last when asked for."""
        return [self._view(flat, offset, p.shape) for offset, p in zip(self.offsets, self.parameters)]

    def _view(self, flat: Tensor, offset: int, shape: torch.Size) -> Tensor:
        piece = flat[offset : offset + shape.numel()]
        if self.channels_last and len(shape) == 4:
            out, channels, height, width = shape
            return piece.view(out, height, width, channels).permute(0, 3, 1, 2)
        return piece.view(shape)

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        return dict(zip(self.names, self.views(flat)))

    def load(self, flat: Tensor, tensors: Mapping[str, Tensor], prefix: str) -> None:
        """Fills `flat` from `prefix + name`; names that are missing keep what they have."""
        for name, view in self.named(flat).items():
            if prefix + name in tensors:
                view.copy_(tensors[prefix + name])

    def collect(self, gradients: Iterable[Tensor | None]) -> None:
        """Copies autograd's gradients into the flat buffer."""
        gradients = list(gradients)
        if any(g is None for g in gradients):
            self.gradient.zero_()
        pairs = [(v, g) for v, g in zip(self.gradient_views, gradients) if g is not None]
        targets, sources = [v for v, _ in pairs], [g for _, g in pairs]
        if hasattr(torch, "_foreach_copy_"):
            torch._foreach_copy_(targets, sources)
        else:
            for target, source in pairs:
                target.copy_(source)

    def swap_average(self) -> None:
        """Exchanges weights and average, in place: a second call undoes it."""
        kept = self.values.clone()
        self.values.copy_(self.average)
        self.average.copy_(kept)
