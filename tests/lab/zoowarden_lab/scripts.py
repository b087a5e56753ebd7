"""The scripts of a release's bin directory: Debian's zookeeper package and our own zkEnv.sh."""

import pathlib

from . import cache, recipes
from .errors import LabError
from .run import run

_FILES = pathlib.Path(__file__).parent / "files"
_FROM_PACKAGE = ["zkServer.sh", "zkCli.sh", "zkCleanup.sh"]


def own_file(name: str) -> bytes:
    return (_FILES / name).read_bytes()


def _download(into: pathlib.Path) -> pathlib.Path:
    """The .deb. Works without root; package lists are fetched into `into` when there are none."""
    try:
        run(["apt-get", "download", "-q", "zookeeper"], cwd=into)
    except LabError:
        state, kept = into / "state", into / "cache"
        (state / "lists" / "partial").mkdir(parents=True)
        (kept / "archives" / "partial").mkdir(parents=True)
        own = ["-o", f"Dir::State={state}", "-o", f"Dir::Cache={kept}",
               "-o", "Dir::State::status=/var/lib/dpkg/status"]
        run(["apt-get", *own, "-q", "update"], cwd=into)
        run(["apt-get", *own, "-q", "download", "zookeeper"], cwd=into)
    found = sorted(into.glob("zookeeper_*.deb"))
    if not found:
        raise LabError("apt-get download zookeeper left no package behind")
    return found[-1]


def _package_directory() -> pathlib.Path:
    target = cache.root() / "debian-zookeeper"
    with cache.lock("debian-zookeeper"):
        if not target.exists():
            with cache.short_temporary_directory() as work, cache.staging(target) as made:
                package = _download(work)
                run(["dpkg-deb", "-x", package, work / "tree"])
                for name in _FROM_PACKAGE:
                    source = work / "tree/usr/share/zookeeper/bin" / name
                    (made / name).write_bytes(source.read_bytes())
    return target


def for_release(version: str) -> dict:
    """File name → content of the release's bin directory."""
    package = _package_directory()
    found = {name: (package / name).read_bytes() for name in _FROM_PACKAGE}
    if recipes.line_of(version) < (3, 5):
        # The class of 3.4 behind `status` takes three arguments and knows nothing of TLS.
        found["zkServer.sh"] = found["zkServer.sh"].replace(b" srvr $isSSL 2>", b" srvr 2>")
    found["zkEnv.sh"] = own_file("zkEnv.sh")
    return found


def conf_for_release(version: str) -> dict:
    """File name → content of the release's conf directory."""
    logging = "log4j.properties" if recipes.line_of(version) < (3, 8) else "logback.xml"
    return {name: own_file(name) for name in ("zoo_sample.cfg", logging)}
