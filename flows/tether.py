"""Run a module as a child that does not outlive its parent.

`python -m flows.tether PID MODULE ARGS...` is `python -m MODULE ARGS...`, ended when the process
PID, which must have started it, has gone: also when that one was killed and could end nothing.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

LOOK_SECONDS = 0.5
GRACE_SECONDS = 5.0


def command(module: str, *args: str) -> list[str]:
    """Give the command that runs `module` tethered to this process."""
    return [sys.executable, "-m", "flows.tether", str(os.getpid()), module, *args]


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    parent, module = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
