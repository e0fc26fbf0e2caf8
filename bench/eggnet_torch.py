"""The EggNet row of `npm run bench -- EggNet` in PyTorch (1.13 or later), where it is installed: python3 bench/eggnet_torch.py [cpu|cuda]

The same network on 500 hits: encoder, one graph of ten nearest neighbors, two layers of message passing of width 128, contrastive
loss, all gradients. Prints a Markdown row: median and least ms, hits a second, peak MiB of the GPU.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

HITS, K, WIDTH, EMBEDDING, LAYERS, PAIRS = 500, 10, 128, 24, 2, 5000
WARM, RUNS = 3, 15


def mlp(inputs, outputs, layers, end):
    parts = []
    for _ in range(layers - 1):
        parts += [nn.Linear(inputs, WIDTH), nn.LayerNorm(WIDTH, elementwise_affine=False), nn.SiLU()]
        inputs = WIDTH
    return nn.Sequential(*parts, nn.Linear(inputs, outputs), end)


class EggNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.first = mlp(3, WIDTH, 3, nn.SiLU()), mlp(WIDTH, WIDTH, 3, nn.SiLU())
        self.edges = nn.ModuleList(
            mlp((2 if layer == 0 else 3) * WIDTH, WIDTH + 1, 3, nn.SiLU()) for layer in range(LAYERS)
        )
        self.nodes = nn.ModuleList(mlp(2 * WIDTH, WIDTH, 3, nn.SiLU()) for _ in range(LAYERS))
        self.decoder = mlp(WIDTH, EMBEDDING, 1, nn.Tanh())

    def embed(self, x):
        return F.normalize(self.decoder(x), dim=-1)

    def forward(self, hits):
        encoded = self.encoder(hits)
        with torch.no_grad():
            source = nearest(self.embed(self.first(encoded)))
        x, e = encoded, None
        for edge, node in zip(self.edges, self.nodes):
            ends = [x[source], x[:, None].expand(-1, K, -1)] + ([e] if e is not None else [])
            message = edge(torch.cat(ends, -1))
            e, weight = message[..., :WIDTH], torch.softmax(message[..., WIDTH:], 1)
            x = node(torch.cat([x, (weight * e).sum(1)], -1))
        return self.embed(x)


def nearest(points):
    distance = torch.cdist(points, points)
    distance.fill_diagonal_(torch.inf)
    return distance.topk(K, largest=False).indices


def pair_loss(embedding, first, second, particle):
    square = (embedding[first] - embedding[second]).square().sum(-1)
    same = (particle[first] == particle[second]) & (particle[first] > 0)
    return torch.where(same, square, (1 - (square + 1e-12).sqrt()).clamp(min=0).square()).mean()


def main():
    device = sys.argv[1] if len(sys.argv) > 1 else "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(50)
    model, hits = EggNet().to(device), torch.rand(HITS, 3, device=device)
    particle = torch.arange(HITS, device=device) % 51
    track = torch.randint(HITS, (2, 500), device=device)
    itself = torch.arange(HITS, device=device)[:, None].expand(-1, K).reshape(-1)

    def step():
        model.zero_grad()
        embedding = model(hits)
        with torch.no_grad():
            near = nearest(embedding).reshape(-1)
        random = torch.randint(HITS, (2, PAIRS), device=device)
        pairs = [tuple(track), (near, itself), tuple(random)]
        sum(pair_loss(embedding, *pair, particle) for pair in pairs).backward()

    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    times = []
    for run in range(WARM + RUNS):
        wait()
        start = time.perf_counter()
        step()
        wait()
        if run >= WARM:
            times.append(1000 * (time.perf_counter() - start))
    times.sort()
    peak = f"{torch.cuda.max_memory_allocated() / 2**20:.1f}" if device == "cuda" else "–"
    print(f"PyTorch {torch.__version__}, {device}, {torch.get_num_threads()} threads\n")
    print("| work | median ms | least ms | rate at best | peak MiB |\n|---|---:|---:|---:|---:|")
    rate = 1000 * HITS / times[0]
    print(f"| EggNet: loss and gradients | {times[RUNS // 2]:.2f} | {times[0]:.2f} | {rate:.0f} hits/s | {peak} |")


main()
