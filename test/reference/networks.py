# Known answers for src/models/inception-v3.test.ts and src/metrics/perceptual-distance.test.ts, by PyTorch:
# python3 test/reference/networks.py
import numpy as np
import torch
import torch.nn.functional as F

torch.set_grad_enabled(False)
torch.set_num_threads(1)


def noise(name, count):
    """Uniform in [-1, 1): murmur3's finaliser of the index and the name's FNV-1a."""
    seed = np.uint32(0x811C9DC5)
    with np.errstate(over="ignore"):
        for byte in name.encode():
            seed = (seed ^ np.uint32(byte)) * np.uint32(0x01000193)
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + seed
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        h = h ^ (h >> np.uint32(16))
    return h.astype(np.float64) / 2**31 - 1


def parameter(name, *shape):
    values = noise(name, int(np.prod(shape))).reshape(shape)
    if len(shape) > 1:
        values = values * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith(("running_mean", "bias")):
        values = 0.2 * values
    else:
        values = 1 + 0.5 * values
    return torch.from_numpy(values.astype(np.float32))


def pictures(batch, height, width):
    n, y, x, c = np.meshgrid(*map(np.arange, (batch, height, width, 3)), indexing="ij")
    return torch.from_numpy(((x * 7 + y * 13 + c * 50 + n * 31) % 256).astype(np.float32)).permute(0, 3, 1, 2)


def basic(name, x, out, kernel=(1, 1), stride=1, padding=(0, 0)):
    y = F.conv2d(x, parameter(f"{name}.conv.weight", out, x.shape[1], *kernel), stride=stride, padding=padding)
    p = [parameter(f"{name}.bn.{part}", out) for part in ("running_mean", "running_var", "weight", "bias")]
    return F.relu(F.batch_norm(y, *p, eps=1e-3))


def s3(name, x, out, stride=1):
    return basic(name, x, out, (3, 3), stride, (1, 1) if stride == 1 else (0, 0))


