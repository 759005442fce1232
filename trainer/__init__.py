"""Trains the networks that the TypeScript side exported as ONNX graphs, on PyTorch: one GPU, many (torchrun) or the CPU."""
