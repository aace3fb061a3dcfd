"""A TCP proxy for tests: PORT BYTES_PER_SECOND. Each direction passes so many bytes a second.

Its receive buffers are small, which Node cannot make them: otherwise the system takes up to 32 MiB for the proxy, and everything that a sender
writes behind that waits for it, as on no real link.
"""
import socket
import sys
import threading
import time

STEP_SECONDS = 0.02
BUFFER_BYTES = 4096

port, rate = int(sys.argv[1]), float(sys.argv[2])


def carry(source, target):
    try:
        due = time.monotonic()
        while data := source.recv(max(1, int(rate * STEP_SECONDS))):
            due = max(due, time.monotonic() - STEP_SECONDS) + len(data) / rate
            time.sleep(max(0, due - time.monotonic()))
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
while True:
    near, _ = listener.accept()
    far = socket.socket()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    far.connect(("127.0.0.1", port))
    for end in (near, far):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for ends in ((near, far), (far, near)):
        threading.Thread(target=carry, args=ends, daemon=True).start()
