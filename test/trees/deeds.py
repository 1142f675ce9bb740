"""What is done to a tree: one function a deed, each with a path as bytes that the system takes."""
import hashlib
import os
import shutil
import socket
import sqlite3
import stat

from far import opened, reached
from mounting import mount, mounts

CHUNK = 1 << 16


def content(size, seed, kind):
    """Repeatable bytes: `noise` no codec makes smaller, `text` they do."""
    if kind == "zeros":
        return bytes(size)
    block = hashlib.shake_128(seed.encode()).digest(min(size, CHUNK if kind == "noise" else 61))
    if kind == "noise" and size > CHUNK:
        return hashlib.shake_128(seed.encode()).digest(size)
    return (block * (size // max(len(block), 1) + 1))[:size]


def file(path, size, seed, kind, data=None):
    """`data`: where something is written; all else are holes. Without it all is."""
    with open(path, "wb", opener=opened) as out:
        if data is None:
            out.write(content(size, seed, kind))
        out.truncate(size)
        for offset, length in data or []:
            out.seek(offset)
            out.write(content(length, f"{seed}{offset}", kind))


def directory(path, many=0):
    os.mkdir(path)
    for n in range(many):
        with open(path + b"/%d" % n, "wb") as out:
            out.write(b"%d" % n)


def deep(path, name, levels):
    """`levels` more directories below each other, and a file in the last."""
    os.mkdir(path)
    here = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    for _ in range(levels):
        os.mkdir(name.encode("latin1"), dir_fd=here)
        below = os.open(name.encode("latin1"), os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    end = os.open("end", os.O_WRONLY | os.O_CREAT, dir_fd=here)
    os.write(end, b"the deepest")
    os.close(end)
    os.close(here)


def symlink(path, target):
    os.symlink(target.encode("latin1"), path)


def hardlink(path, target):
    with reached(target.encode("latin1")) as other:
        os.link(other, path, follow_symlinks=False)


def fifo(path):
    os.mkfifo(path)


def device(path):
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))


def sock(path):
    parent, name = os.path.split(path)
    here = os.open(parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(b"/proc/self/fd/%d/%s" % (here, name))
    os.close(here)


def database(path, rows, mode, seed):
    """As a crash leaves it with mode `wal`: the log is not yet in it."""
    scratch = path + b"~"
    connection = sqlite3.connect(os.fsdecode(scratch), isolation_level=None)
    connection.execute(f"PRAGMA journal_mode={mode}")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE things (seed TEXT, n INTEGER)")
    connection.executemany("INSERT INTO things VALUES (?, ?)", [(seed, n) for n in range(rows)])
    for suffix in (b"", b"-wal"):
        if os.path.exists(scratch + suffix) and not os.path.lexists(path + suffix):
            shutil.copyfile(scratch + suffix, path + suffix)
    connection.close()
    for suffix in (b"", b"-wal", b"-shm", b"-journal"):
        if os.path.exists(scratch + suffix):
            os.unlink(scratch + suffix)


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def rename(path, to):
    with reached(to.encode("latin1")) as other:
        os.rename(path, other)


def append(path, seed):
    with open(path, "ab", opener=opened) as out:
        out.write(seed.encode())


def patch(path, offset, seed):
    with open(path, "r+b", opener=opened) as out:
        out.seek(offset)
        out.write(seed.encode())


def truncate(path, size):
    with open(path, "r+b", opener=opened) as out:
        out.truncate(size)


def chmod(path, mode):
    if not os.path.islink(path):
        os.chmod(path, mode)


def chown(path, uid, gid):
    os.chown(path, uid, gid, follow_symlinks=False)


def utime(path, ns):
    os.utime(path, ns=(int(ns), int(ns)), follow_symlinks=False)


def overlay(path, base):
    """The directory under itself: what is in it can be written and removed, but no directory of it renamed."""
    layers = [os.path.join(base.encode(), b"layers", b"%d" % len(mounts(base)), name) for name in (b"upper", b"work")]
    for layer in layers:
        os.makedirs(layer)
    mount(b"-t", b"overlay", b"overlay", b"-o", b"lowerdir=%s,upperdir=%s,workdir=%s" % (path, *layers), path)


def bind(path, source=None, options="rw"):
    """Without a source: over itself, so that it cannot be renamed."""
    mount(b"--bind", path if source is None else source.encode("latin1"), path)
    if options == "ro":
        mount(b"-o", b"remount,bind,ro", path)


DEEDS = {
    one.__name__: one
    for one in [file, directory, deep, symlink, hardlink, fifo, device, sock, database]
    + [remove, rename, append, patch, truncate, chmod, chown, utime, overlay, bind]
}


def do(deeds):
    """Answers which of them could not be done, and why."""
    failed = []
    for n, (name, path, rest) in enumerate(deeds):
        try:
            with reached(path.encode("latin1")) as place:
                DEEDS[name](place, **rest)
        except (OSError, sqlite3.Error) as error:
            failed.append([n, str(error)[:80]])
    return failed
