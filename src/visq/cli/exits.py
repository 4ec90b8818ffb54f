"""What the exit code of a command says. Scripts may rely on these numbers."""

from __future__ import annotations

OK = 0
SOME_FAILED = 1
USAGE = 2
GATE_FAILED = 3
INTERRUPTED = 130
TERMINATED = 143

EPILOG = """\b
Exit codes:
  0    every input was scored and every gate passed
  1    some inputs were not scored (error rows, no partner), or the run could not be finished
  2    wrong usage: nothing was scored
  3    a gate (--fail-under) failed, whatever else failed
  130  interrupted by Ctrl-C; 143 by SIGTERM. What was scored is kept.
"""

#: Of commands that make pictures.
MAKERS_EPILOG = """\b
Exit codes:
  0    every picture was made
  1    some could not be made (rows with an error), or the run could not be finished
  2    wrong usage: nothing was made
  130  interrupted by Ctrl-C; 143 by SIGTERM. What was made is kept.
"""
