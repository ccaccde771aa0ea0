"""What this computer has or can be given: Debian packages as root, a Chromium for the tests."""

import os
import shutil
import socket
import urllib.error
import urllib.request
from pathlib import Path

from integration.launch.processes import run_tool
from integration.launch.state import LaunchError

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
PLAYWRIGHT_PATTERNS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
NO_CHROMIUM = (
    "The browser tests need a Chromium, and none was found or could be installed.\n"
    "Install one (Debian: apt-get install chromium), or set CHROMIUM to its program."
)


def has_command(name: str) -> bool:
    return shutil.which(name) is not None


def apt_install(*packages: str) -> bool:
    """Installs on Debian as root; False where that can't be done."""
    if os.geteuid() or not has_command("apt-get") or not Path("/etc/debian_version").exists():
        return False
    print(f"Installing {', '.join(packages)} …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        command = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", *step]
        failed = run_tool(command, environment)
    return not failed


def find_chromium() -> Path | None:
    """CHROMIUM, then the system's, then Playwright's own newest."""
    given = os.environ.get("CHROMIUM")
    if given:
        if shutil.which(given) is None:
            raise LaunchError(f"CHROMIUM names no program: {given}")
        return Path(given)
    system = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if system:
        return Path(system)
    return MAC_CHROME if MAC_CHROME.exists() else playwright_chromium()


def playwright_chromium() -> Path | None:
    """The newest of those that Playwright has fetched for this account."""
    cache = Path.home() / ("Library/Caches" if MAC_CHROME.parents[3].exists() else ".cache")
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or cache / "ms-playwright")
    found = [path for pattern in PLAYWRIGHT_PATTERNS for path in folder.glob(pattern)]
    return max(found, default=None)


def ensure_chromium(python: Path) -> Path:
    """A Chromium's path, installing one where none is; never None, so no test is skipped."""
    if found := find_chromium():
        return found
    if not apt_install("chromium", "fonts-liberation"):
        print("Fetching Playwright's Chromium …", flush=True)
        run_tool([str(python), "-m", "playwright", "install", "chromium"])
    if found := find_chromium():
        return found
    raise LaunchError(NO_CHROMIUM)


def is_free(port: int) -> bool:
    """Whether nobody on this computer holds the port, on loopback or on every address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as server:
        # As the servers do: a port that was closed a moment ago counts as free.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(preferred: int = 0, *, tries: int = 100) -> int:
    """The preferred port or the next free one after it; 0 prefers none."""
    for port in range(preferred, preferred + tries) if preferred else ():
        if is_free(port):
            return port
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    return int(port)


def answers(url: str) -> bool:
    """Whether a web server is there that can serve pages, whatever it says about this one."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return error.code < 500
    except OSError:
        return False
