"""Tables, lines and JSON print the text of others as it is, and drive nothing with it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import orjson
import pytest

from hcm_pipeline.cli import main
from hcm_pipeline.cli.output import Progress, dump, note, printable, say, table
from hcm_pipeline.errors import PipelineError, ServiceRefused
from hcm_pipeline.settings import Settings

HOSTILE = r"\[/x]Boss :warning: [bold]x" + "\x1b[2J\u202e\n"
SHOWN = r"\[/x]Boss :warning: [bold]x\x1b[2J\u202e\n"


def test_a_table_shows_markup_emoji_codes_and_escapes_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    table(HOSTILE, ("column", HOSTILE), [[1, HOSTILE]])
    title, heads, cells, *_ = capsys.readouterr().out.split("\n")
    assert (title.strip(), heads.split("  ")[1].strip(), cells.split(None, 1)) == (
        SHOWN,
        SHOWN,
        ["1", cells.split(None, 1)[1]],
    )
    assert cells.rstrip().endswith(SHOWN)


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{HOSTILE}: taken")
    note(f"{HOSTILE}: left")
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{SHOWN}: taken\n", f"{SHOWN}: left\n")


def test_json_keeps_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    dump({"name": HOSTILE, "half": "Zoë\x9b", "day": None})
    said = capsys.readouterr().out
    assert orjson.loads(said) == {"name": HOSTILE, "half": "Zoë\x9b", "day": None}
    assert not set(said) & {"\x1b", "\x9b", "\u202e"}


def test_json_of_what_is_no_text_is_written_too(capsys: pytest.CaptureFixture[str]) -> None:
    dump({"name": "\udcff.csv", "number": 10**30})
    assert capsys.readouterr().out.split() == ["{", '"name":', r'"\udcff.csv",', '"number":', "1" + "0" * 30, "}"]


def test_what_an_encoding_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    printable()
    table("", ("name",), [["Zoë"]])
    dump({"name": "Zoë"})
    sys.stdout.flush()
    assert b"Zo\\xeb" in raw.getvalue()
    assert rb'"Zo\u00eb"' in raw.getvalue()


def test_the_last_handler_cannot_fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def no_settings() -> None:
        raise PipelineError("the environment is nonsense")

    monkeypatch.setattr(Settings, "from_env", no_settings)
    monkeypatch.setattr(main, "_asked", lambda _: lambda **_: 1 / 0)
    assert main._run() == 1
    said = capsys.readouterr().err
    assert "an unexpected fault (ZeroDivisionError)" in said
    kept = said.partition("its text is in ")[2].partition(". Please")[0]
    with open(kept, encoding="utf-8") as file:
        assert "ZeroDivisionError" in file.read()
    Path(kept).unlink()


def test_words_of_the_service_stay_on_their_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> int:
        raise ServiceRefused("users: 400\x1b[2J\nall is well", 400, "x")

    monkeypatch.setattr(main, "_asked", lambda _: refuse)
    assert main._run() == 1
    assert capsys.readouterr().err == "hcm-pipeline: users: 400\\x1b[2J\\nall is well\n"


def test_nobody_who_reads_on_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_reads() -> int:
        raise BrokenPipeError

    monkeypatch.setattr(main, "_print_no_more", lambda: None)
    assert main._leave(nobody_reads) == 1


def test_a_count_of_which_a_line_was_printed_is_printed_to_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 3.0, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7])
    monkeypatch.setattr("hcm_pipeline.cli.output.time.monotonic", lambda: next(moments))
    with Progress().shown() as progress:
        for message in ("sent 0 of 1,200 requests", "sent 600 of 1,200 requests, 40 a minute", "sent 1,200 of 1,200 requests",
                        "2 operations settled, 0 waiting"):  # fmt: skip
            progress(message)
    assert capsys.readouterr().err.splitlines() == ["  sent 0 of 1,200 requests", "  sent 1,200 of 1,200 requests"]
