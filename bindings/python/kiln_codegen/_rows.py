"""What the builder knows of an IR operation from its row in Kiln's table."""
from typing import NamedTuple


class Row(NamedTuple):
    """An operation."""
    name: str    # in the text form
    op: int      # kiln_op
    types: str   # what its type may be: INT, FLT, ... as <kiln/ops.def> says
    ends: bool   # it ends a block
