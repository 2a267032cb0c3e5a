"""Makes the pictures of the documentation from the example project: run it at the top of a checkout.

    .venv/bin/python docs/make_images.py

Needs Chromium (`make browser`) and the `dev` extra. Only the example's own data is in the pictures.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from gsrules.run.example import run_demo
from gsrules.run.kept import find_run
from gsrules.run.workspace import Workspace
from gsrules.views.pages.run_page import run_page

RULE = "adoption/usage_drop"
TARGET = Path(__file__).parent / "images" / "run-page.png"
WIDTH, HEIGHT = 1200, 1080


def main() -> None:
    """Runs the example and takes the picture of the page of one of its runs."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser_path is None:
        sys.exit("no Chromium: make browser")
    demo = run_demo(lambda _step: None)
    workspace = Workspace.open(demo.folder, demo.folder)
    run_id = next(report.run_id for report in demo.reports if report.rule == RULE)
    page_text = run_page(workspace, [find_run(workspace, run_id)])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "run.html"
        file.write_text(page_text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(file.as_uri())
        page.screenshot(path=TARGET)
        browser.close()
    shutil.rmtree(demo.folder)
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
