#!/usr/bin/env python3
"""pyzmq's end of a conversation with cozmq: obeys the lines of remote_end.hpp."""
import sys

import zmq


class Peer:
    def __init__(self):
        self.context = zmq.Context()
        self.socket = None

    def version(self):
        return " " + zmq.zmq_version()

    def open(self, kind, identity):
        self.socket = self.context.socket(getattr(zmq, kind))
        self.socket.setsockopt(zmq.IDENTITY, identity.encode())
        self.socket.setsockopt(zmq.RCVTIMEO, 10000)
        self.socket.setsockopt(zmq.SNDTIMEO, 10000)
        self.socket.setsockopt(zmq.LINGER, 0)

    def bind(self, endpoint):
        self.socket.bind(endpoint)
        return " " + self.socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()

    def connect(self, endpoint):
        self.socket.connect(endpoint)

    def subscribe(self, topic):
        self.socket.setsockopt(zmq.SUBSCRIBE, bytes.fromhex(topic[1:]))

    def unsubscribe(self, topic):
        self.socket.setsockopt(zmq.UNSUBSCRIBE, bytes.fromhex(topic[1:]))

    def send(self, *frames):
        self.socket.send_multipart([bytes.fromhex(frame[1:]) for frame in frames])

    def receive(self):
        return "".join(" x" + frame.hex() for frame in self.socket.recv_multipart())

    def attend(self):
        self.socket.getsockopt(zmq.EVENTS)

    def close(self):
        self.socket.close()


def main():
    peer = Peer()
    for line in sys.stdin:
        command, *arguments = line.split()
        try:
            print("ok" + (getattr(peer, command)(*arguments) or ""), flush=True)
        except zmq.ZMQError as failure:
            print(f"failed: {failure}", flush=True)


if __name__ == "__main__":
    main()
