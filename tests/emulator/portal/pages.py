"""Pages as a reader sees them: headings, links, tables, texts."""

from __future__ import annotations

from typing import Any

import httpx
from lxml import html


class WebPage:
    """An answer of the portal, parsed."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self._root: Any = html.fromstring(response.text)

    def all(self, path: str) -> list[Any]:
        return self._root.xpath(path)

    @property
    def text(self) -> str:
        return _text(self._root)

    @property
    def title(self) -> str:
        return _text(self.all("//h1")[0])

    @property
    def links(self) -> dict[str, str]:
        """Addresses by text; of links with one text the first counts."""
        return {_text(link): link.get("href") for link in reversed(self.all("//a"))}

    @property
    def trail(self) -> list[str]:
        return [_text(crumb) for crumb in self.all("//header/nav//a")]

    @property
    def facts(self) -> dict[str, str]:
        return {_text(term): _text(term.getnext()) for term in reversed(self.all("//dt"))}

    @property
    def captions(self) -> list[str]:
        return [_text(caption) for caption in self.all("//caption")]

    def rows(self, caption: str) -> list[dict[str, str]]:
        """The rows of the table whose caption begins with `caption`, each as texts by column."""
        for table in self.all("//table"):
            if _text(table.xpath("caption")[0]).startswith(caption):
                columns = [_text(cell) for cell in table.xpath("thead//th")]
                return [
                    dict(zip(columns, [_text(cell) for cell in row.xpath("th|td")], strict=False))
                    for row in table.xpath("tbody/tr")
                ]
        raise AssertionError(f"no table with the caption {caption!r}; there are: {self.captions}")

    def content(self, title: str) -> str:
        """The text and the note below the heading `title`."""
        return " ".join(_text(part) for part in self.all(f"//section[*[1]='{title}']/*[position()>1]"))


def _text(node: Any) -> str:
    return " ".join(node.text_content().split())
