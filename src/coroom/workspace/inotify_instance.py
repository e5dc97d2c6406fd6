"""The one inotify instance of a process: all its watchers share it, since a user has only some 128 of them.

The kernel knows a directory by its inode: two watchers of one directory share a watch, and each gets its events.

Source: inotify(7).
"""

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from inotify_simple import Event, INotify, flags, parse_events

WAITING_MAX = 50_000
"""Events kept for a watcher that does not ask for them; past that it is told that its queue overflowed."""

_TAKE_MAX = 2_000
"""Events handed over at a time: taking them must not hold the caller's loop for longer than 30 ms."""

_READ_BYTES = 1 << 16

_GATHER_MS = 1
"""Events come in bursts, and the kernel folds like ones together that nobody has read yet."""

_OVERFLOW = Event(-1, flags.Q_OVERFLOW, 0, "")


class Instance:
    """Hands each watcher the events of its own watches. May be used from any thread.

    The thread that waits for the kernel begins with the first `listen`; without it, events are fetched when they are
    asked for.
    """

    def __init__(self, inotify: INotify | None = None) -> None:
        """Take an instance from the system, or `inotify`.

        Raises:
            OSError: the system has no inotify instance left for this user.
        """
        self._inotify = INotify(nonblocking=True) if inotify is None else inotify
        self._lock = threading.RLock()
        self._ears: set[Ear] = set()
        self._by_watch: dict[int, set[Ear]] = {}
        self._thread: threading.Thread | None = None
        self._ended = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_closed = False

    @property
    def ears(self) -> int:
        """How many watchers share the instance."""
        return len(self._ears)

    def ear(self) -> "Ear | None":
        """A watcher's own part of the instance, to be closed when it watches no more; None: its last one was closed."""
        with self._lock:
            if self._is_closed:
                return None
            ear = Ear(self)
            self._ears.add(ear)
            return ear

    def add_watch(self, ear: "Ear", path: str, mask: int) -> int:
        """Watch a directory for `ear`; see inotify_add_watch(2)."""
        # No event of the new watch may be handed round before it is known whose it is.
        with self._lock:
            watch = int(self._inotify.add_watch(path, mask))
            self._by_watch.setdefault(watch, set()).add(ear)
        return watch

    def remove_watch(self, ear: "Ear", watch: int) -> None:
        """Watch no more for `ear`; the others that watch the same directory go on."""
        with self._lock:
            others = self._by_watch.get(watch)
            if others is None or ear not in others:
                return
            others.discard(ear)
            if not others:
                del self._by_watch[watch]
                with suppress(OSError):
                    self._inotify.rm_watch(watch)

    def fetch(self, timeout_ms: int) -> bool:
        """Hand round what the kernel has, waiting for it at most so long. Returns whether there was anything."""
        if not _readable(int(self._inotify.fileno()), timeout_ms):
            return False
        with self._lock:
            if self._is_closed:
                return False
            try:
                data = os.read(int(self._inotify.fileno()), _READ_BYTES)
            except BlockingIOError:
                # Another thread has handed it round meanwhile.
                return True
            rings = self._hand_round(list(parse_events(data)))
        for ring in rings:
            ring()
        return True

    def _hand_round(self, events: list[Event]) -> list[Callable[[], None]]:
        rung: dict[Ear, None] = {}
        for event in events:
            # Told to all: whose events were lost is not known.
            ears = self._ears if event.mask & flags.Q_OVERFLOW else self._by_watch.get(event.wd, ())
            for ear in tuple(ears):
                if ear.hears(event):
                    rung[ear] = None
            if event.mask & flags.IGNORED:
                self._by_watch.pop(event.wd, None)
        return [ear.ring for ear in rung if ear.ring]

    def listen(self) -> None:
        """Fetch by a thread from now on, so that ears are rung when something happens."""
        with self._lock:
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._fetch_forever, name="coroom-inotify", daemon=True)
                self._thread.start()

    def _fetch_forever(self) -> None:
        poll = select.poll()
        poll.register(int(self._inotify.fileno()), select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        while not any(descriptor == self._ended for descriptor, _ in poll.poll()):
            if not _readable(self._ended, _GATHER_MS):
                self.fetch(0)

    def leave(self, ear: "Ear") -> None:
        """The ear is closed. The last one closes the instance."""
        with self._lock:
            self._ears.discard(ear)
            for watch in [watch for watch, ears in self._by_watch.items() if ear in ears]:
                self.remove_watch(ear, watch)
            if self._ears or self._is_closed:
                return
            self._is_closed = True
        os.eventfd_write(self._ended, 1)
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join()
        self._inotify.close()
        os.close(self._ended)

    def take_from(self, waiting: deque[Event]) -> list[Event]:
        """A portion of what waits, oldest first."""
        with self._lock:
            return [waiting.popleft() for _ in range(min(_TAKE_MAX, len(waiting)))]


class Ear:
    """One watcher's part of the instance: its watches, and the events of them that it has not taken yet."""

    def __init__(self, instance: Instance) -> None:
        """Made by `Instance.ear`."""
        self._instance = instance
        self._waiting: deque[Event] = deque()
        self.ring: Callable[[], None] | None = None
        """Called, from any thread, when events begin to wait; set by who listens."""

    def add_watch(self, path: str, mask: int) -> int:
        """See `Instance.add_watch`."""
        return self._instance.add_watch(self, path, mask)

    def remove_watch(self, watch: int) -> None:
        """See `Instance.remove_watch`."""
        self._instance.remove_watch(self, watch)

    def listen(self, ring: Callable[[], None]) -> None:
        """Call `ring`, from any thread, when events begin to wait."""
        self.ring = ring
        self._instance.listen()
        if self._waiting:
            ring()

    def hears(self, event: Event) -> bool:
        """Keep the event until it is taken. Returns whether it is the first that waits."""
        first = not self._waiting
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.clear()
            event = _OVERFLOW
        self._waiting.append(event)
        return first

    def waiting(self) -> int:
        """How many events wait to be taken, at least."""
        self._instance.fetch(0)
        return len(self._waiting)

    def take(self, timeout_ms: int = 0) -> list[Event]:
        """The oldest events that wait, a portion of them; none after waiting for so long."""
        self._instance.fetch(0 if self._waiting else timeout_ms)
        return self._instance.take_from(self._waiting)

    def close(self) -> None:
        """Give back all watches; a second call does nothing."""
        self.ring = None
        self._waiting.clear()
        self._instance.leave(self)


_sharing = threading.Lock()
_shared: list[Instance] = []


def shared_ear() -> Ear:
    """A part of the process's own instance, which is taken when the first asks and given back with the last.

    Raises:
        OSError: the system has no inotify instance left for this user.
    """
    with _sharing:
        ear = _shared[0].ear() if _shared else None
        if ear is None:
            _shared[:] = [Instance()]
            ear = _shared[0].ear()
        assert ear
        return ear


def _readable(descriptor: int, timeout_ms: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_ms))
