"""The suite as other processors and other seeds would run it: `make test-anywhere`.

Each line of RUNS is one run of the whole suite: in an environment that has the libraries
choose other kernels, which add in another order, and with seeds shifted (`other_seeds.py`).
About ten minutes a run on two cores; `python tests/anywhere.py 2 4` runs these two alone.
"""

import os
import re
import subprocess
import sys
import time

RUNS = [
    {},
    {"ATEN_CPU_CAPABILITY": "default"},
    {"ATEN_CPU_CAPABILITY": "avx2", "SKDISTILL_TEST_THREADS": "2"},
    {"MKL_CBWR": "COMPATIBLE", "OPENBLAS_CORETYPE": "Haswell"},
    {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    {"ONEDNN_MAX_CPU_ISA": "SSE41", "SKDISTILL_TEST_THREADS": "2"},
]


def run(number, args):
    """Whether the suite passes as run `number`; what failed is printed."""
    machine = {**RUNS[number - 1], "SKDISTILL_TEST_SEED": str(number - 1)}
    name = " ".join(f"{key}={value}" for key, value in machine.items())
    start = time.monotonic()
    suite = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", *args]
    process = subprocess.run(
        suite, env={**os.environ, **machine}, stdout=subprocess.PIPE, text=True
    )
    failed = re.findall(r"^(?:FAILED|ERROR) .*", process.stdout, flags=re.MULTILINE)
    count = process.stdout.strip().splitlines()[-1].strip("= ")
    if process.returncode and not failed:
        failed = process.stdout.splitlines()[-50:]
    minutes = (time.monotonic() - start) / 60
    print(f"{number}. {name}: {count} ({minutes:.1f} minutes)", *failed, sep="\n   ")
    sys.stdout.flush()
    return not process.returncode


def main(numbers):
    """Run those of RUNS that are named, or all."""
    workers = ["-n", "2", "--dist", "worksteal"]
    passed = [run(n, workers) for n in numbers or range(1, len(RUNS) + 1)]
    return all(passed)


if __name__ == "__main__":
    sys.exit(not main([int(number) for number in sys.argv[1:]]))
