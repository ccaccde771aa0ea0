"""`python -m platform_client.sandbox`: the Platform's stand-in as a process of its own."""

from argparse import ArgumentParser

from platform_client.sandbox.server import start
from sandbox_kit.app import common_options, serve


def main() -> None:
    parser = common_options(
        ArgumentParser(
            prog="python -m platform_client.sandbox",
            description="A stand-in for the commerce Platform with three months of invented invoice "
            "lines. Its page with the fault dial is at /.",
        )
    )
    parser.add_argument("--api-key", default="sandbox-key", help="the key it accepts (sandbox-key)")
    parser.add_argument("--lines", type=int, help="lines in each month (default: about 350)")
    options = parser.parse_args()
    running = start(
        port=options.port,
        host=options.host,
        api_key=options.api_key,
        state_file=options.state_file,
        today=options.today,
        seed=options.seed,
        lines=options.lines,
    )
    serve(running, options, "Platform")


if __name__ == "__main__":
    main()
