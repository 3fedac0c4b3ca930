"""Collect the tests twice, at different times and under two hash seeds, and fail where their identifiers differ.

python scripts/check_collection.py                    all tests
python scripts/check_collection.py tests/data         what pytest finds there
"""

import os
import subprocess
import sys
from difflib import unified_diff

HASH_SEEDS = ("0", "1")
MAX_LINES_SHOWN = 12
MAX_ERROR_LINES_SHOWN = 40
MAX_CHARACTERS = 200


def main() -> None:
    """Compare two collections of what the command line names; exit with code 1 where something is wrong."""
    first, second = (collected(sys.argv[1:], seed) for seed in HASH_SEEDS)
    different = list(unified_diff(first, second, "first collection", "second collection", n=0, lineterm=""))
    if different:
        print("\n".join(different[:MAX_LINES_SHOWN]))
        sys.exit("identifiers of tests depend on the clock, on randomness or on the hash seed: give parameters an id")
    if wrong := unreadable(first):
        print("\n".join(map(ascii, wrong[:MAX_LINES_SHOWN])))
        sys.exit(f"{len(wrong)} identifiers of tests are not printable ASCII of at most {MAX_CHARACTERS} characters")
    print(f"the identifiers of {len(first)} tests are the same in two collections")


def collected(arguments: list[str], hash_seed: str) -> list[str]:
    """Return the identifiers of the tests that pytest collects in a process of its own."""
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "--quiet", *arguments],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if finished.returncode:
        report = "\n".join(finished.stdout.splitlines()[-MAX_ERROR_LINES_SHOWN:])
        sys.exit(f"the tests cannot be collected:\n{report}\n{finished.stderr}")
    identifiers, _, _ = finished.stdout.partition("\n\n")
    return identifiers.split("\n")


def unreadable(tests: list[str]) -> list[str]:
    """Return the identifiers that are too long or not printable ASCII."""
    return [test for test in tests if len(test) > MAX_CHARACTERS or not (test.isascii() and test.isprintable())]


if __name__ == "__main__":
    main()
