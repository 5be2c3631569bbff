"""The status page in a real browser: it renders, renews itself, shows a venue that is down, works
without scripts, and asks nobody else for anything. Screenshots are left in status_page/ beside the
tests' programs."""

import subprocess
import unittest

import browser
from harness import BIN_DIR, StackTest, poll_until

browser.require()

SCREENSHOTS = BIN_DIR.parent / "status_page"
WELL = "No trouble"
TROUBLE = "1 of 2 sources have trouble"


class StatusPageTest(StackTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        SCREENSHOTS.mkdir(exist_ok=True)
        cls.browser = browser.Browser(cls.folder)
        cls._programs.callback(cls.browser.close)

    def setUp(self):
        self.sandbox.control("POST", "/v1/polysimulator/plug")
        self.read_anew()

    def read_anew(self) -> None:
        """Has both venues read, whether they can be or not."""
        subprocess.run([BIN_DIR / "balancectl", "get", "--max-age", "0s", "--server",
                        self.service.grpc_address], capture_output=True, check=False,
                       stdin=subprocess.DEVNULL)

    def unplug(self, tab: browser.Tab) -> None:
        """One venue is down, and the page says so by itself."""
        self.sandbox.control("POST", "/v1/polysimulator/unplug")
        self.read_anew()
        tab.wait_for(lambda: TROUBLE in tab.text(), "the page to show the venue that is down")

    def assert_clean(self, tab: browser.Tab) -> None:
        self.assertEqual([], tab.complaints())
        elsewhere = [url for url in tab.requested()
                     if not url.startswith((self.service.admin_url + "/", "data:"))]
        self.assertEqual([], elsewhere)

    def assert_fits(self, tab: browser.Tab) -> None:
        """Nothing sticks out at the side."""
        self.assertLessEqual(tab.evaluate("document.documentElement.scrollWidth"),
                             tab.evaluate("document.documentElement.clientWidth"))

    def test_it_renews_itself_and_shows_a_venue_that_is_down(self):
        tab = browser.Tab(self.browser)

        tab.open(self.service.admin_url + "/")

        self.assertIn("Balance service", tab.text())
        self.assertIn("accounts/default/sources/polysimulator", tab.text())
        tab.wait_for(lambda: WELL in tab.text(), "the page to show that all is well")
        self.assertEqual(2, tab.evaluate("document.querySelectorAll('svg.plot').length"))
        self.assertGreater(tab.evaluate("document.querySelectorAll('svg.plot path.line').length"), 1)
        tab.screenshot(SCREENSHOTS / "well.png")

        tab.evaluate("window.sameDocument = true")
        self.unplug(tab)

        self.assertIn("SOURCE_UNREACHABLE", tab.text())
        self.assertIn("asked again", tab.text())
        self.assertTrue(tab.evaluate("window.sameDocument"), "the page was loaded anew as a whole")
        self.assertTrue(tab.evaluate("document.title").startswith("(1) "))
        self.assert_fits(tab)
        tab.screenshot(SCREENSHOTS / "venue-down.png")
        self.assert_clean(tab)

    def test_it_is_readable_without_scripts_on_a_dark_phone(self):
        self.sandbox.control("POST", "/v1/polysimulator/unplug")
        self.read_anew()
        tab = browser.Tab(self.browser, width=390, height=844, dark=True, scripts=False)

        def is_shown():
            tab.open(self.service.admin_url + "/statusz")
            return TROUBLE in tab.text()
        poll_until(is_shown, "the page to show the venue that is down")

        for piece in ("SOURCE_UNREACHABLE", "asked again", "Reload the page", "CLOSED"):
            self.assertIn(piece, tab.text())
        self.assert_fits(tab)
        red, green, blue = map(int, tab.evaluate(
            "getComputedStyle(document.body).backgroundColor").strip("rgb()").split(","))
        self.assertLess(red + green + blue, 150, "the page is not dark")
        tab.screenshot(SCREENSHOTS / "phone-dark.png")
        self.assert_clean(tab)

    def test_what_was_searched_for_is_kept_while_it_renews_itself(self):
        tab = browser.Tab(self.browser, width=1000, height=700, dark=True)

        tab.open(self.service.admin_url + "/?find=polymarket")

        self.assertNotIn("sources/polysimulator", tab.text())
        time = tab.evaluate("document.querySelector('main').dataset.time")
        tab.wait_for(lambda: tab.evaluate("document.querySelector('main').dataset.time") != time,
                     "the page to renew itself")
        self.assertNotIn("sources/polysimulator", tab.text())
        self.assertIn("sources/polymarket-us", tab.text())
        self.assertEqual("polymarket", tab.evaluate("document.querySelector('input').value"))
        tab.screenshot(SCREENSHOTS / "wide-dark.png")
        self.assert_clean(tab)


if __name__ == "__main__":
    unittest.main(verbosity=2)
