from emulator.logic_apps.checker import reference
from emulator.logic_apps.checker.rules import RULES


def test_the_page_is_what_the_rules_say():
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()


def test_the_page_has_every_rule_once():
    headings = [line for line in reference.page().splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(f"### {code}" for code in RULES)
