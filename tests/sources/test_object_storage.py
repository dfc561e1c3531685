"""Objects are read, moved and deleted as the very versions listed; the cloud's own ways sign in, and no secret is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore as Objects

from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.home import Home
from hcm_pipeline.http import TryAgain
from hcm_pipeline.sources.places import Changed, Gone, Store, open_place
from hcm_pipeline.sources.places.object_storage import Bucket, aws_files, open_bucket

from .far import Clock, fresh, place, spec
from .s3_server import BUCKET, KEY, SECRET, S3Site, s3_server


@pytest.fixture(autouse=True)
def _nobody_signed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture(params=["", "in", "out/bound"])
def bucket(request: pytest.FixtureRequest, objects: Objects) -> Bucket:
    return Bucket(objects, request.param, "a bucket")


def under(bucket: Bucket, name: str) -> str:
    return f"{bucket._prefix}/{name}" if bucket._prefix else name


def test_objects_of_the_prefix_are_listed_and_read_and_those_below_are_not(objects: Objects, bucket: Bucket) -> None:
    for name in ("a b.csv", "ä.csv", "done/old.csv"):
        objects.put(under(bucket, name), b"one")
    objects.put("other/x.csv", b"no")
    found = {thing.name: thing for thing in bucket.listing()}
    assert sorted(found) == ["a b.csv", "ä.csv"]
    assert (found["ä.csv"].size, b"".join(bucket.read(found["ä.csv"]))) == (3, b"one")


@pytest.mark.parametrize("way", ["read", "delete", "move"])
def test_another_object_under_the_name_is_not_the_one_that_was_listed(
    objects: Objects, bucket: Bucket, way: str
) -> None:
    do: dict[str, Callable[[], object]] = {
        "read": lambda: list(bucket.read(thing)),
        "delete": lambda: bucket.delete(thing),
        "move": lambda: bucket.move(thing, "done"),
    }
    objects.put(under(bucket, "a.csv"), b"one")
    [thing] = bucket.listing()
    objects.put(under(bucket, "a.csv"), b"two")
    with pytest.raises(Changed):
        do[way]()
    assert objects.get(under(bucket, "a.csv")).bytes() == b"two"
    objects.delete(under(bucket, "a.csv"))
    with pytest.raises(Gone):
        do[way]()


def test_a_moved_object_replaces_none_that_was_moved_before(objects: Objects, bucket: Bucket) -> None:
    for data in (b"one", b"two!"):
        objects.put(under(bucket, "a.csv"), data)
        [thing] = bucket.listing()
        bucket.move(thing, "done")
    assert bucket.listing() == []
    moved = Bucket(objects, under(bucket, "done"), "a bucket")
    assert sorted(b"".join(moved.read(thing)) for thing in moved.listing()) == [b"one", b"two!"]


def test_the_folder_that_a_console_made_is_no_file_of_it(objects: Objects) -> None:
    objects.put("in", b"")  # how the key `in/` is listed
    objects.put("in/a.csv", b"one")
    assert [thing.name for thing in Bucket(objects, "in", "a bucket").listing()] == ["a.csv"]


def test_a_listing_that_writes_a_tag_in_another_way_than_an_answer_means_the_same_version(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure Blob Storage: `0x8D...` in a listing, `"0x8D..."` in an answer."""
    real = obstore.head

    def quoted(*arguments: Any) -> Any:
        found = dict(real(*arguments))
        return {**found, "e_tag": f'"{found["e_tag"]}"'}

    objects.put("a.csv", b"one")
    bucket = Bucket(objects, "", "a bucket")
    [thing] = bucket.listing()
    monkeypatch.setattr(obstore, "head", quoted)
    bucket.move(thing, "done")
    assert bucket.listing() == []


def test_a_large_object_comes_in_pieces(objects: Objects) -> None:
    objects.put("a.csv", b"x" * 9_000_000)
    bucket = Bucket(objects, "", "a bucket")
    [thing] = bucket.listing()
    assert sum(map(len, bucket.read(thing))) == 9_000_000


