"""What belongs into the archive of each ZooKeeper release line, and the pom that fetches it.

The lists follow the project's own assembly pom, as far as Maven repositories publish its parts:
the recipes, the sources and (but for 3.9.4) the Prometheus provider are left out.
"""

from .errors import LabError

_CLI = "commons-cli:commons-cli"
_JETTY = ["org.eclipse.jetty:jetty-server", "org.eclipse.jetty:jetty-servlet"]
_JACKSON = "com.fasterxml.jackson.core:jackson-databind"
_JSON_SIMPLE = "com.googlecode.json-simple:json-simple"
_OLD_JLINE = "jline:jline"
_NEW_JLINE = "org.jline:jline"
_METRICS = ["io.dropwizard.metrics:metrics-core", "org.xerial.snappy:snappy-java"]
_RELOAD4J = ["org.slf4j:slf4j-reload4j", "ch.qos.reload4j:reload4j"]
_LOGBACK = ["ch.qos.logback:logback-classic"]
_PROMETHEUS = "org.apache.zookeeper:zookeeper-prometheus-metrics"

# The versions of these are managed by the release's parent pom.
_MANAGED = {
    "3.4.14": [],
    "3.5.10": [_CLI, *_JETTY, _JACKSON, _JSON_SIMPLE, _OLD_JLINE, *_RELOAD4J],
    "3.6.4": [_CLI, *_JETTY, _JACKSON, _JSON_SIMPLE, _OLD_JLINE, *_METRICS, *_RELOAD4J],
    "3.8.4": [_CLI, *_JETTY, _JACKSON, _OLD_JLINE, *_METRICS, *_LOGBACK],
    "3.8.6": [_CLI, *_JETTY, _JACKSON, _NEW_JLINE, *_METRICS, *_LOGBACK],
    "3.9.4": [_CLI, *_JETTY, _JACKSON, _OLD_JLINE, *_METRICS, *_LOGBACK],
    "3.9.5": [_CLI, *_JETTY, _JACKSON, _NEW_JLINE, *_METRICS, *_LOGBACK],
}

_JARS = {"3.4.14": 7, "3.5.10": 29, "3.6.4": 31, "3.8.4": 31, "3.8.6": 31, "3.9.4": 43,
         "3.9.5": 38}

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
{head}<artifactId>lab</artifactId><packaging>pom</packaging>
<dependencies>
{dependencies}
</dependencies></project>
"""


def versions() -> list:
    return list(_MANAGED)


def offered() -> list:
    """Those that Zoowarden manages."""
    return [version for version in _MANAGED if numbers(version) >= (3, 5, 7)]


def numbers(version: str) -> tuple:
    return tuple(int(number) for number in version.split("."))


def check_known(version: str) -> None:
    if version not in _MANAGED:
        raise LabError(f"no recipe for ZooKeeper {version}; there are: {', '.join(_MANAGED)}")


def line_of(version: str) -> tuple:
    """(major, minor) as numbers."""
    return numbers(version)[:2]


def expected_jars(version: str) -> int:
    return _JARS[version]


def tree_name(version: str) -> str:
    """The one top-level directory inside the archive."""
    old = line_of(version) < (3, 5)
    return f"zookeeper-{version}" if old else f"apache-zookeeper-{version}-bin"


def archive_name(version: str) -> str:
    return f"{tree_name(version)}.tar.gz"


def _dependency(name: str, version: str = "", exclusions: str = "") -> str:
    group, artifact = name.split(":")
    number = f"<version>{version}</version>" if version else ""
    return (f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{number}"
            f"<scope>runtime</scope>{exclusions}</dependency>")


def pom(version: str) -> str:
    """A pom whose runtime dependencies are the release's lib directory."""
    check_known(version)
    if line_of(version) < (3, 5):
        head = "<groupId>lab</groupId><version>1</version>"
        exclusions = ("<exclusions><exclusion><groupId>com.github.spotbugs</groupId>"
                      "<artifactId>spotbugs-annotations</artifactId></exclusion></exclusions>")
        wanted = [_dependency("org.apache.zookeeper:zookeeper", version, exclusions)]
    else:
        head = ("<parent><groupId>org.apache.zookeeper</groupId><artifactId>parent</artifactId>"
                f"<version>{version}</version></parent>")
        wanted = [_dependency("org.apache.zookeeper:zookeeper", version)]
        if version == "3.9.4":
            wanted.append(_dependency(_PROMETHEUS, version))
        wanted += [_dependency(name) for name in _MANAGED[version]]
    return _POM.format(head=head, dependencies="\n".join(wanted))
