"""Downloads: mirrors in turn, checksums, and nothing half done under a final name. The only server is this process."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tellapart.data import download
from tellapart.data.download import data_homes, fetch
from tellapart.errors import DataError

CONTENT = b"what was published" * 1000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Mirrors(http.server.BaseHTTPRequestHandler):
    """/good/, /corrupt/ and /short/ have the file, each in its way; nothing else is there."""

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind not in ("good", "corrupt", "short"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write({"good": CONTENT, "corrupt": bytes(len(CONTENT)), "short": CONTENT[:50]}[kind])

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output stays clean."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirrors) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("digest", [MD5, SHA256])
def test_a_file_comes_from_the_first_mirror_that_has_it_whole(site: str, tmp_path: Path, digest: str) -> None:
    mirrors = [f"{site}/{kind}/" for kind in ("gone", "corrupt", "short", "good")]
    path = fetch("a.gz", mirrors, digest, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "a.gz"
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == ["a.gz"]


@pytest.mark.parametrize(
    ("kind", "cause"), [("gone", "404"), ("corrupt", "expected"), ("short", "cut short|Incomplete")]
)
def test_when_all_mirrors_fail_each_cause_is_told_and_nothing_is_left(
    site: str, tmp_path: Path, kind: str, cause: str
) -> None:
    with pytest.raises(DataError, match=cause):
        fetch("a.gz", [f"{site}/{kind}/"], MD5, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_message_says_which_file_to_put_where(site: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        fetch("a.gz", [f"{site}/gone/", "http://127.0.0.1:9/"], MD5, tmp_path)
    for words in (f"{site}/gone/a.gz: ", "http://127.0.0.1:9/a.gz: ", MD5, str(tmp_path / "a.gz")):
        assert words in str(caught.value)


def test_an_answer_that_is_too_long_is_refused(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="longer than 1,000 bytes"):
        fetch("a.gz", [f"{site}/good/"], MD5, tmp_path)


def test_each_download_is_announced(site: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="tellapart"):
        fetch("a.gz", [f"{site}/good/"], MD5, tmp_path)
    assert caplog.messages == [f"downloading {site}/good/a.gz into {tmp_path}"]


def test_a_folder_that_cannot_be_written_is_told(site: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="--data-dir"):
        fetch("a.gz", [f"{site}/good/"], MD5, tmp_path / "file" / "folder")


def test_the_given_folder_stands_for_the_variable_and_both_go_before_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TELLAPART_DATA_DIR", raising=False)
    cache = tmp_path / "cache" / "tellapart"
    assert data_homes(None) == [cache]
    monkeypatch.setenv("TELLAPART_DATA_DIR", str(tmp_path / "variable"))
    assert data_homes(None) == [tmp_path / "variable", cache]
    assert data_homes(tmp_path / "given") == [tmp_path / "given", cache]
