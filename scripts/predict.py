"""Ask a trained model: `python scripts/predict.py RUN "not a good film"`."""

from seqmodels.cli import predict

if __name__ == "__main__":
    predict()
