"""The programs of README.md and docs/python.md do what their comments say."""
import re
from pathlib import Path
from typing import Any, Dict

import pytest

PYTHON = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize('page', [PYTHON / 'README.md', PYTHON.parent / 'docs/python.md'], ids=lambda p: p.name)
def test_page(page: Path) -> None:
    pytest.importorskip('numpy')
    said = 0

    def check(value: Any, want: str) -> None:
        nonlocal said
        said += 1
        assert str(value) == want
    scope: Dict[str, Any] = {'check': check}
    for block in re.findall(r'(?ms)^```python\n(.*?)^```', page.read_text(encoding='utf-8')):
        exec(re.sub(r'(?m)^( *)print\((.*)\) {2,}# (.*)$', lambda m: f'{m[1]}check({m[2]}, {m[3]!r})', block), scope)
    assert said > 0
