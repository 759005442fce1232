"""The flat optimizer against torch.optim, schedules and averages."""
import unittest

import torch

from ..optimizer import AdamWOptions, FlatAdamW, averaging_weight, learning_rate
from ..parameters import FlatGroup, ParameterStore

SHAPES = {"a.weight": (3, 2, 3, 3), "a.bias": (3,), "b.weight": (5, 7), "c.weight": (2, 2)}


def make_group(channels_last: bool = True) -> tuple[ParameterStore, FlatGroup]:
    generator = torch.Generator().manual_seed(3)
    store = ParameterStore({k: torch.randn(s, generator=generator) for k, s in SHAPES.items()}, torch.device("cpu"))
    return store, FlatGroup(store, store.with_prefix(["a.", "b."]), channels_last=channels_last)


class FlatGroupTest(unittest.TestCase):
    def test_parameters_become_aligned_views_with_equal_values(self):
        generator = torch.Generator().manual_seed(3)
        before = {k: torch.randn(s, generator=generator) for k, s in SHAPES.items()}
        store, group = make_group()
        for name, value in before.items():
            self.assertTrue(torch.equal(store[name], value), name)
        self.assertEqual({o % 64 for o in group.offsets}, {0})
        self.assertTrue(store["a.weight"].is_contiguous(memory_format=torch.channels_last))
        group.values.zero_()
        self.assertEqual(float(store["a.weight"].abs().sum()), 0.0)
        self.assertTrue(torch.equal(store["c.weight"], before["c.weight"]))

    def test_swapping_averages_twice_changes_nothing(self):
        store, group = make_group()
        group.average.mul_(2)
        weight = store["b.weight"].detach().clone()
        group.swap_average()
        self.assertTrue(torch.equal(store["b.weight"], weight * 2))
        group.swap_average()
        self.assertTrue(torch.equal(store["b.weight"], weight))


class AdamWTest(unittest.TestCase):
    def test_equals_torch_with_clipping_and_decay(self):
        store, group = make_group()
        twin = [p.detach().clone().requires_grad_() for p in group.parameters]
        reference = torch.optim.AdamW(twin, lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
        optimizer, options = FlatAdamW(group), AdamWOptions(0.01, (0.9, 0.99), 1e-8, 0.1, clip=1.0)
        for step in range(6):
            gradients = [torch.randn(p.shape, generator=torch.Generator().manual_seed(step)) for p in twin]
            for parameter, gradient in zip(twin, gradients):
                parameter.grad = gradient.clone()
            expected = torch.nn.utils.clip_grad_norm_(twin, 1.0)
            reference.step()
            group.collect(gradients)
            norm = optimizer.step(torch.tensor(0.01), options)
            self.assertAlmostEqual(float(norm), float(expected), places=4)
        for parameter, other in zip(group.parameters, twin):
            self.assertLess(float((parameter - other).abs().max()), 1e-6)

    def test_a_gradient_that_is_not_finite_changes_nothing(self):
        _, group = make_group()
        optimizer, options = FlatAdamW(group), AdamWOptions(0.01, clip=1.0, weight_decay=0.1)
        group.collect([torch.ones(p.shape) for p in group.parameters])
        optimizer.step(torch.tensor(0.01), options)
        kept = group.values.clone(), optimizer.first.clone(), optimizer.second.clone()
        group.collect([torch.full(p.shape, float("nan")) for p in group.parameters])
        optimizer.step(torch.tensor(0.01), options)
        for before, after in zip(kept, (group.values, optimizer.first, optimizer.second)):
            self.assertTrue(torch.equal(before, after))
        self.assertEqual((float(optimizer.skipped), float(optimizer.count)), (1.0, 1.0))

    def test_a_missing_gradient_counts_as_zero(self):
        _, group = make_group()
        group.collect([torch.ones(p.shape) for p in group.parameters])
        group.collect([None, *[torch.ones(p.shape) for p in group.parameters[1:]]])
        self.assertEqual(float(group.gradient_views[0].abs().sum()), 0.0)
        self.assertEqual(float(group.gradient_views[2].sum()), 35.0)


class ScheduleTest(unittest.TestCase):
    def test_cosine_with_warm_up(self):
        schedule = {"kind": "cosine", "warmupSteps": 10, "finalRatio": 0.1}
        self.assertAlmostEqual(learning_rate(schedule, 1.0, steps=0, progress=0.0), 0.1)
        self.assertAlmostEqual(learning_rate(schedule, 1.0, steps=100, progress=0.5), 0.55)
        self.assertAlmostEqual(learning_rate(schedule, 1.0, steps=100, progress=1.0), 0.1)
        self.assertAlmostEqual(learning_rate({"kind": "constant"}, 2.0, steps=0, progress=0.7), 2.0)

    def test_average_warms_up_to_its_decay(self):
        self.assertAlmostEqual(averaging_weight({"decay": 0.99, "warmup": True}, 0), 0.9)
        self.assertAlmostEqual(averaging_weight({"decay": 0.99, "warmup": True}, 10**6), 0.01)
        self.assertAlmostEqual(averaging_weight({"decay": 0.99}, 0), 0.01)
