"""Makes, changes and looks at trees: a line of JSON on stdin, `[verb, …arguments]`, a line for an answer."""
import json
import os
import shutil
import stat
import sys

from deeds import do
from far import reached
from mounting import unmount_all
from picture import look, picture
from unpack import unpack


def clear(base):
    unmount_all(base)
    shutil.rmtree(os.fsencode(base))


def own(roots, uid):
    """With all below. What is his already keeps its bits: a chown clears setuid."""
    for root in roots:
        pending = [root.encode("latin1")]
        while pending:
            path = pending.pop()
            with reached(path) as place:
                seen = os.lstat(place)
                if seen.st_uid != uid or seen.st_gid != uid:
                    os.lchown(place, uid, uid)
                if stat.S_ISDIR(seen.st_mode):
                    pending += [path + b"/" + name for name in os.listdir(place)]


VERBS = {"do": do, "picture": picture, "look": lambda path: look(path.encode("latin1")), "unpack": unpack}
VERBS |= {"clear": clear, "own": own}

os.umask(0o022)
for line in sys.stdin:
    verb, *arguments = json.loads(line)
    try:
        print(json.dumps({"done": VERBS[verb](*arguments)}), flush=True)
    except Exception as error:
        print(json.dumps({"failed": f"{verb}: {type(error).__name__}: {error}"}), flush=True)
