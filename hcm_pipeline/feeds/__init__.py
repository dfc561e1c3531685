"""Following Oracle HCM: which entries of its feeds were taken, which workers they name, and whom to read when.

An entry is a hint and nothing more: the worker whom it names is read again, now and on the day when it takes effect, and the hint
stays open until the worker could be read. This room keeps entries, hints and cursors; it calls nobody.
"""

from hcm_pipeline.feeds.columns import NOT_READ, NUMBER, STATUS, differing, digests_of
from hcm_pipeline.feeds.extract_file import ExtractFile
from hcm_pipeline.feeds.hints import Asked, Coming, Missed, Settled, Unseen, coming_dates
from hcm_pipeline.feeds.polls import FeedStanding, Poll
from hcm_pipeline.feeds.state import AHEAD, FeedState

__all__ = [
    "AHEAD",
    "NOT_READ",
    "NUMBER",
    "STATUS",
    "Asked",
    "Coming",
    "ExtractFile",
    "FeedStanding",
    "FeedState",
    "Missed",
    "Poll",
    "Settled",
    "Unseen",
    "coming_dates",
    "differing",
    "digests_of",
]
