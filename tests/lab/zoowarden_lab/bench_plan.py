"""How long the planner takes over many ensembles; no server and no agent is in it."""

import json
import statistics

from . import run
from .layout import program


def plan(arguments) -> dict:
    del arguments
    found = json.loads(run.run([program("zoowarden-plan-bench")]))
    return {**found,
            "median_planner_ms": statistics.median(found["planner_ms"]),
            "median_with_digests_ms": statistics.median(found["with_digests_ms"])}
