"""What a process has used, by /proc."""

import os
import pathlib
import re


def cpu_seconds(process) -> float:
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii")
    user, system = fields.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def of_status(process, name: str) -> int:
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])


def start_peak(process) -> None:
    """The peak is counted from here on (proc(5), clear_refs)."""
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")
