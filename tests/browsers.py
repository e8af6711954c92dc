"""Chromium, and a page that is open in it."""

import json
import shutil
from contextlib import contextmanager

import pytest


@contextmanager
def started_chromium():
    """A browser without a window; skips the test where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("needs Chromium and chromedriver")
    options = webdriver.ChromeOptions()
    # A container's root has no sandbox, and little shared memory.
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{flag}")
    options.add_argument("--window-size=1400,900")
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    service = webdriver.ChromeService(executable_path=driver)
    with webdriver.Chrome(options=options, service=service) as browser:
        yield browser


class Opened:
    """A page that is open."""

    def __init__(self, browser, path):
        self.browser = browser
        browser.get_log("performance"), browser.get_log("browser")
        browser.get(path.as_uri())

    def all(self, selector):
        return self.browser.find_elements("css selector", selector)

    def one(self, selector):
        return self.browser.find_element("css selector", selector)

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def log(self):
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def requests(self):
        events = (json.loads(e["message"]) for e in self.browser.get_log("performance"))
        sent = (e["message"] for e in events)
        return [
            event["params"]["request"]["url"]
            for event in sent
            if event["method"] == "Network.requestWillBeSent"
        ]

    @contextmanager
    def phone(self):
        """As wide as a phone."""
        size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        try:
            yield
        finally:
            self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    @contextmanager
    def media(self, **settings):
        """With a medium ("print") or a scheme of colours ("dark")."""
        features = [
            {"name": "prefers-color-scheme", "value": settings.get("scheme", "")}
        ]
        asked = {"media": settings.get("medium", ""), "features": features}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", asked)
        try:
            yield
        finally:
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {})
