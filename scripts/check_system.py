"""List every missing system library and program, and how to install it (set-up calls this)."""

import sys

from talkface.preflight.system import main

sys.exit(main())
