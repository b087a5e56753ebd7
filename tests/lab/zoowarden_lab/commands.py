"""The command line of the lab."""

import argparse
import os
import pathlib
import shlex
import signal
import sys

from . import (bench, demo, down, host_lab, host_network, layout, recipes, releases, up,
               variants)
from .errors import LabError


def _releases(arguments) -> int:
    variant = None
    if arguments.variant:
        variant = variants.make(arguments.variant, arguments.only, arguments.after)
    for version in arguments.version or ["3.8.4", "3.8.6", "3.9.4", "3.9.5"]:
        print(releases.get(version, variant).path, flush=True)
    return 0


def _setting(text: str) -> tuple:
    key, separator, value = text.partition("=")
    if not (key and separator):
        raise argparse.ArgumentTypeError(f"{text} is not KEY=VALUE")
    return key, value


def _up(arguments) -> int:
    options = layout.Options(arguments.servers, arguments.observers, arguments.version,
                             tuple(arguments.setting), arguments.reconfig, arguments.auth,
                             hosts=arguments.hosts, name=arguments.name)
    lab = (host_lab.up_serving if options.hosts else up.up)(arguments.dir, options)
    print(f"{len(lab.servers)} servers on {options.version} serve at {lab.hosts}\n"
          f"next: . {shlex.quote(str(lab.directory / 'env'))} && zoowarden status")
    return 0


def _down(arguments) -> int:
    down.down(arguments.dir, arguments.keep_files)
    return 0


def _load(arguments) -> int:
    lab = layout.load(arguments.dir)
    tool = layout.program("zoowarden-lab-load")
    command = [str(tool), "--hosts", lab.hosts, "--clients", str(arguments.clients),
               "--seconds", str(arguments.seconds), "--json", arguments.json]
    if lab.options.hosts:
        host_network.Network(lab.directory).enter()
    os.execve(tool, command, lab.process_environment())


def _add_up(commands) -> None:
    started = commands.add_parser(
        "up", help="start servers with their agents",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  ./x lab up --dir /tmp/lab                   three servers on 3.8.4\n"
        "  ./x lab up --dir /tmp/lab --version 3.9.4 --servers 5 --observers 1\n"
        "  sudo ./x lab up --hosts --dir /tmp/lab      on machines with systemd\n"
        "then `. /tmp/lab/env && zoowarden status`, at the end `./x lab down --dir /tmp/lab`")
    started.add_argument("--dir", required=True, help="where everything of this lab goes")
    started.add_argument("--name", default="lab",
                         help="of the ensemble; those of one fleet have different ones")
    started.add_argument("--servers", type=int, default=3, help="voting servers")
    started.add_argument("--observers", type=int, default=0)
    started.add_argument("--version", default="3.8.4", choices=recipes.offered())
    started.add_argument("--setting", type=_setting, action="append", default=[],
                         metavar="KEY=VALUE", help="one more zoo.cfg setting (repeatable)")
    started.add_argument("--reconfig", action="store_true", help="with reconfigEnabled")
    started.add_argument("--auth", action="store_true", help="refuse unauthenticated clients")
    started.add_argument("--hosts", action="store_true",
                         help="each server on a machine of its own, with systemd and our packages "
                         "(needs root)")
    started.set_defaults(run=_up)


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="./x lab", description=__doc__)
    commands = words.add_subparsers(required=True, metavar="COMMAND")
    made = commands.add_parser("releases", help="make release archives and print their paths")
    made.add_argument("--version", action="append", choices=recipes.offered())
    made.add_argument("--variant", choices=variants.NAMES, help="a release that fails on purpose")
    made.add_argument("--only", type=int, action="append", default=[], metavar="ID",
                      help="the variant fails on this server only (repeatable)")
    made.add_argument("--after", type=int, default=20, metavar="SECONDS",
                      help="when dies_after dies, or starts_late starts")
    made.set_defaults(run=_releases)
    _add_up(commands)
    ended = commands.add_parser("down", help="end a lab, also a crashed one")
    ended.add_argument("--dir", required=True)
    ended.add_argument("--keep-files", action="store_true", help="leave logs and data to look at")
    ended.set_defaults(run=_down)
    load = commands.add_parser("load", help="client load with every acknowledged write checked")
    load.add_argument("--dir", required=True)
    load.add_argument("--clients", type=int, default=6)
    load.add_argument("--seconds", type=int, default=30)
    load.add_argument("--json", required=True, metavar="FILE", help="where the verdict goes")
    load.set_defaults(run=_load)
    shown = commands.add_parser("demo", prog="./x demo",
                                help="an upgrade and a rollback, from nothing")
    shown.add_argument("--report", type=pathlib.Path, default=pathlib.Path("demo-report.json"))
    shown.add_argument("--keep", action="store_true", help="leave the lab running")
    shown.set_defaults(run=demo.main)
    measured = commands.add_parser("bench", prog="./x bench",
                                   help="measure; prints and writes figures")
    measured.add_argument("name", choices=sorted(bench.BENCHES))
    measured.add_argument("--json", type=pathlib.Path, metavar="FILE")
    measured.add_argument("--pairs", type=int, default=5, help="of rolls")
    measured.add_argument("--seconds", type=int, default=600,
                          help="how long the agent idles")
    measured.add_argument("--znodes", type=int, default=1_000_000, help="to verify")
    measured.add_argument("--rate", type=int, default=0,
                          help="znodes that verify may read a second on each server")
    measured.set_defaults(run=bench.main)
    return words


def main(words) -> int:
    arguments = parser().parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that cleaning up still happens
    try:
        return arguments.run(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
