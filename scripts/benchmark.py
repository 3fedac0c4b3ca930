"""Measure every engine against torch.nn: `python scripts/benchmark.py --quick`."""

from seqmodels.benchmark.command import benchmark

if __name__ == "__main__":
    benchmark()
