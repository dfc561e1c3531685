"""Entries read the fast way are those that sansldap reads, however the stream is cut, and nothing else is taken for one."""

from __future__ import annotations

import sansldap
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.directory.ber import Cutter, Entry, entry
from tests.budget import examples

NAMES = st.sampled_from(["cn", "proxyAddresses;range=0-*", "objectGUID", "mail"])
ATTRIBUTES = st.dictionaries(NAMES, st.lists(st.binary(max_size=300), max_size=3), max_size=4)
ENTRIES = st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=100), ATTRIBUTES)


def encoded(dn: str, values: dict[str, list[bytes]]) -> bytes:
    """As a server encodes it."""
    server = sansldap.LDAPServer()
    server.receive(ASKED)
    server.search_result_entry(1, dn, [sansldap.PartialAttribute(name, found) for name, found in values.items()])
    return server.data_to_send()


def asked() -> tuple[sansldap.LDAPClient, bytes]:
    client = sansldap.LDAPClient()
    client.search_request("")
    return client, client.data_to_send()


ASKED = asked()[1]


def slowly(stream: bytes) -> list[Entry]:
    found = []
    for message in asked()[0].receive(stream):
        assert isinstance(message, sansldap.SearchResultEntry)
        found.append(
            Entry(message.object_name, {a.name.lower(): list(a.values) for a in message.attributes if a.values})
        )
    return found


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=4), st.lists(st.integers(1, 400), max_size=6))
def test_a_stream_in_any_pieces_gives_the_entries_that_sansldap_reads(
    entries: list[tuple[str, dict[str, list[bytes]]]], pieces: list[int]
) -> None:
    stream = b"".join(encoded(*one) for one in entries)
    cutter, at, found = Cutter(), 0, []
    for size in [*pieces, len(stream)]:
        found += [entry(message) for message in cutter.feed(stream[at : at + size])]
        at += size
    assert found == slowly(stream)
    assert cutter.waiting == 0


def test_an_element_without_a_length_is_left_to_sansldap() -> None:
    message = encoded("cn=ann", {"cn": [b"ann"], "mail": [b"ann@x.test", b"lee@x.test"]})
    for place in range(len(message)):
        damaged = message[:place] + b"\x80" + message[place + 1 :]
        found = entry(damaged)
        if place and message[place - 1] in b"\x30\x31\x04\x64":  # a length, or a byte of a text that looks like its tag
            assert found is None or [found] == slowly(damaged), place
    assert list(Cutter().feed(b"\x30\x80" + message)) == [b"\x30\x80" + message]


@settings(max_examples=examples(60), deadline=None)
@given(ENTRIES, st.integers(0, 10_000), st.binary(min_size=1, max_size=1))
def test_a_damaged_entry_is_left_to_sansldap_or_is_what_it_reads(
    one: tuple[str, dict[str, list[bytes]]], place: int, byte: bytes
) -> None:
    message = encoded(*one)
    place %= len(message)
    damaged = message[:place] + byte + message[place + 1 :]
    found = entry(damaged)
    of_the_question = place == message.index(b"\x02\x01\x01") + 2  # sansldap alone looks at its number
    assert found is None or of_the_question or [found] == slowly(damaged)


def test_other_messages_are_left_to_sansldap() -> None:
    server = sansldap.LDAPServer()
    server.receive(ASKED)
    server.search_result_done(1)
    done = server.data_to_send()
    assert entry(done) is None
    assert list(Cutter().feed(done + b"junk")) == [done, b"junk"]
