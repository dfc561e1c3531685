"""Whether a document is well-formed, as expat finds it. Of a large one another process finds it out, beside what this one does:
here expat would keep the interpreter from all other threads."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Generator, Iterator

from hcm_pipeline import safe_xml
from hcm_pipeline.extracts import beside
from hcm_pipeline.safe_xml import Parser, XmlFault
from hcm_pipeline.sources.unpack import Compression

LARGE: dict[Compression, int] = {"none": 1 << 24, "gzip": 1 << 20, "zip": 1 << 20}
"""Bytes of a file that are worth another process."""


class NotSound(Exception):
    """A document is not well-formed, or nobody could find out whether it is."""


def checked(chunks: Iterator[bytes], *, large: bool) -> Generator[bytes, None, None]:
    """The chunks of a document of UTF-8, while they are checked; of a `large` one by another process, where there can be one.

    Raises NotSound, behind the last chunk at the latest: until then those that came may be of such a document.
    """
    process = _started() if large else None
    if process is None:
        yield from _checked_here(chunks)
        return
    with process:
        try:
            yield from _checked_by(process, chunks)
        finally:
            process.kill()


def _checked_here(chunks: Iterator[bytes]) -> Iterator[bytes]:
    parser = Parser()
    with _sound():
        for chunk in chunks:
            parser.feed(chunk)
            yield chunk
        parser.finish()


@contextlib.contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except XmlFault:
        raise NotSound from None


def _checked_by(process: subprocess.Popen[bytes], chunks: Iterator[bytes]) -> Iterator[bytes]:
    size, stdin, stdout = 0, process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def write(chunk: bytes) -> None:
        """Block until the process has taken nearly all."""
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[stdin.write(rest) :]
        except OSError:  # it has ended: over a fault, or for want of something
            raise NotSound from None

    with beside(write, large=1) as feed:
        for chunk in chunks:
            feed(chunk)
            size += len(chunk)
            yield chunk
    stdin.close()
    if stdout.read() != safe_xml.told(size):
        raise NotSound


def _started() -> subprocess.Popen[bytes] | None:
    """A process that reads a document from its standard input."""
    try:
        return subprocess.Popen(  # -I, -S: it needs the standard library only, and takes no notice of the environment
            [sys.executable, "-I", "-S", safe_xml.__file__],
            bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None
