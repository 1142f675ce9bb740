/** For Python's standard library, and `age` where the copies are encrypted. */
export const RESTORE_PY = String.raw`#!/usr/bin/env python3
"""python3 restore.py RECIPE OUT [KEY]: puts an archive together from its packs (see readme.txt)."""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

PACK = re.compile(r"# pack (\d+) ([0-9a-f]{64}) \d+ \d+")
SPAN = re.compile(r"(\d+) (\d+) (\d+)")
PIECE = 1 << 20


def plain(path, key, out):
    """Writes what is in an object to the open file out."""
    if not path.endswith(".age"):
        with open(path, "rb") as file:
            shutil.copyfileobj(file, out, PIECE)
    else:
        subprocess.run(["age", "-d", "-i", key, path], stdout=out, check=True)


def object_of(store, pack):
    found = glob.glob(os.path.join(glob.escape(store), "packs", pack[:2], pack + ".pack*"))
    if len(found) != 1:
        sys.exit("the pack %s is missing" % pack)
    return found[0]


def join(lines, packs, out):
    """Writes the spans that the recipe names; answers the SHA-256 of all of them."""
    digest = hashlib.sha256()
    for number, offset, length in (map(int, SPAN.fullmatch(line).groups()) for line in lines if SPAN.fullmatch(line)):
        packs[number].seek(offset)
        for start in range(0, length, PIECE):
            piece = packs[number].read(min(PIECE, length - start))
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def restore(recipe, target, key=None):
    store = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(target))) as work:
        with open(os.path.join(work, "recipe"), "wb") as out:
            plain(recipe, key, out)
        with open(os.path.join(work, "recipe"), encoding="utf-8") as file:
            lines = file.read().split("\n")
        packs = {}
        for number, pack in (PACK.fullmatch(line).groups() for line in lines if PACK.fullmatch(line)):
            packs[int(number)] = open(os.path.join(work, number), "w+b")
            plain(object_of(store, pack), key, packs[int(number)])
        with open(os.path.join(work, "out"), "wb") as out:
            found = join(lines, packs, out)
        if "# sha256 " + found not in lines:
            sys.exit("%s: not the archive of its recipe" % target)
        os.rename(os.path.join(work, "out"), target)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    restore(*sys.argv[1:])
`;
