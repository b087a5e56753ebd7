"""Throwaway OpenPGP keys: the lab's release signer, and a stranger whom nobody trusts.

A key is kept as an exported secret key and a keyring for gpgv. gpg itself runs in a short-lived
home with a short path, so that no gpg-agent stays behind and a deep cache directory is no trouble.
"""

import contextlib
import pathlib
import shutil

from . import cache
from .run import run

SIGNER = "signer"
STRANGER = "stranger"


@contextlib.contextmanager
def _gpg_home():
    with cache.short_temporary_directory() as home:
        try:
            yield home
        finally:
            if shutil.which("gpgconf"):
                run(["gpgconf", "--homedir", home, "--kill", "all"])


def _gpg(home: pathlib.Path, *arguments) -> str:
    return run(["gpg", "--homedir", home, "--batch", "--no-tty", "--quiet",
                "--pinentry-mode", "loopback", "--passphrase", "", *arguments])


def directory(name: str = SIGNER) -> pathlib.Path:
    """Where the named key is kept; made at the first call."""
    target = cache.root() / "keys" / name
    with cache.lock(f"key-{name}"):
        if not (target / "fingerprint").exists():
            _make(name, target)
    return target


def keyring(name: str = SIGNER) -> pathlib.Path:
    return directory(name) / "trusted.gpg"


def fingerprint(name: str = SIGNER) -> str:
    return (directory(name) / "fingerprint").read_text(encoding="ascii").strip()


def _make(name: str, target: pathlib.Path) -> None:
    with cache.staging(target) as made, _gpg_home() as home:
        user = f"Zoowarden lab {name} <lab-{name}@invalid>"
        _gpg(home, "--quick-generate-key", user, "ed25519", "sign", "never")
        listing = _gpg(home, "--with-colons", "--list-keys")
        printed = [line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")]
        _gpg(home, "--output", made / "trusted.gpg", "--export")
        _gpg(home, "--output", made / "secret.gpg", "--export-secret-keys")
        (made / "secret.gpg").chmod(0o600)
        (made / "fingerprint").write_text(printed[0] + "\n", encoding="ascii")


def sign(file: pathlib.Path, signature: pathlib.Path, name: str = SIGNER) -> None:
    """Writes a detached, ASCII armoured signature of the file."""
    secret = directory(name) / "secret.gpg"
    with _gpg_home() as home:
        _gpg(home, "--import", secret)
        _gpg(home, "--armor", "--yes", "--output", signature, "--detach-sign", file)


def verify(file: pathlib.Path, signature: pathlib.Path, name: str = SIGNER) -> None:
    """Raises LabError unless the named key made the signature of this very file."""
    run(["gpgv", "--keyring", keyring(name), signature, file])
