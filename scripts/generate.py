"""Let a trained language model write: `python scripts/generate.py RUN --prompt "The "`."""

from seqmodels.cli import generate

if __name__ == "__main__":
    generate()
