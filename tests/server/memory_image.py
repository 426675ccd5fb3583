# SPDX-License-Identifier: Apache-2.0
"""What a process has in its memory, and what a secret may look like in it."""

import base64


def image(process):
    """All memory of a process that can be written."""
    content = bytearray()
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            addresses, permissions = line.split()[:2]
            if not permissions.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in addresses.split("-"))
            try:
                memory.seek(start)
                content += memory.read(end - start)
            except OSError:  # of the kernel's own
                continue
    return bytes(content)


def forms(secret):
    """Pieces of it, as itself and in base64 at each of the three offsets that it may have in a
    text, without the edges; of base64 also with its slashes escaped."""
    yield from pieces(secret)
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + secret)[4:-4]
        yield from pieces(text)
        yield from pieces(text.replace(b"/", b"\\/"))


def pieces(text, size=24):
    """What is left may have lost its beginning or end to what was written there later."""
    return (text[start:start + size] for start in range(0, len(text) - size + 1, size // 2))
