"""What README and docs/ point at is there."""

import re
from pathlib import Path

import pytest

from emulator.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("workflows/**/README.md"))]
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:bench|components|docs|emulator|tests|validation|workflows)/[\w./-]+)`")
COMMAND = re.compile(r"python -m emulator ([a-z]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_path_and_command_of_a_page_exists(page: Path):
    text = page.read_text(encoding="utf-8")
    links = {link for link in LINK.findall(text) if not (page.parent / link).exists()}
    paths = {path for path in PATH.findall(text) if not (ROOT / path).exists()}
    commands = set(COMMAND.findall(text)) - set(COMMANDS)
    assert (links, paths, commands) == (set(), set(), set())


def test_readme_leads_to_every_page_of_docs():
    linked = {(ROOT / link).resolve() for link in LINK.findall(README.read_text(encoding="utf-8"))}
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if page.resolve() not in linked]
    assert missing == []


def test_readme_names_every_folder():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"docs", "bench"}
    text = README.read_text(encoding="utf-8").partition("## The folders")[2]
    assert [folder for folder in sorted(folders) if f"    {folder}/" not in text] == []
