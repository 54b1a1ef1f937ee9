"""A headless Chromium that writes down every error, violation and request of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => {
  window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`);
});
window.attacked = [];
for (const name of ["alert", "confirm", "prompt", "attack"]) window[name] = (x) => window.attacked.push(String(x));
"""


@dataclass
class Visit:
    """One open page with what it did."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        assert self.errors == []
        assert self.page.evaluate("window.violations") == []
        assert self.page.evaluate("window.attacked") == []
        assert [url for url in self.requests if not url.startswith(("data:", "file:"))] == []
        assert len([url for url in self.requests if url.startswith("file:")]) == 1


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed; apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra test brings playwright")
    with playwright.sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page of HTML in a fresh profile; `ready` waits for the map."""
    contexts = []

    def open_page(html: str, *, width: int = 1400, dark: bool = False, ready: bool = True) -> Visit:
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_bytes(html.encode("utf-8"))
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        seen = Visit(page)
        page.add_init_script(WATCH)
        page.on("console", lambda m: seen.errors.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(file.as_uri())
        if ready:
            page.wait_for_selector("html[data-ready]", state="attached", timeout=15_000)
        return seen

    yield open_page
    for context in contexts:
        context.close()