def row(name, x, out, n):
    return basic(name, x, out, (1, n), padding=(0, n // 2))


def column(name, x, out, n):
    return basic(name, x, out, (n, 1), padding=(n // 2, 0))


def mean3(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def mixed_a(p, x, pool):
    five = basic(p + "branch5x5_2", basic(p + "branch5x5_1", x, 48), 64, (5, 5), padding=(2, 2))
    three = s3(p + "branch3x3dbl_3", s3(p + "branch3x3dbl_2", basic(p + "branch3x3dbl_1", x, 64), 96), 96)
    return torch.cat([basic(p + "branch1x1", x, 64), five, three, basic(p + "branch_pool", mean3(x), pool)], 1)


def mixed_b(p, x):
    double = s3(p + "branch3x3dbl_3", s3(p + "branch3x3dbl_2", basic(p + "branch3x3dbl_1", x, 64), 96), 96, 2)
    return torch.cat([s3(p + "branch3x3", x, 384, 2), double, F.max_pool2d(x, 3, 2)], 1)


def mixed_c(p, x, w):
    a = column(p + "branch7x7_3", row(p + "branch7x7_2", basic(p + "branch7x7_1", x, w), w, 7), 192, 7)
    b = column(p + "branch7x7dbl_2", basic(p + "branch7x7dbl_1", x, w), w, 7)
    b = column(p + "branch7x7dbl_4", row(p + "branch7x7dbl_3", b, w, 7), w, 7)
    b = row(p + "branch7x7dbl_5", b, 192, 7)
    return torch.cat([basic(p + "branch1x1", x, 192), a, b, basic(p + "branch_pool", mean3(x), 192)], 1)


def mixed_d(p, x):
    a = s3(p + "branch3x3_2", basic(p + "branch3x3_1", x, 192), 320, 2)
    b = column(p + "branch7x7x3_3", row(p + "branch7x7x3_2", basic(p + "branch7x7x3_1", x, 192), 192, 7), 192, 7)
    return torch.cat([a, s3(p + "branch7x7x3_4", b, 192, 2), F.max_pool2d(x, 3, 2)], 1)


def mixed_e(p, x, pool):
    a = basic(p + "branch3x3_1", x, 384)
    b = s3(p + "branch3x3dbl_2", basic(p + "branch3x3dbl_1", x, 448), 384)
    split = lambda y, n: [row(p + n + "a", y, 384, 3), column(p + n + "b", y, 384, 3)]
    first = [basic(p + "branch1x1", x, 320), *split(a, "branch3x3_2"), *split(b, "branch3x3dbl_3")]
    return torch.cat([*first, basic(p + "branch_pool", pool(x), 192)], 1)


def inception(x):
    mean = lambda y: y.mean((2, 3))
    x = basic("Conv2d_2a_3x3", basic("Conv2d_1a_3x3", x, 32, (3, 3), 2), 32, (3, 3))
    x = F.max_pool2d(s3("Conv2d_2b_3x3", x, 64), 3, 2)
    out = [mean(x)]
    x = F.max_pool2d(basic("Conv2d_4a_3x3", basic("Conv2d_3b_1x1", x, 80), 192, (3, 3)), 3, 2)
    out.append(mean(x))
    for name, pool in (("Mixed_5b.", 32), ("Mixed_5c.", 64), ("Mixed_5d.", 64)):
        x = mixed_a(name, x, pool)
    x = mixed_b("Mixed_6a.", x)
    for name, w in (("Mixed_6b.", 128), ("Mixed_6c.", 160), ("Mixed_6d.", 160), ("Mixed_6e.", 192)):
        x = mixed_c(name, x, w)
    out.append(mean(x))
    x = mixed_e("Mixed_7b.", mixed_d("Mixed_7a.", x), mean3)
    out.append(mean(mixed_e("Mixed_7c.", x, lambda y: F.max_pool2d(y, 3, 1, 1))))
    return [*out, out[-1] @ parameter("fc.weight", 1008, 2048).T]


def tensorflow_resize(x, side):
    def axis(n):
        at = torch.arange(side, dtype=torch.float64) * n / side
        low = at.floor().long()
        return low, (low + 1).clamp(max=n - 1), (at - low).float()

    (t, b, v), (l, r, h) = axis(x.shape[2]), axis(x.shape[3])
    rows = x[:, :, t] * (1 - v)[:, None] + x[:, :, b] * v[:, None]
    return rows[..., l] * (1 - h) + rows[..., r] * h


RESIZES = {
    "tensorflow": lambda x: (tensorflow_resize(x, 299) - 128) / 128,
    "torch": lambda x: 2 * F.interpolate(x / 255, (299, 299), mode="bilinear", align_corners=False) - 1,
    "antialias": lambda x: (F.interpolate(x, (299, 299), mode="bilinear", antialias=True) - 128) / 128,
}

ALEX = ((0, 64, 11, 4, 2), (3, 192, 5, 1, 2), (6, 384, 3, 1, 1), (8, 256, 3, 1, 1), (10, 256, 3, 1, 1))
VGG = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))


def conv(index, x, out, kernel, stride, padding):
    weight, bias = f"features.{index}.weight", f"features.{index}.bias"
    y = F.conv2d(x, parameter(weight, out, x.shape[1], kernel, kernel), parameter(bias, out), stride, padding)
    return F.relu(y)


def alexnet(x):
    taps = []
    for i, (index, out, kernel, stride, padding) in enumerate(ALEX):
        x = conv(index, x if i not in (1, 2) else F.max_pool2d(x, 3, 2), out, kernel, stride, padding)
        taps.append(x)
    return taps


def vgg(x):
    taps = []
    for stage, (indices, out) in enumerate(zip(VGG, (64, 128, 256, 512, 512))):
        x = F.max_pool2d(x, 2, 2) if stage else x
        for index in indices:
            x = conv(index, x, out, 3, 1, 1)
        taps.append(x)
    return taps


def lpips(network, a, b):
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
    total = 0
    taps = [network((2 * x / 255 - 1 - shift) / scale) for x in (a, b)]
    for i, (f, g) in enumerate(zip(*taps)):
        f, g = (t / (t.pow(2).sum(1, keepdim=True).sqrt() + 1e-10) for t in (f, g))
        weight = parameter(f"lin{i}.model.1.weight", 1, f.shape[1], 1, 1).abs()
        total = total + F.conv2d((f - g) ** 2, weight).mean((2, 3))
    return total.item()


if __name__ == "__main__":
    for name, resize in RESIZES.items():
        for kind, values in zip(("64", "192", "768", "2048", "logits"), inception(resize(pictures(2, 40, 56)))):
            picked = [values[0, 0], values[1, 11], values[0].mean(), values[1].mean()]
            print(name, kind, [float(f"{v:.7g}") for v in picked])
    a, b = pictures(2, 64, 80).split(1)
    print("alex", f"{lpips(alexnet, a, b):.7g}", "vgg", f"{lpips(vgg, a, b):.7g}")
