"""An append-only file of JSON lines: a header, then one line per change. A restart reads it again."""

import os
import threading
from pathlib import Path
from typing import Any

from sandbox_kit import exact_json

Entry = dict[str, Any]


class Journal:
    """Each append is one write to the operating system, so a killed process loses nothing it answered."""

    def __init__(self, path: Path | None, header: Entry) -> None:
        self._path = path
        self._lock = threading.Lock()
        kept, self.entries = self._read() if path and path.exists() else (None, [])
        self.header: Entry = kept or header
        if kept is None:
            self.restart()
        self._file = self._open()

    def _open(self) -> Any:
        return self._path.open("ab", buffering=0) if self._path else None

    def _read(self) -> tuple[Entry | None, list[Entry]]:
        """The entries up to the first torn line: a kill in the middle of a write leaves one."""
        assert self._path is not None
        whole, entries = 0, []
        for line in self._path.read_bytes().splitlines(keepends=True):
            try:
                entries.append(exact_json.loads(line))
            except ValueError:
                break
            if not line.endswith(b"\n"):
                entries.pop()
                break
            whole += len(line)
        os.truncate(self._path, whole)
        return (entries[0], entries[1:]) if entries else (None, [])

    def append(self, entry: Entry) -> None:
        """One more line, if there is a file at all."""
        if self._file:
            with self._lock:
                self._file.write(exact_json.dump_bytes(entry) + b"\n")

    def restart(self) -> None:
        """Forget every entry, keep the header; the new file replaces the old one in one step."""
        self.entries = []
        if not self._path:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(self._path.name + ".new")
        new.write_bytes(exact_json.dump_bytes(self.header) + b"\n")
        with self._lock:
            new.replace(self._path)
            if getattr(self, "_file", None):
                self._file.close()
                self._file = self._open()

    def close(self) -> None:
        """Write no more; a second call does nothing."""
        if self._file:
            with self._lock:
                self._file.close()
                self._file = None
