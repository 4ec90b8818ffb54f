"""What the workers of test_crew.py do: imported in their processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def prepare(config):
    if config.get("broken"):
        raise RuntimeError("no such library")
    if config.get("dies"):
        os._exit(7)

    def work(task):
        match task["do"]:
            case "double":
                return {"value": 2 * task["value"], "worker": os.getpid(), "threads": os.environ["VISQ_THREADS"]}
            case "print":
                print("noise on standard output")
                return {}
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "die once":
                mark = Path(task["mark"])
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                return {"value": "second time"}
            case "raise":
                raise ValueError("a mistake of the program")
            case "hang":
                time.sleep(60)
        return {}

    return work
