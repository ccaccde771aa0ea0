"""The soak: months of an invented reseller, played under faults, judged by ConnectWise's own ledger.

`make soak SEEDS=n` plays n seeds; `docs/posting.md` names the boundaries that each must survive.
"""
