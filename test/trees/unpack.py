"""Python's own tarfile takes an archive apart, as its users would."""
import tarfile

# Python before 3.11.4 has no filters, and trusts.
TRUSTED = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}


def unpack(archive, to):
    with tarfile.open(archive, encoding="utf-8", errors="surrogateescape") as opened:
        opened.extractall(to, numeric_owner=True, **TRUSTED)
    return True
