"""What a process has held at most."""

from pathlib import Path


def peak_mb(process):
    """The peak of a process's memory so far; 0 for one that is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0
