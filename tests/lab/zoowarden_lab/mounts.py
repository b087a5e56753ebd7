"""Mounts of this machine below a directory: a lab must not leave any."""

import pathlib

from .run import run


def below(directory: pathlib.Path) -> list:
    """Mount points below the directory, deepest last."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        points = [line.split()[1].encode().decode("unicode_escape") for line in mounts]
    return [point for point in points if point.startswith(f"{directory}/")]


def unmount_below(directory: pathlib.Path) -> None:
    for point in reversed(below(directory)):
        run(["umount", "-l", point])
