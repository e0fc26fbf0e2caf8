"""The regressor rows of `npm run bench -- regressor` in PyTorch (1.13 or later), where it is installed: python3 bench/regressor_torch.py [cpu|cuda]

Prints a Markdown row per workload: median and least ms, hits a second, peak MiB of the GPU. Exact attention is float32;
flash is the published variant: float16 on a GPU, no output projection. Before PyTorch 2 attention is a softmax between two products.
"""

import sys
import time
from contextlib import nullcontext

import torch
from torch import nn
from torch.nn import functional as F

HITS, WIDTH, LAYERS, HEADS, HIDDEN = 500, 128, 6, 4, 256
WARM, RUNS = 5, 30


def attention(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v)
    return torch.softmax(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5, -1) @ v


class Layer(nn.Module):
    def __init__(self, is_flash):
        super().__init__()
        self.is_flash = is_flash
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x):
        batch, hits, _ = x.shape
        heads = self.qkv(x).view(batch, hits, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = attention(*heads).transpose(1, 2).reshape(batch, hits, WIDTH)
        x = self.norm1(x + (mixed if self.is_flash else self.out(mixed)))
        return self.norm2(x + self.down(F.relu(self.up(x))))


def model_of(is_flash, device):
    layers = [Layer(is_flash) for _ in range(LAYERS)]
    return nn.Sequential(nn.Linear(3, WIDTH), *layers, nn.Linear(WIDTH, 4)).to(device)


def measure(what, run, device):
    is_cuda = device == "cuda"
    times = []
    for _ in range(WARM):
        run()
    if is_cuda:
        torch.cuda.reset_peak_memory_stats()
    for _ in range(RUNS):
        if is_cuda:
            torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        if is_cuda:
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - start))
    times.sort()
    peak = f"{torch.cuda.max_memory_allocated() / 2**20:.1f}" if is_cuda else "–"
    median, least = times[len(times) // 2], times[0]
    print(f"| {what} | {median:.2f} | {least:.2f} | {1000 * HITS / least:.0f} hits/s | {peak} |")


def main():
    device = sys.argv[1] if len(sys.argv) > 1 else "cuda" if torch.cuda.is_available() else "cpu"
    print(f"PyTorch {torch.__version__}, {device}, {torch.get_num_threads()} threads\n")
    print("| work | median ms | least ms | rate at best | peak MiB |\n|---|---:|---:|---:|---:|")
    torch.manual_seed(61)
    x, y = torch.rand(1, HITS, 3, device=device), torch.rand(1, HITS, 4, device=device)
    for kind in ("exact", "flash"):
        is_flash = kind == "flash"
        model = model_of(is_flash, device)
        is_half = is_flash and device == "cuda"
        half = torch.autocast("cuda", torch.float16) if is_half else nullcontext()
        scaler = torch.cuda.amp.GradScaler(enabled=is_half)
        adam = torch.optim.Adam([p for p in model.parameters()], lr=1e-3)

        def infer():
            with torch.no_grad(), half:
                return model(x)

        def train():
            adam.zero_grad()
            with half:
                loss = F.mse_loss(model(x).float(), y)
            scaler.scale(loss).backward()
            scaler.step(adam)
            scaler.update()

        model.eval()
        measure(f"regressor, {kind}: inference", infer, device)
        model.train()
        measure(f"regressor, {kind}: training step", train, device)


main()
