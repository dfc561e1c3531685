"""Work on the chunks of a large file beside what else is done with them: digests and counts leave the interpreter to others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

LARGE = 1 << 20
"""Bytes of a chunk that are worth another thread."""


@contextmanager
def beside(work: Callable[[bytes], object]) -> Iterator[Callable[[bytes], None]]:
    """A function that has chunks worked on in their order by another thread, one ahead of the caller at most; all are when the
    block ends. Whatever `work` raises comes out of a later call, or of the end of the block."""
    pool: list[ThreadPoolExecutor] = []
    last: list[Future[object]] = []

    def wait() -> None:
        while last:
            last.pop().result()

    with ExitStack() as stack:

        def feed(chunk: bytes) -> None:
            wait()
            if len(chunk) < LARGE:
                work(chunk)
                return
            if not pool:
                from concurrent.futures import ThreadPoolExecutor  # of large files only: it loads much

                pool.append(stack.enter_context(ThreadPoolExecutor(1)))
            last.append(pool[0].submit(work, chunk))

        yield feed
        wait()
