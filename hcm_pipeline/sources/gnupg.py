"""The program `gpg`, for messages that are signed inside of a compressed layer: GnuPG and Bouncy Castle write such, and the library
that decrypts all others does not verify them.

The keys are in a folder of the home for as long as the program runs, and its agent ends with it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

ANSWER_SECONDS = 3600
_DOUBTFUL = {"BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "ERRSIG"}


@dataclass(frozen=True)
class Read:
    """The answer of the program. `signers`: fingerprints, in lower case, of the keys whose good signature it found."""

    decrypted: bool
    signers: frozenset[str]


def program() -> str | None:
    """Where the program is; None: nowhere."""
    return shutil.which("gpg")


def read_message(
    message: Path, plain: Path, key_file: Path, passphrase: str | None, signer_files: Sequence[Path], max_bytes: int
) -> Read:
    """Decrypt a message and verify its signatures. At most one byte more than `max_bytes` is written to `plain`."""
    gpg = program()
    assert gpg  # it was asked for
    # the agent's socket has a path of some hundred characters at most, so that a short one leads to the folder
    with tempfile.TemporaryDirectory(prefix="g-", dir=plain.parent) as folder, tempfile.TemporaryDirectory() as short:
        home = str(Path(short) / "h")
        Path(home).symlink_to(folder)
        common = [gpg, "--homedir", home, "--batch", "--no-tty", "--pinentry-mode", "loopback"]
        try:
            subprocess.run(
                [*common, "--import", str(key_file), *map(str, signer_files)],
                capture_output=True,
                check=False,
                timeout=600,
            )
            done = subprocess.run(
                [
                    *common, "--yes", "--trust-model", "always", "--status-fd", "2", "--passphrase-fd", "0",
                    "--max-output", str(max_bytes + 1), "--output", str(plain), "--decrypt", str(message),
                ],
                input=f"{passphrase or ''}\n".encode(), capture_output=True, check=False, timeout=ANSWER_SECONDS,
            )  # fmt: skip
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True, check=False)
    return told(done.stderr.decode(errors="replace").splitlines())


def told(lines: Collection[str]) -> Read:
    """The meaning of the program's status lines (GnuPG, doc/DETAILS): a signature is good, and then whose it is."""
    decrypted, good, signers = False, False, set()
    for line in lines:
        mark, _, rest = line.partition(" ")
        word, *values = rest.split()[:12] or [""]
        if mark != "[GNUPG:]":
            continue
        if word == "DECRYPTION_OKAY":
            decrypted = True
        elif word == "GOODSIG":
            good = True
        elif word in _DOUBTFUL:
            good = False
        elif word == "VALIDSIG" and good and values:
            signers.add((values[9] if len(values) > 9 else values[0]).lower())
    return Read(decrypted, frozenset(signers))
