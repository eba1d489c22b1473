"""Values of Rust as `{:?}` prints them, in lldb: `command script import` this file, or do so in ~/.lldbinit.
docs/showing-values.md."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kiln_show.in_lldb import install, recognizes, summary  # noqa: E402,F401


def __lldb_init_module(debugger, _):
    install(debugger, __name__)
