"""Reading whole files and replacing them whole, with one sentence for whatever the file system objects."""

import os
import tempfile
from pathlib import Path

from data.errors import InputError, locate

PICKLE_OPCODE = b"\x80"
BYTE_ORDER_MARK = "\ufeff"


def read_text(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    Raises
    ------
    InputError
        When it cannot be read, is empty, is not UTF-8, or is a pickle, which could run anything when opened.
    """
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise _unusable(path, "read", error) from None
    if content.startswith(PICKLE_OPCODE):
        raise locate(path, "", "this is a Python pickle, which is never opened; write groups as vmr-groups/1 JSON.")
    try:
        text = content.decode().removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        raise locate(path, f"byte {error.start}", "this is not UTF-8 text; save the file as UTF-8.") from None
    if not text.strip():
        raise locate(path, "", "the file is empty; export it again.")
    return text


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file in one step, as `write_bytes` does.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise _unusable(path, "written", error) from None
    write_bytes(path, content)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step: whoever looks finds the old content or the new, never a part.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(beside).chmod(0o666 & ~_umask())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise _unusable(path, "written", error) from None


def is_file(path: Path) -> bool:
    """Tell whether there is a file that can be seen; False for a path that the system cannot even look up."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_dir(path: Path) -> bool:
    """Tell whether there is a folder that can be seen; False for a path that the system cannot even look up."""
    try:
        return path.is_dir()
    except OSError:
        return False


def one_line(text: str, limit: int = 80) -> str:
    """Make text from a file fit to stand in a sentence: on one line, and not too long."""
    if len(text) > limit:
        text = f"{text[:limit]}..."
    return text if text.isprintable() else ascii(text)


def _unusable(path: Path, verb: str, error: OSError | ValueError) -> InputError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return locate(one_line(str(path), 300), "", f"cannot be {verb} ({reason}); check the path and its permissions.")


def _umask() -> int:
    """Return the mode bits that new files do not get; the system tells only by setting them."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
