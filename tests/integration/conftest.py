"""Fixtures for tests on real servers. Each ensemble has its own addresses, directories and end."""

import os
import pathlib
import re
import sys

import pytest

_HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "lab"), str(_HERE.parent / "contract" / "fetch")]

from ensemble import Ensemble  # noqa: E402  (found through the path above)
from host_ensemble import HostEnsemble  # noqa: E402
from partition import Partition  # noqa: E402
from zoowarden_lab import down, hosts  # noqa: E402

_FAILED = pytest.StashKey()


def pytest_configure(config):
    config.addinivalue_line("markers", "core: one of the few real rolls that ./x test always makes")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets fixtures see whether their test failed."""
    del call
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.stash[_FAILED] = True


def _log_directory(request) -> pathlib.Path:
    base = pathlib.Path(os.environ["ZOOWARDEN_BUILD"]) / "test-logs"
    return base / re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.nodeid)


@pytest.fixture(name="make_ensemble")
def _make_ensemble(request, tmp_path):
    """make_ensemble(version="3.8.4", servers=3, observers=0, settings=(), ...) → Ensemble.

    A class derived from Ensemble comes first, when it is to be one of those.
    """
    made = []

    def make(kind=Ensemble, **options) -> Ensemble:
        made.append(kind(tmp_path / f"the lab {len(made) + 1}", **options))
        return made[-1]

    yield make
    failed = request.node.stash.get(_FAILED, False)
    for number, ensemble in enumerate(made):
        try:
            if failed:
                target = _log_directory(request) / str(number + 1)
                ensemble.keep_logs(target)
                print(f"logs of the ensemble: {target}")
        finally:
            ensemble.end()


@pytest.fixture(name="ensemble")
def _ensemble(make_ensemble):
    """Three servers on 3.8.4."""
    return make_ensemble()


@pytest.fixture(name="made")
def _made(make_ensemble):
    """Three servers on 3.8.4, each on its host."""
    made = make_ensemble(HostEnsemble)
    with made.inside():
        yield made


@pytest.fixture(name="bare")
def _bare(tmp_path):
    """One host, and nothing of ours on it."""
    try:
        yield hosts.start(tmp_path / "lab", 1)[0]
    finally:
        down.down(tmp_path / "lab")


@pytest.fixture(name="partition")
def _partition(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a network of its own and cut it")
    made = Partition(tmp_path / "network")
    try:
        with made.inside():
            yield made
    finally:
        made.remove()
