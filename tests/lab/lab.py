#!/usr/bin/python3
"""The lab: real ZooKeeper releases and ensembles on this machine."""

import sys

from zoowarden_lab import commands

if __name__ == "__main__":
    sys.exit(commands.main(sys.argv[1:]))
