"""Where the figures come from: the machine, the versions, the load, and how fast it multiplies matrices."""

import os
import platform
import time
from importlib import metadata
from pathlib import Path

import torch

from seqmodels.benchmark.problems import DTYPES

SIZE = 1024


def describe(device: str, threads: int) -> dict[str, str]:
    """Processor, cores and versions, by name."""
    versions = {name: _version(name) for name in ("seqmodels", "torch", "jax", "numpy", "pytorch-lightning")}
    gpu = {"device": torch.cuda.get_device_name()} if torch.device(device).type == "cuda" else {}
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores, {threads} threads used",
        **gpu,
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **versions,
    }


def processor() -> str:
    """The name of the processor's model, as the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def load() -> str:
    """Processes that wanted to run, on average over 1, 5 and 15 minutes."""
    return " ".join(f"{average:.2f}" for average in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"


def gemm_flops(device: str, dtype: str, seconds: float) -> float:
    """Operations per second of the best product of two 1024 x 1024 matrices, by whichever library is faster."""
    a, b = torch.randn(2, SIZE, SIZE, device=device).to(DTYPES[dtype])
    products = [lambda: torch.mm(a, b)]
    onednn = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    if onednn is not None and a.device.type == "cpu" and a.dtype != torch.float64 and _onednn_has(dtype):
        products.append(lambda: onednn(a, b, None, "none", [], ""))
    best = float("inf")
    end = time.perf_counter() + seconds
    with torch.no_grad():
        while time.perf_counter() < end:
            for product in products:
                start = time.perf_counter()
                product()
                if a.device.type == "cuda":
                    torch.cuda.synchronize()
                best = min(best, time.perf_counter() - start)
    return float(2 * SIZE**3 / best)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _onednn_has(dtype: str) -> bool:
    """Return whether oneDNN multiplies numbers of a type on this processor: not every one has bfloat16."""
    return dtype != "bfloat16" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
