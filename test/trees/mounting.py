"""Mounts, by names as bytes."""
import os
import re
import subprocess

MOUNTINFO = "/proc/self/mountinfo"


def mount(*words):
    done = subprocess.run([b"mount", *words], capture_output=True)
    if done.returncode != 0:
        raise OSError(done.stderr.decode(errors="replace").strip())


def mounts(base):
    """Below `base`, innermost first."""
    with open(MOUNTINFO, "rb") as info:
        places = [unescaped(line.split(b" ")[4]) for line in info]
    return [place for place in reversed(places) if place.startswith(base.encode() + b"/")]


def unescaped(text):
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), text)


def unmount_all(base):
    for place in mounts(base):
        subprocess.run([b"umount", b"-l", place], check=True)
