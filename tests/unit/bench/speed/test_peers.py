import json
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

from bench.peers.catalogue import FASTAPI, PEERS, Peer


def test_a_peer_whose_packages_are_installed_lacks_nothing() -> None:
    assert FASTAPI.missing() is None


def test_a_peer_that_is_not_installed_says_what_to_install() -> None:
    missing = replace(FASTAPI, package="no_such_package").missing()
    assert missing is not None
    assert "no_such_package is not installed" in missing


def test_peers_get_the_bytes_of_the_photo_or_base64_in_json() -> None:
    plain, wrapped = (Peer("", [], "", base64=base64).request(b"\xff\xd8photo") for base64 in (False, True))
    assert plain.endswith(b"\r\n\r\n\xff\xd8photo")
    assert b64decode(json.loads(wrapped.partition(b"\r\n\r\n")[2])["image"]) == b"\xff\xd8photo"


def test_every_peer_says_how_it_differs() -> None:
    assert all(peer.differs for peer in PEERS)
    assert len({peer.name for peer in PEERS}) == len(PEERS)


def test_the_working_folder_does_not_shadow_packages_of_a_peer(tmp_path: Path) -> None:
    (tmp_path / "bench.py").write_text("raise SystemExit('the working folder comes first')")
    in_python = [peer for peer in PEERS if peer.command[0] == sys.executable]
    assert in_python
    for peer in in_python:
        python, *flags, _module = peer.command[: peer.command.index("-m") + 1]
        found = subprocess.run(
            [python, *flags, "-c", "import bench.peers"], cwd=tmp_path, capture_output=True, text=True
        )
        assert (found.returncode, found.stderr) == (0, "")
