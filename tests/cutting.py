"""A network that breaks: a TCP proxy that cuts connections after so many bytes."""

import contextlib
import socket
import threading
import time


class CuttingProxy:
    """Passes bytes on to a port, and cuts the first `times` that pass `after` bytes.

    Bytes are counted on the way there; each cut begins the count anew. While it
    `is_hung`, nothing passes.
    """

    def __init__(self, target: int, after: int, times: int = 1) -> None:
        self._target = target
        self._after = after
        self._count = 0
        self._lock = threading.Lock()
        self.cuts_left = times
        self.cuts = 0
        self.is_hung = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            for source, target, is_there in (
                (client, server, True),
                (server, client, False),
            ):
                threading.Thread(
                    target=self._pass, args=(source, target, is_there), daemon=True
                ).start()

    def _pass(
        self, source: socket.socket, target: socket.socket, is_there: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_there and self._is_to_cut(len(data)):
                    break
                while self.is_hung:
                    time.sleep(0.05)
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _is_to_cut(self, size: int) -> bool:
        with self._lock:
            self._count += size
            if self.cuts_left and self._count > self._after:
                self._count = 0
                self.cuts_left -= 1
                self.cuts += 1
                return True
        return False

    def close(self) -> None:
        self._listening.close()
