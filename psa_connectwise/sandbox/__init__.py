"""A stand-in for ConnectWise PSA: speaks its wire and keeps its rules, over an invented reseller's data.

Run it by `python -m psa_connectwise.sandbox`, or in a test by `with start(today=…) as connectwise:`.
"""

from psa_connectwise.sandbox.server import ConnectWiseStandIn, Keys, start

__all__ = ["ConnectWiseStandIn", "Keys", "start"]
