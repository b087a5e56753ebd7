"""The command line of the lab."""

import argparse
import sys

from . import recipes, releases, variants
from .errors import LabError


def _releases(arguments) -> int:
    variant = None
    if arguments.variant:
        variant = variants.make(arguments.variant, arguments.only, arguments.after)
    for version in arguments.version or ["3.8.4", "3.8.6", "3.9.4", "3.9.5"]:
        print(releases.get(version, variant).path, flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    made = commands.add_parser("releases", help="make release archives and print their paths")
    made.add_argument("--version", action="append", choices=recipes.versions())
    made.add_argument("--variant", choices=variants.NAMES, help="a release that fails on purpose")
    made.add_argument("--only", type=int, action="append", default=[], metavar="ID",
                      help="the variant fails on this server only (repeatable)")
    made.add_argument("--after", type=int, default=20, metavar="SECONDS",
                      help="when dies_after dies")
    made.set_defaults(run=_releases)
    return parser


def main(words) -> int:
    arguments = _parser().parse_args(words)
    try:
        return arguments.run(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
