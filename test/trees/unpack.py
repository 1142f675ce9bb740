"""Python's own tarfile takes an archive apart, as its users would."""
import tarfile


def unpack(archive, to):
    with tarfile.open(archive, encoding="utf-8", errors="surrogateescape") as opened:
        opened.extractall(to, filter="fully_trusted", numeric_owner=True)
    return True
