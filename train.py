"""Train a model: `python train.py model=lstm task=sentiment`; `--help` says more."""

from seqmodels.train import main

if __name__ == "__main__":
    main()
