"""Paths as bytes, also longer than PATH_MAX: reached by open directories, and through no link."""
import os
from contextlib import contextmanager

LONGEST = 3500


@contextmanager
def reached(path):
    """A name by which the system takes `path`."""
    opened = []
    try:
        while len(path) > LONGEST:
            cut = path.rindex(b"/", 0, LONGEST)
            if not is_straight(path[:cut]):
                raise OSError("a link is on the way")
            opened.append(os.open(path[:cut], os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW))
            path = b"/proc/self/fd/%d%s" % (opened[-1], path[cut:])
        if not is_straight(os.path.dirname(path)):
            raise OSError("a link is on the way")
        yield path
    finally:
        for fd in opened:
            os.close(fd)


def is_straight(directory):
    """`/proc/self/fd/N` is a directory that was opened through no link."""
    parts = directory.split(b"/")
    start = 5 if directory.startswith(b"/proc/self/fd/") else 1
    return not any(os.path.islink(b"/".join(parts[:n])) for n in range(start + 1, len(parts) + 1))


def opened(path, flags):
    """Waits for no FIFO."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
