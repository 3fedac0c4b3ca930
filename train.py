"""Train a model: `python train.py model=lstm task=sentiment`; `--help` says more."""

from seqmodels.cli import train

if __name__ == "__main__":
    train()
