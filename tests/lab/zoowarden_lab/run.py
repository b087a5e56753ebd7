"""Running other programs, with an error that says what was run and what it said."""

import os
import subprocess

from .errors import LabError


def run(command, *, cwd=None, env=None, timeout=600, data=None) -> str:
    """The program's standard output; LabError when it fails, is missing or takes too long."""
    words = [str(word) for word in command]
    merged = {**os.environ, **(env or {})}
    try:
        done = subprocess.run(words, cwd=cwd, env=merged, timeout=timeout, input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              encoding="utf-8", errors="replace")
    except FileNotFoundError as error:
        raise LabError(f"{words[0]} is not installed: run `./x deps`") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{words[0]} did not finish in {timeout} s: {' '.join(words)}") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"{' '.join(words)} ended with {done.returncode}: {said}")
    return done.stdout
