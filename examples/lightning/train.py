"""A small convolutional network for handwritten digits, with Lightning and its CSVLogger."""

import argparse

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(lightning.LightningModule):
    def __init__(self, label_smoothing):
        super().__init__()
        self.label_smoothing = label_smoothing
        self.model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * 4 * 4, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def training_step(self, batch, _):
        images, labels = batch
        return nn.functional.cross_entropy(self.model(images), labels, label_smoothing=self.label_smoothing)

    def validation_step(self, batch, _, dataloader_idx):
        images, labels = batch
        logits = self.model(images)
        name = ("val", "test")[dataloader_idx]
        self.log(f"{name}_loss", nn.functional.cross_entropy(logits, labels), add_dataloader_idx=False)
        self.log(f"{name}_acc", (logits.argmax(1) == labels).float().mean(), add_dataloader_idx=False)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.003)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--label-smoothing", type=float, default=0.0)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default=".")
    args = parser.parse_args()

    lightning.seed_everything(args.seed)
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    data = TensorDataset(images, torch.tensor(digits.target))
    parts = [torch.utils.data.Subset(data, range(*limits)) for limits in ((0, 1000), (1000, 1300), (1300, 1797))]
    train, val, test = (DataLoader(part, batch_size=50, shuffle=part is parts[0]) for part in parts)

    trainer = lightning.Trainer(
        max_epochs=args.epochs,
        accelerator="cpu",
        logger=CSVLogger(args.out),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=20,
    )
    trainer.fit(Classifier(args.label_smoothing), train, [val, test])


if __name__ == "__main__":
    main()
