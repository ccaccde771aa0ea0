"""The key an Addition carries in ConnectWise, by which we know it again (P44). Pure."""

from base64 import b32encode
from hashlib import sha256

PREFIX = "LB-"


def posting_key(*, seller_id: str, installation: str, line_id: str, removals: int) -> str:
    """At most 50 characters, the same after a rebuild of our database, another one after an undo.

    `removals` is how many Additions opened by this line were removed or ended since.
    """
    # People type ConnectWise's company id in either case: it is the same installation, and key.
    # A separator that stands in none of them: "1" + "23" and "12" + "3" are two keys.
    parts = "\x1f".join((seller_id, installation.lower(), line_id, str(removals)))
    digest = sha256(parts.encode()).digest()
    # 160 bits are 32 characters without padding: within serialNumber's 50, and never two alike.
    return PREFIX + b32encode(digest[:20]).decode()
