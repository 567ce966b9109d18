"""Runs a program in a pseudo-terminal of 80 columns and 24 rows: python3 terminal.py COMMAND [ARGUMENT...]

Its output goes to stdout. Lines of JSON on stdin are what happens at the terminal: {"type": "text"}, {"resize": [columns, rows]},
{"signal": 15}. The last line on stderr is what the program left: {"code": exit code or -signal, "echo": whether the terminal echoes}.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


terminal, program_side = pty.openpty()
resize(terminal, 80, 24)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(program_side, termios.TIOCSCTTY, 0)
    for number in (0, 1, 2):
        os.dup2(program_side, number)
    os.close(terminal)
    os.execvp(sys.argv[1], sys.argv[1:])

pending = b""
inputs = [terminal, 0]
status = None
while status is None:
    ready, _, _ = select.select(inputs, [], [], 0.1)
    if terminal in ready:
        os.write(1, os.read(terminal, 65536))
        continue
    if 0 in ready:
        data = os.read(0, 65536)
        if data == b"":
            os.kill(pid, signal.SIGKILL)
            inputs.remove(0)
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            step = json.loads(line)
            if "type" in step:
                os.write(terminal, step["type"].encode())
            if "resize" in step:
                resize(terminal, *step["resize"])
                os.kill(pid, signal.SIGWINCH)
            if "signal" in step:
                os.kill(pid, step["signal"])
    if not ready:
        ended, wait_status = os.waitpid(pid, os.WNOHANG)
        if ended == pid:
            status = os.waitstatus_to_exitcode(wait_status)

echo = bool(termios.tcgetattr(program_side)[3] & termios.ECHO)
sys.stderr.write(json.dumps({"code": status, "echo": echo}) + "\n")
