"""One writer per folder: a second one is told who holds it."""

import fcntl
import os
import socket

import pytest

from talkface.runtime.lock import BusyError, exclusive


def test_second_writer_is_refused_with_the_owners_process_and_host(tmp_path):
    with (
        exclusive(tmp_path, "tiny"),
        pytest.raises(BusyError, match=f"process {os.getpid()} on {socket.gethostname()} is already writing"),
        exclusive(tmp_path, "tiny", timeout_s=0.1),
    ):
        raise AssertionError("two writers met")
    with exclusive(tmp_path, "tiny", timeout_s=0.1):
        pass


def test_a_holder_on_another_machine_is_named(tmp_path):
    with (tmp_path / "lock").open("w") as held:
        held.write("123 node7\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="process 123 on node7 is"), exclusive(tmp_path, "tiny", 0.1):
            raise AssertionError("two writers met")
