"""A worker in a process of its own, made to be killed: `python -m tests.soak.worker LANE`.

What Celery would deliver it takes from the database itself, over and over.
"""

import os
import sys
import time

import django


def main(lane: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")
    django.setup()
    from invoices.sync import lanes, run

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        live = run.live_run()
        if live and run.plan_if_needed(live.pk, live.epoch):
            lanes.work_lane(live.pk, live.epoch, lane, seconds=5, hands=lanes.HANDS)
        lanes.sweep_or_log()
        time.sleep(0.02)


if __name__ == "__main__":
    main(int(sys.argv[1]))
