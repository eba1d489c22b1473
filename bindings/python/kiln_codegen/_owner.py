"""Objects that can be closed."""
from typing import Optional, TypeVar

O = TypeVar('O', bound='Owner')


class Owner:
    """An object of the library that close() frees, at the end of a `with`, or when nothing refers to it any more."""
    _handle: Optional[int] = None

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: O) -> O:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._handle is not None:
            self.close()
