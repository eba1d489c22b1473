"""Values of Rust as `{:?}` prints them, in lldb: `command script import` this file, or do so in ~/.lldbinit.
docs/showing-values.md."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kiln_show import in_lldb, step_lldb  # noqa: E402
from kiln_show.in_lldb import recognizes, summary  # noqa: E402,F401
from kiln_show.step_lldb import step  # noqa: E402,F401


def __lldb_init_module(debugger, _):
    in_lldb.install(debugger, __name__)
    step_lldb.install(debugger, __name__)
