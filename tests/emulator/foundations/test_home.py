import os
import socket
import stat
from pathlib import Path

import pytest

from emulator.home import Home, HomeError, write_private


def test_what_is_settled_at_the_first_start_stays(tmp_path: Path):
    first = Home(tmp_path / "home").create()
    assert Home(tmp_path / "home").create() == first


def test_every_emulator_has_secrets_of_its_own(tmp_path: Path):
    _, one = Home(tmp_path / "one").create()
    _, other = Home(tmp_path / "other").create()
    assert one.token_signing_key != other.token_signing_key
    assert one.state_encryption_key not in (other.state_encryption_key, one.token_signing_key)


def test_secrets_lie_in_files_that_only_their_owner_can_read(tmp_path: Path):
    home = Home(tmp_path / "home")
    home.create()
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    for path in home.root.glob("*.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_secrets_do_not_show_in_a_repr(tmp_path: Path):
    _, secrets = Home(tmp_path / "home").create()
    assert secrets.token_signing_key not in repr(secrets)


def test_taken_default_ports_are_avoided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("emulator.home.DEFAULT_PORTS", {"arm": port})
        configuration, _ = Home(tmp_path / "home").create()
    assert port not in configuration.ports.values()


def test_another_port_base_is_refused_once_settled(tmp_path: Path):
    home = Home(tmp_path / "home")
    home.create(port_base=23450)
    with pytest.raises(HomeError, match="begin at port 23450, not 24000"):
        home.create(port_base=24000)


def test_a_folder_without_an_emulator_says_how_to_start_one(tmp_path: Path):
    with pytest.raises(HomeError, match="python -m emulator up"):
        Home(tmp_path).load()


def test_a_damaged_file_is_named(tmp_path: Path):
    home = Home(tmp_path / "home")
    home.create()
    (home.root / "configuration.json").write_text("{", encoding="utf-8")
    with pytest.raises(HomeError, match=r"configuration\.json: not valid JSON"):
        home.load()


def test_a_private_file_is_replaced_at_once_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "state.json"
    write_private(path, "old")

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_private(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
