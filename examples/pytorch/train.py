"""Fits a network to a photograph in plain PyTorch: it learns the colour of each point from the point's coordinates."""

import argparse
import math
from pathlib import Path

import torch
from sklearn.datasets import load_sample_image
from torch import nn

import seedwise


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--frequencies", type=int, default=0, help="of sines and cosines that encode a coordinate")
    parser.add_argument("--lr", type=float, default=0.003)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")
    args = parser.parse_args()

    photograph = torch.tensor(load_sample_image("china.jpg")[::4, ::4] / 255, dtype=torch.float32)
    height, width, _ = photograph.shape
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    points, colours = torch.stack([rows, columns], -1).reshape(-1, 2), photograph.reshape(-1, 3)
    angles = [math.pi * 2**power * points for power in range(args.frequencies)]
    inputs = torch.cat([points, *map(torch.sin, angles), *map(torch.cos, angles)], 1)
    held_out = torch.arange(len(points)) % 4 == 0  # every fourth point is never trained on
    train_inputs, train_colours = inputs[~held_out], colours[~held_out]

    torch.manual_seed(args.seed)
    model = nn.Sequential(
        nn.Linear(inputs.shape[1], 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 3),
        nn.Sigmoid(),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    start = 0
    if args.resume:
        saved = torch.load(args.resume)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["random"])
        start = saved["step"]
        print(f"goes on after step {start}")

    def psnr():
        with torch.no_grad():
            error = nn.functional.mse_loss(model(inputs[held_out]), colours[held_out]).item()
        return -10 * math.log10(error)

    args.out.mkdir(exist_ok=True)
    for step in range(start, args.steps):
        batch = torch.randint(len(train_inputs), (1000,))
        loss = nn.functional.mse_loss(model(train_inputs[batch]), train_colours[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 50 == 0:
            seedwise.log(step + 1, train_loss=loss.item(), psnr=psnr())
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save({**state, "random": torch.get_rng_state()}, args.out / "new.pt")
            (args.out / "new.pt").replace(args.out / "last.pt")

    seedwise.result(psnr=psnr())


if __name__ == "__main__":
    main()
