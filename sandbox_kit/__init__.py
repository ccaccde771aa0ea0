"""What the two stand-in servers share: the tables of the invented reseller, a small loopback
HTTP server, the fault dial and a journal. A stranger to the product: standard library only."""
