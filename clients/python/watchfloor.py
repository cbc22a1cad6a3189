"""Tells watchfloor what this process is and what it is about to do.

One file, nothing but the standard library (Python 3.8 or newer): copy it into your project.

    watchfloor = Watchfloor(optional=True)
    watchfloor.register("acme/payments/billing-bot")
    watchfloor.declare("llm", host="api.openai.com", port=443)

What is said is about this process and its children; the kernel tells watchfloor which process that is. Every call is a
connection of its own, so that a child process never speaks with its parent's voice. Calls block for at most a second;
in asyncio, use ``await asyncio.to_thread(watchfloor.declare, ...)``. A client may be shared by threads.
"""

import contextlib
import json
import os
import socket
import threading
import time
from typing import Any, Dict, Iterator, NamedTuple, Optional

__all__ = ["DEFAULT_SOCKET", "Registered", "Watchfloor", "WatchfloorError"]

DEFAULT_SOCKET = "/run/watchfloor/governance.sock"

# Everything together: wait for a turn, connect, say, hear.
_TIMEOUT_S = 1.0
# Calls of one client that are under way at once; the others wait for their turn.
_MAX_CALLS = 8
_MAX_ANSWER_BYTES = 65536


class Registered(NamedTuple):
    id: str
    session: str


class WatchfloorError(Exception):
    """The only error a call ends with.

    ``code``: ``unavailable`` (no daemon is there, or it does not answer), ``refused`` (it said no, or this
    is nothing that can be said) or ``protocol`` (what answers is not watchfloor).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Watchfloor:
    """A client. Default of ``socket_path``: WATCHFLOOR_GOVERNANCE_SOCKET, or /run/watchfloor/governance.sock.

    ``optional``: nothing is raised; a call that failed gives None, and ``last_error`` says why.
    """

    def __init__(self, socket_path: Optional[str] = None, optional: bool = False) -> None:
        # An empty variable is one that is not set.
        self._path = socket_path or os.environ.get("WATCHFLOOR_GOVERNANCE_SOCKET") or DEFAULT_SOCKET
        self._optional = optional
        self._pid = os.getpid()
        self._turns = threading.Semaphore(_MAX_CALLS)
        self.last_error: Optional[WatchfloorError] = None

    def register(self, agent: str, name: Optional[str] = None) -> Optional[Registered]:
        """This process is the agent ``org/team/agent``. ``name``: what it is called in lists."""
        answer = self._try({"type": "register", "agent": agent, "name": name}, ("id", "session"))
        return None if answer is None else Registered(answer["id"], answer["session"])

    def declare(
        self,
        action: str,
        *,
        host: Optional[str] = None,
        port: Optional[int] = None,
        tool: Optional[str] = None,
        span: Optional[str] = None,
        valid_for_ms: Optional[int] = None,
    ) -> Optional[str]:
        """This process, or one it started, is about to do this. Gives the declaration's id.

        ``action``: ``exec``, ``connect``, ``llm`` or ``tool``. What is left out is not said, and then any value fits.
        ``span``: an id of your own, such as that of a trace. ``valid_for_ms``: from now on; 30,000 where it is not said,
        at most 3,600,000.
        """
        message = {"type": "declare", "action": action, "host": host, "port": port}
        message.update({"tool": tool, "span": span, "valid_for_ms": valid_for_ms})
        answer = self._try(message, ("id",))
        return None if answer is None else answer["id"]

    @contextlib.contextmanager
    def declared(self, action: str, **details: Any) -> Iterator[Optional[str]]:
        """Declares, and then does what is in the ``with`` block; arguments as of ``declare``.

        There is no end to declare: it holds for ``valid_for_ms``.
        """
        yield self.declare(action, **details)

    def _try(self, message: Dict[str, Any], keys: "tuple[str, ...]") -> Optional[Dict[str, Any]]:
        try:
            return self._say(message, keys)
        except WatchfloorError as error:
            self.last_error = error
        except (OSError, ValueError) as error:
            self.last_error = WatchfloorError("unavailable", f"watchfloor cannot be reached: {error}")
            self.last_error.__cause__ = error
        if self._optional:
            return None
        raise self.last_error

    def _say(self, message: Dict[str, Any], keys: "tuple[str, ...]") -> Dict[str, Any]:
        said = {key: value for key, value in message.items() if value is not None}
        line = _line({"v": 1, **said})
        deadline = time.monotonic() + _TIMEOUT_S
        turns = self._turns_of_this_process()
        if not turns.acquire(timeout=_TIMEOUT_S):
            raise WatchfloorError("unavailable", "too many calls at once")
        try:
            answer = _parse(_exchange(self._path, line, deadline))
        finally:
            turns.release()
        if answer.get("ok") is True and all(isinstance(answer.get(key), str) for key in keys):
            return answer
        if answer.get("ok") is False and isinstance(answer.get("error"), str):
            raise WatchfloorError("refused", answer["error"])
        raise WatchfloorError("protocol", "what answers is not watchfloor")

    def _turns_of_this_process(self) -> threading.Semaphore:
        # After a fork the threads that hold turns are the parent's.
        if self._pid != os.getpid():
            self._pid, self._turns = os.getpid(), threading.Semaphore(_MAX_CALLS)
        return self._turns


def _line(message: Dict[str, Any]) -> bytes:
    try:
        return json.dumps(message).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise WatchfloorError("refused", "this cannot be said in JSON") from error


def _exchange(path: str, line: bytes, deadline: float) -> bytes:
    """One line there, one line back."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        _bound(connection, deadline)
        connection.connect(path)
        connection.sendall(line)
        answer = b""
        while b"\n" not in answer:
            if len(answer) > _MAX_ANSWER_BYTES:
                raise WatchfloorError("protocol", "the answer is too long")
            _bound(connection, deadline)
            chunk = connection.recv(4096)
            if not chunk:
                raise WatchfloorError("unavailable", "the connection was closed without an answer")
            answer += chunk
        return answer.split(b"\n", 1)[0]


def _bound(connection: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise WatchfloorError("unavailable", "no answer within %d ms" % (_TIMEOUT_S * 1000))
    connection.settimeout(left)


def _parse(line: bytes) -> Dict[str, Any]:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WatchfloorError("protocol", "what answers is not watchfloor") from error
    return answer if isinstance(answer, dict) else {}
