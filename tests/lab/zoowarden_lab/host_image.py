"""The root file system that every host of a lab is a copy of: a small Debian that systemd boots.

It comes by debootstrap from the apt sources that this machine itself is set up with, and is kept in
the cache under the digest of its recipe. Making it needs root.
"""

import hashlib
import os
import pathlib
import re
import shutil

from . import cache
from .errors import LabError
from .run import run

_FORMAT = "1"

# An init system, what an operator's server has, and what our packages depend on: a host has no way
# out to fetch anything.
_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "polkitd", "procps", "iproute2", "openjdk-17-jre-headless",
    "gpgv", "ca-certificates", "libarchive13", "libcurl4", "libfmt9",
    "libgrpc++1.51", "libprotobuf32", "libsdbus-c++1", "libspdlog1.10", "libsqlite3-0",
    "libssl3", "libsystemd0", "libyaml-cpp0.7", "libzookeeper-mt2")

# Timers and consoles that would do something by themselves in the middle of a test.
_MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer",
           "e2scrub_all.timer", "e2scrub_reap.service", "systemd-timesyncd.service",
           "console-getty.service", "getty.target")

_TOOLS = ("debootstrap", "systemd-nspawn", "nsenter", "unshare", "ip")


def missing() -> str:
    """Why this machine cannot have hosts; "" when it can."""
    if os.geteuid() != 0:
        return "hosts are booted by systemd-nspawn, which needs root"
    lacking = [tool for tool in _TOOLS if not shutil.which(tool)]
    if lacking:
        return (f"{', '.join(lacking)} not installed: "
                "install what packaging/hosts-packages.txt lists")
    if "\toverlay\n" not in pathlib.Path("/proc/filesystems").read_text(encoding="ascii"):
        return "this kernel has no overlayfs"
    return ""


def sources() -> list:
    """(uri, suite) of each Debian archive that apt is set up with, security and updates too."""
    text = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
                "Created-By: Packages"])
    pairs = [line.split()[:2] for line in text.splitlines() if line.split()[2:3] == ["main"]]
    found = [(uri, suite) for uri, suite in dict.fromkeys(map(tuple, pairs))
             if re.fullmatch(r"[a-z]+(-security|-updates)?", suite)]
    if not found:
        raise LabError("apt is set up with no Debian archive: hosts are made from the same "
                       "sources, see sources.list(5)")
    return found


def get(extra: tuple = ()) -> pathlib.Path:
    """The image with these packages in addition; made when the cache has none."""
    reason = missing()
    if reason:
        raise LabError(reason)
    archives = sources()
    target = cache.root() / "hosts" / _digest(archives, extra)
    with cache.lock(f"host-image-{target.name}"):
        if not target.exists():
            with cache.staging(target) as made:
                _make(made, archives, extra)
    return target


def _digest(archives: list, extra: tuple) -> str:
    recipe = repr((_FORMAT, archives, _PACKAGES, sorted(extra), _MASKED))
    return hashlib.sha256(recipe.encode("utf-8")).hexdigest()[:16]


def _make(root: pathlib.Path, archives: list, extra: tuple) -> None:
    uri, suite = next((pair for pair in archives if "-" not in pair[1]), archives[0])
    _apart(["debootstrap", "--variant=minbase", "--include=systemd-sysv,dbus", suite, root, uri])
    _install(root, archives, [*_PACKAGES, *extra])
    for name in _MASKED:
        unit = root / "etc/systemd/system" / name
        unit.unlink(missing_ok=True)
        unit.symlink_to("/dev/null")
    (root / "var/log/journal").mkdir(exist_ok=True)
    (root / "etc/machine-id").write_text("", encoding="ascii")  # each host gets one of its own
    (root / "etc/hostname").unlink(missing_ok=True)


def _install(root: pathlib.Path, archives: list, packages: list) -> None:
    """With this machine's way to the archives, a proxy for instance, which the image forgets."""
    way = root / "etc/apt/apt.conf.d/99this-machine"
    way.write_text(run(["apt-config", "dump", "Acquire"]), encoding="utf-8")
    (root / "etc/apt/sources.list").write_text(
        "".join(f"deb {uri} {suite} main\n" for uri, suite in archives), encoding="ascii")
    apt = ("export DEBIAN_FRONTEND=noninteractive && apt-get update -q && "
           f"apt-get install -y -q --no-install-recommends {' '.join(packages)} && apt-get clean")
    _apart(["chroot", root, "sh", "-c", f"mount -t proc proc /proc && {apt}"])
    way.unlink()


def _apart(command: list) -> None:
    """In namespaces of its own, so that a killed maker leaves neither mounts nor processes."""
    run(["unshare", "--mount", "--pid", "--fork", "--kill-child", *command], timeout=1200)
