"""POSIX ACLs as the kernel writes them, and as text: "u7 U1000:6 g5 G20:4 m7 o1" (U, G: named users and groups)."""
import struct

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
TAGS = {"u": 1, "U": 2, "g": 4, "G": 8, "m": 16, "o": 32}
NAMES = {tag: name for name, tag in TAGS.items()}
NO_ID = 0xffffffff


def acl(text):
    """The attribute's bytes."""
    out = struct.pack("<I", 2)
    for entry in text.split():
        who, perm = entry[0], int(entry[-1])
        out += struct.pack("<HHI", TAGS[who], perm, int(entry[1:-2]) if who in "UG" else NO_ID)
    return out


def text(value):
    """What the bytes say."""
    entries = [struct.unpack_from("<HHI", value, at) for at in range(4, len(value), 8)]
    return " ".join(NAMES[tag] + (f"{who}:" if NAMES[tag] in "UG" else "") + str(perm) for tag, perm, who in entries)
