"""Files that are no files, whatever the reader: one DataError each."""

import os
import re
from pathlib import Path

import pytest

from weather import load_nodes, open_weather, read_epw, read_netcdf
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import time_axis

READERS = [pytest.param(read_epw, "an .epw file", id="epw"), pytest.param(read_netcdf, "a .nc file", id="netcdf")]


@pytest.mark.parametrize(("read", "kind"), READERS)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.dat", "no such file"),
        ("plain.txt/none.dat", "no such file"),
        ("folder", "is a folder"),
        ("pipe", "is a pipe or a device"),
        ("x" * 300, "cannot be read"),
        ("nul\0.dat", "cannot be read"),
    ],
)
def test_what_is_no_file_is_said(tmp_path, read, kind, name, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain.txt").write_text("text")
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / name
    with pytest.raises(DataError, match=words) as caught:
        read(path)
    assert str(path) in str(caught.value) and f"give the path of {kind}" in str(caught.value)


@pytest.mark.parametrize(("read", "kind"), READERS)
def test_forbidden_file_is_said(tmp_path, monkeypatch, read, kind):
    # a superuser may read everything, so the system's refusal is played
    path = tmp_path / "locked.dat"
    path.write_bytes(b"LOCATION,")

    def refuse(*_args):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=f"no permission to read it; {kind} must be readable.*chmod"):
        read(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="a superuser may read every file")
@pytest.mark.parametrize(("read", "kind"), READERS)
def test_file_without_rights_is_said(tmp_path, read, kind):
    path = tmp_path / "locked.dat"
    path.write_bytes(b"LOCATION,")
    path.chmod(0)
    with pytest.raises(DataError, match=f"no permission to read it; {kind} must be readable"):
        read(path)


@pytest.mark.parametrize(("read", "kind"), READERS)
def test_broken_disk_is_said(tmp_path, monkeypatch, read, kind):
    path = tmp_path / "file.dat"
    path.write_bytes(b"LOCATION,")

    def fail(*_args):
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(DataError, match=f"Input/output error.*give the path of {kind}"):
        read(path)


@pytest.mark.parametrize("kind", ["epw", "netcdf"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"<html>404</html>", b"\x89PNG\r\n\x1a\n" + bytes(range(256))])
def test_other_content_is_said(tmp_path, kind, content):
    path = tmp_path / "other.dat"
    path.write_bytes(content)
    node = load_nodes()["zhongwei"]
    with pytest.raises(DataError, match=re.escape(str(path))):
        open_weather({"zhongwei": f"{kind}:{path}"}, [node], time=time_axis("2026-03-05", horizon_h=24), seed=0)
