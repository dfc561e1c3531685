"""Work on the parts of a large file beside what else is done with them: digests, counts and statements leave the interpreter to
others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Part = TypeVar("Part", bound=Sized)

LARGE = 1 << 20
"""Bytes of a chunk that are worth another thread."""


@contextmanager
def beside(work: Callable[[Part], object], large: int = LARGE) -> Iterator[Callable[[Part], None]]:
    """A function that has parts worked on in their order by another thread, one ahead of the caller at most; all are when the
    block ends. Whatever `work` raises comes out of a later call, or of the end of the block. One shorter than `large` is worked on
    at once.
    """
    pool: list[ThreadPoolExecutor] = []
    last: list[Future[object]] = []

    def wait() -> None:
        while last:
            last.pop().result()

    with ExitStack() as stack:

        def feed(part: Part) -> None:
            wait()
            if len(part) < large:
                work(part)
                return
            if not pool:
                from concurrent.futures import ThreadPoolExecutor  # of large files only: it loads much

                pool.append(stack.enter_context(ThreadPoolExecutor(1)))
            last.append(pool[0].submit(work, part))

        yield feed
        wait()
