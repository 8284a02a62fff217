#!/usr/bin/env python3
"""One end of a conversation with cozmq, on pyzmq: pyzmq_peer.py TYPE bind|connect ENDPOINT

Prints the endpoint on its first line. What it sends and expects are the SAMPLES, as in pyzmq_test.cpp.
Ends with 0 if all was as expected.
"""
import sys

import zmq

SAMPLES = [
    [b"Hello"],
    [b""],
    ["naïve ☃".encode("utf-8")],
    [bytes(range(256))],
    [b"\0\0\0"],
    [b"x" * 1048576],
    [b"a", b"", b"c"],
    [b"", b"", b""],
]


def send_samples(socket):
    for sample in SAMPLES:
        socket.send_multipart(sample)


def expect_samples(socket):
    for sample in SAMPLES:
        got = socket.recv_multipart()
        if got != sample:
            wanted = [len(part) for part in sample]
            raise SystemExit(f"wanted parts of {wanted} octets, got {[part[:40] for part in got]}")


def ask(socket):
    for sample in SAMPLES:
        socket.send_multipart(sample)
        if socket.recv_multipart() != sample:
            raise SystemExit("the echo differs from what was sent")


def echo(socket):
    for _ in SAMPLES:
        socket.send_multipart(socket.recv_multipart())


def publish(socket):
    """A PUB does not know its subscribers: it repeats "sync" until a line on stdin says that one is there."""
    poller = zmq.Poller()
    poller.register(sys.stdin, zmq.POLLIN)
    socket.send(b"sync")
    while not poller.poll(1):
        socket.send(b"sync")
    send_samples(socket)


CONVERSATIONS = {
    "PUSH": send_samples,
    "PULL": expect_samples,
    "PUB": publish,
    "SUB": expect_samples,
    "REQ": ask,
    "REP": echo,
    "PAIR": ask,
}


def main():
    kind, role, endpoint = sys.argv[1:]
    with zmq.Context() as context, context.socket(getattr(zmq, kind)) as socket:
        socket.setsockopt(zmq.RCVTIMEO, 10000)
        socket.setsockopt(zmq.SNDTIMEO, 10000)
        socket.setsockopt(zmq.LINGER, 10000)
        if kind == "SUB":
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        if role == "bind":
            socket.bind(endpoint)
            endpoint = socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()
        else:
            socket.connect(endpoint)
        print(endpoint, flush=True)
        CONVERSATIONS[kind](socket)


if __name__ == "__main__":
    main()
