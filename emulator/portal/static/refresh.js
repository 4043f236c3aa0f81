// Keeps a page that shows something running up to date: main is fetched again and exchanged. Without JavaScript the
// page is complete, only not live.
"use strict";

async function refreshed(main) {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) {
    return main;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("main");
  const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const scrolled = [...main.querySelectorAll(".scroll, pre")].map((box) => [box.scrollTop, box.scrollLeft]);
  main.replaceWith(fresh);
  document.title = page.title;
  [...fresh.querySelectorAll(".scroll, pre")].forEach((box, index) => {
    [box.scrollTop, box.scrollLeft] = scrolled[index] ?? [0, 0];
  });
  if (focused !== null) {
    [...fresh.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  }
  return fresh;
}

async function follow() {
  let main = document.getElementById("main");
  while (main.dataset.refreshSeconds) {
    await new Promise((done) => setTimeout(done, 1000 * Number(main.dataset.refreshSeconds)));
    // A selection would be lost with the text that it is in; a page that nobody sees needs no refreshing.
    if (document.hidden || !document.getSelection().isCollapsed) {
      continue;
    }
    try {
      main = await refreshed(main);
    } catch {
      // The emulator does not answer, perhaps only for now: what was shown last stays.
    }
  }
}

follow();
