"""Values of Rust as `{:?}` prints them, in gdb: `source` this file, or do so in ~/.gdbinit. docs/showing-values.md."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kiln_show.in_gdb  # noqa: E402,F401
import kiln_show.polls  # noqa: E402,F401
