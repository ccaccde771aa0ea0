"""Another client of the same ConnectWise: a second installation with keys of its own."""

import json
from base64 import b64encode
from email.message import Message

from psa_connectwise.sandbox import Keys
from sandbox_kit.http import Request


def post_addition(agreement: int, key: str) -> Request:
    """A new Addition that isn't ours; its key looks like ours, or it has none."""
    keys = Keys()
    token = b64encode(f"{keys.company_id}+{keys.public}:{keys.private}".encode()).decode()
    headers = Message()
    headers["Authorization"] = f"Basic {token}"
    headers["clientId"] = keys.client_id
    headers["Content-Type"] = "application/json"
    body = {
        "product": {"id": 600},
        "quantity": 5,
        "unitPrice": 3,
        "unitCost": 2,
        "billCustomer": "Billable",
        "effectiveDate": "2026-05-01T00:00:00Z",
        "serialNumber": key,
    }
    path = f"/v2026_4/apis/3.0/finance/agreements/{agreement}/additions"
    return Request("POST", path, {}, headers, json.dumps(body).encode(), path)
