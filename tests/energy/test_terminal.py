"""What is printed: no character of a title or an id steers the terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.terminal import plain, print_table, say, warn

HIDDEN = "\u202e\u2066\u200b\ufeff\x1b\r\x7f\x9b\u2028\U000e0041"


@pytest.mark.parametrize("character", HIDDEN)
def test_a_character_that_is_not_seen_is_printed_as_its_escape(capsys, character):
    say(f"west{character}ern")
    warn(f"west{character}ern")
    print_table([{"job": f"west{character}ern"}])
    told = capsys.readouterr()
    for text in (told.out, told.err):
        assert character not in text and "west\\" in text
    assert told.out.count("\\") == 2 * told.err.count("\\")


def test_a_table_shows_brackets_as_they_are_and_keeps_its_own_colours(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_table([{"job": "[red]a[/nothing] :warning:"}])
    told = capsys.readouterr().out
    assert "[red]a[/nothing] :warning:" in told and "\x1b[1m" in told and "u001b" not in told


def test_lines_tabs_words_and_pictures_stay():
    text = "\u897f\u90e8\t5 \u00b0C \u2013 \u00fc\n\U0001f33e second line"
    assert plain(text) == text


@given(st.text())
def test_json_stays_what_it_was_and_nothing_hidden_is_left(text):
    printed = plain(json.dumps({"title": text}, ensure_ascii=False))
    assert json.loads(printed) == {"title": text}
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in printed)