def test_keys_and_region_come_from_the_files_of_the_aws_command_line_unless_variables_have_them(tmp_path: Path) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        "[default]\naws_access_key_id = a\naws_secret_access_key = b\n[hr]\naws_access_key_id = c\naws_secret_access_key = d%\n"
        "aws_session_token = e\n"
    )
    (folder / "config").write_text("[default]\nregion = eu-west-1\n[profile hr]\nregion = eu-central-1\n")
    assert aws_files({}) == {"access_key_id": "a", "secret_access_key": "b", "region": "eu-west-1"}
    hr = {"access_key_id": "c", "secret_access_key": "d%", "session_token": "e", "region": "eu-central-1"}
    assert aws_files({"AWS_PROFILE": "hr"}) == hr
    assert aws_files({"AWS_ACCESS_KEY_ID": "x", "AWS_REGION": "y"}) == {}
    (folder / "credentials").write_text("nonsense")
    with pytest.raises(ServiceError, match="cannot be read as a file of the AWS command line"):
        aws_files({})


def test_azure_and_oci_are_the_same_store_at_other_addresses() -> None:
    azure = open_bucket(spec("az://account/container/in"))
    assert (azure._store.config["account_name"], azure._store.config["container_name"]) == ("account", "container")
    oci = open_bucket(spec("oci://namespace/Bucket/in", region="eu-frankfurt-1"))
    assert oci._store.config["endpoint"] == "https://namespace.compat.objectstorage.eu-frankfurt-1.oraclecloud.com"
    assert (oci._store.config["bucket"], oci._prefix) == ("Bucket", "in")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("GET https://h/b?sig=SECRET: status code: 403 <Code>AccessDenied</Code>", SignInFailed, "403 AccessDenied"),
        ("GET https://h/b?sig=SECRET: status code: 404 <Code>NoSuchBucket</Code>", ServiceError, "no such bucket"),
        ("GET https://h/b?sig=SECRET: status code: 409", ServiceError, "refused the request"),
        ("GET https://h/b?sig=SECRET: status code: 503 <Code>SlowDown</Code>", TryAgain, "answered 503 SlowDown"),
        ("GET https://h/b?sig=SECRET: error sending request", TryAgain, "cannot be reached"),
        ("Error performing PUT http://169.254.169.254/latest/api/token", SignInFailed, "nobody to sign in as"),
        ('Error parsing Path "in//x": illegal character', ServiceError, "a name that cannot be listed"),
    ],
)
def test_faults_are_told_apart_and_addresses_that_may_hold_keys_are_in_none(
    text: str, kind: type[Exception], said: str
) -> None:
    told = Bucket(Objects(), "", "a bucket")._generic(Exception(text))
    assert type(told) is kind
    assert said in str(told)
    assert "SECRET" not in str(told)


# --- a real server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Site]:
    with s3_server(tmp_path_factory.mktemp("s3")) as site:
        yield site


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def remote(site: S3Site, url: str = f"s3://{BUCKET}/in") -> Store:
    return open_place(spec(url, endpoint=site.endpoint, region="us-east-1"))


@pytest.mark.parametrize("after", ["leave", "move", "delete"])
def test_a_bucket_of_a_real_server_gives_each_version_once(
    running: S3Site, signed_in: None, tmp_path: Path, after: str
) -> None:
    folder = f"in-{after}"
    store = remote(running, f"s3://{BUCKET}/{folder}")
    assert isinstance(store, Bucket)
    home = Home(tmp_path / "home").create()
    keys = {"after": after, "move_to": "done"} if after == "move" else {"after": after}
    with fresh(home) as memory:
        at = place(store, memory, Clock(), **keys)
        for data in (b"one", b"two" * 3_000_000):
            store._store.put(f"{folder}/a b+ä.csv", data)
            [each] = at.look(None).waiting
            taken = at.take(each, home)
            assert taken.stored.read_bytes() == data
            assert at.remove(each, taken)
            assert at.look(None).waiting == ()
    done = remote(running, f"s3://{BUCKET}/{folder}/done")
    assert (len(store.listing()), len(done.listing())) == {"leave": (1, 0), "move": (0, 2), "delete": (0, 0)}[after]


def test_a_wrong_key_and_no_key_are_refused_with_the_mend(running: S3Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    with pytest.raises(SignInFailed, match=r"refused the request .403.* check the keys and the region") as refused:
        remote(running).listing()
    assert "another-secret" not in str(refused.value)


def test_a_bucket_that_is_not_there_and_a_server_that_is_not_there(running: S3Site, signed_in: None) -> None:
    with pytest.raises(ServiceError, match="there is no such bucket or container"):
        remote(running, "s3://nobodys/in").listing()
    with pytest.raises(TryAgain, match="cannot be reached"):
        remote(S3Site("http://127.0.0.1:1")).listing()
