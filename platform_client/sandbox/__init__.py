"""A stand-in for the commerce Platform: speaks its contract exactly, over an invented reseller's data.

Run it by `python -m platform_client.sandbox`, or in a test by `with start(today=…) as platform:`.
"""

from platform_client.sandbox.server import PlatformStandIn, start

__all__ = ["PlatformStandIn", "start"]
