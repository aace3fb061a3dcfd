// A real browser for the tests.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** Why there is no browser to test with; false if there is one. */
export const noBrowser = executablePath ? false : "there is no Chromium: install the package chromium";

const args = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
  "--disable-features=LocalNetworkAccessChecks", // Pages that a test makes up count as public ones, and the host as a private one.
];

export const launch = (...more) => chromium.launch({ executablePath, args: [...args, ...more] });
