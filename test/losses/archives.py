"""Reads archives named on stdin with Python's own tarfile; answers what each holds, as one line of JSON."""
import hashlib
import json
import sys
import tarfile


def latin(text):
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def mark(archive, member):
    if member.issym():
        return "link " + latin(member.linkname)
    return "file " + hashlib.sha256(archive.extractfile(member).read()).hexdigest()


def held(path):
    found = {}
    try:
        with tarfile.open(path, encoding="utf-8", errors="surrogateescape") as archive:
            for member in archive:
                if member.isreg() or member.islnk() or member.issym():
                    found[latin(member.name)] = mark(archive, member)
    except Exception:  # damaged from here on: what was read before is held
        pass
    return found


for line in sys.stdin:
    # pairs, not an object: JSON.parse of Node 24.21 takes the key "\t" for "\\" after it met that one
    print(json.dumps(list(held(json.loads(line)).items())), flush=True)
