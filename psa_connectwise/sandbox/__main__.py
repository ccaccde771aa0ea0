"""`python -m psa_connectwise.sandbox`: ConnectWise's stand-in as a process of its own."""

import sys
from argparse import ArgumentParser

from psa_connectwise.sandbox import mappings
from psa_connectwise.sandbox.server import Keys, start
from sandbox_kit.app import common_options, serve


def main() -> None:
    usual = Keys()
    parser = common_options(
        ArgumentParser(
            prog="python -m psa_connectwise.sandbox",
            description="A stand-in for ConnectWise PSA with invented companies, agreements and "
            "products. Its page with the Additions and the fault dial is at /.",
        )
    )
    parser.add_argument("--company-id", default=usual.company_id, help=f"({usual.company_id})")
    parser.add_argument("--public-key", default=usual.public, help=f"({usual.public})")
    parser.add_argument("--private-key", default=usual.private, help=f"({usual.private})")
    parser.add_argument("--client-id", default=usual.client_id, help=f"({usual.client_id})")
    parser.add_argument("--print-mappings", action="store_true",
                        help="print the intended mapping as CSV and end")  # fmt: skip
    options = parser.parse_args()
    if options.print_mappings:
        sys.stdout.write(mappings.as_csv())
        return
    keys = Keys(options.company_id, options.public_key, options.private_key, options.client_id)
    running = start(
        port=options.port,
        host=options.host,
        keys=keys,
        state_file=options.state_file,
        today=options.today,
        seed=options.seed,
    )
    serve(running, options, "ConnectWise")


if __name__ == "__main__":
    main()
