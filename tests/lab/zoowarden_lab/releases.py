"""Official-layout archives of real ZooKeeper releases, each with .sha512 and .asc beside it."""

import dataclasses
import hashlib
import pathlib

from . import archive, cache, keys, recipes, scripts
from .errors import LabError
from .run import run

_FORMAT = "1"


@dataclasses.dataclass(frozen=True)
class Release:
    """One archive in the cache, verified by digest and signature when it was asked for."""
    version: str
    path: pathlib.Path
    sha512: str

    @property
    def signature(self) -> pathlib.Path:
        return self.path.with_name(self.path.name + ".asc")


def get(version: str, variant=None) -> Release:
    """The release, or its failing variant; made when the cache has no good one."""
    recipes.check_known(version)
    name = version + (f"-{variant.key()}" if variant else "")
    target = cache.root() / "releases" / f"{name}-{_recipe_digest(version, variant)}"
    found = _verified(target, version)
    if found:
        return found
    with cache.lock(f"release-{name}"):
        found = _verified(target, version)
        if not found:
            _build(target, version, variant)
            found = _verified(target, version)
    if not found:
        raise LabError(f"the archive just made does not verify: {target}")
    return found


def _recipe_digest(version: str, variant) -> str:
    digest = hashlib.sha256()
    digest.update(_FORMAT.encode("ascii") + recipes.pom(version).encode("ascii"))
    files = {**scripts.for_release(version), **scripts.conf_for_release(version)}
    if variant:
        files["zkServer.sh"] = variant.change(files["zkServer.sh"])
    for name in sorted(files):
        digest.update(name.encode("ascii") + b"\0" + files[name] + b"\0")
    return digest.hexdigest()[:8]


def _verified(target: pathlib.Path, version: str):
    path = target / recipes.archive_name(version)
    noted = path.with_name(path.name + ".sha512")
    if not path.exists() or not noted.exists():
        return None
    digest = archive.sha512(path)
    if noted.read_text(encoding="ascii").split()[:1] != [digest]:
        return None
    release = Release(version, path, digest)
    try:
        keys.verify(release.path, release.signature)
    except LabError:
        return None
    return release


def _build(target: pathlib.Path, version: str, variant) -> None:
    if variant:
        files = archive.read(get(version).path)
        files["bin/zkServer.sh"] = variant.change(files["bin/zkServer.sh"])
    else:
        files = _real_files(version)
    with cache.staging(target) as made:
        path = made / recipes.archive_name(version)
        archive.write(path, recipes.tree_name(version), files)
        digest = archive.sha512(path)
        noted = path.with_name(path.name + ".sha512")
        noted.write_text(f"{digest}  {path.name}\n", encoding="ascii")
        keys.sign(path, path.with_name(path.name + ".asc"))


def _real_files(version: str) -> dict:
    files = {f"bin/{name}": data for name, data in scripts.for_release(version).items()}
    files.update({f"conf/{k}": data for k, data in scripts.conf_for_release(version).items()})
    jars = _fetch_jars(version)
    if len(jars) != recipes.expected_jars(version):
        raise LabError(f"Maven gave {len(jars)} jars for {version}, not "
                       f"{recipes.expected_jars(version)}: {', '.join(sorted(jars))}")
    for name, data in jars.items():
        on_top = recipes.line_of(version) < (3, 5) and name == f"zookeeper-{version}.jar"
        files[name if on_top else f"lib/{name}"] = data
    return files


def _fetch_jars(version: str) -> dict:
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    with cache.lock("maven"), cache.short_temporary_directory() as work:
        (work / "pom.xml").write_text(recipes.pom(version), encoding="ascii")
        command.append(f"-DoutputDirectory={work / 'lib'}")
        try:
            run(command, cwd=work)
        except LabError as online:
            try:
                run([*command, "-o"], cwd=work)
            except LabError:
                raise online from None
        return {jar.name: jar.read_bytes() for jar in (work / "lib").glob("*.jar")}
