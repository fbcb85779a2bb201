#!/usr/bin/env python3
"""
peak.py MIB COMMAND...: runs it; fails if it does, or if its resident memory ever was above MIB. Says on stderr what it was.
"""

import resource
import subprocess
import sys

code = subprocess.run(sys.argv[2:], check=False).returncode
mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print("%.0f MiB of %s" % (mib, sys.argv[1]), file=sys.stderr)
if code:
    sys.exit("exit status %d" % code)
sys.exit(1 if mib > float(sys.argv[1]) else 0)
