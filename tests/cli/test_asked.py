"""A command makes the verb that it is asked for alone, and nobody can tell."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from hcm_pipeline.cli.main import _asked, _name_of, app


def test_each_verb_is_made_alone() -> None:
    verbs = [_name_of(made) for made in app.registered_commands] + [made.name for made in app.registered_groups]
    assert {"run", "approve", "identity"} < set(verbs)
    for verb in verbs:
        alone = _asked([str(verb), "--help"])
        assert len(alone.registered_commands) + len(alone.registered_groups) == 1, verb


@pytest.mark.parametrize("words", [[], ["--help"], ["lnd"], [""], ["--version", "run"]])
def test_without_a_verb_all_of_them_are_made(words: list[str]) -> None:
    assert _asked(words) is app


@pytest.mark.parametrize("words", [["approve", "--help"], ["identity"], ["status", "--jsn"]])
def test_a_verb_that_is_made_alone_says_what_it_says_among_all(words: list[str]) -> None:
    alone, among_all = (CliRunner().invoke(one, words) for one in (_asked(words), app))
    assert (alone.exit_code, alone.output) == (among_all.exit_code, among_all.output)
