"""Objects that can be closed, and what keeps code from being freed while it runs."""
import threading
from typing import List, NoReturn, Optional, Set, TypeVar
from weakref import WeakSet

from ._errors import Error

O = TypeVar('O', bound='Owner')


class Unique:
    """An object that cannot be copied or pickled, because it stands for something of the library."""

    def __copy__(self) -> NoReturn:
        raise TypeError(f'{type(self).__name__} objects cannot be copied')

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(f'{type(self).__name__} objects cannot be copied')

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f'{type(self).__name__} objects cannot be pickled')


class Owner(Unique):
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


class Running:
    """The calls that are in a JIT's code. From one unit a call can reach any other, so all units of a JIT share one
    object. `users` are those of JITs whose code may call this JIT's.

    A call is `calls.append(None)`, then a look at `stopped`, and at the end `calls.pop()`. These are atomic; only
    who finds `stopped` set takes the lock, and so waits for the thread that removes something."""

    def __init__(self) -> None:
        self.calls: List[None] = []
        self.stopped = False
        self.users: 'WeakSet[Running]' = WeakSet()
        self.lock = threading.RLock()  # of calls of the library that need the JIT
        self._stopped: 'List[Running]' = []

    def begin(self) -> None:
        """Begins a call."""
        self.calls.append(None)
        if self.stopped:
            self.calls.pop()
            with self.lock:  # the thread that has it goes on: it runs destructors
                self.calls.append(None)

    def end(self) -> None:
        self.calls.pop()

    def _all(self) -> 'Set[Running]':
        found, later = {self}, [self]
        while later:
            more = set(later.pop().users) - found
            found |= more
            later += more
        return found

    def stop(self) -> None:
        """Makes other threads wait before they begin a call. Raises an error if there are calls."""
        every = sorted(self._all(), key=id)
        for r in every:
            r.lock.acquire()
        before = [r.stopped for r in every]
        for r in every:
            r.stopped = True
        if any(before) or any(r.calls for r in every):
            for r, was in zip(every, before):
                r.stopped = was
                r.lock.release()
            raise Error('code of the JIT is running')
        self._stopped = every

    def go_on(self) -> None:
        """Ends what stop() began."""
        every, self._stopped = self._stopped, []
        for r in every:
            r.stopped = False
            r.lock.release()
