"""What the tests share."""
from typing import Any, Callable, Iterator, Optional, Sequence

import pytest

from kiln_codegen import Kernel, Module, Type


@pytest.fixture
def module() -> Iterator[Module]:
    with Module('test') as m:
        yield m


@pytest.fixture
def build(module: Module) -> Callable[..., Kernel]:
    """build(params, result, body): the kernel of a function whose body is made by body(f, *params); what it gives is
    returned."""
    def make(params: Sequence[Type], result: Optional[Type], body: Any) -> Kernel:
        with module.function('f', params, result) as f:
            out = body(f, *f.params)
            if not f.current.ended:
                f.ret(out)
        return module.jit()['f']
    return make
