#!/usr/bin/env python3
"""pyzmq's end of a conversation with cozmq: obeys the lines of remote_end.hpp."""
import sys

import zmq
import zmq.auth.thread


class Peer:
    def __init__(self):
        self.context = zmq.Context()
        self.socket = None
        self.authenticator = None

    def version(self):
        return " " + zmq.zmq_version()

    def open(self, kind, identity, *heartbeats):
        self.socket = self.context.socket(getattr(zmq, kind))
        self.socket.setsockopt(zmq.IDENTITY, identity.encode())
        self.socket.setsockopt(zmq.RCVTIMEO, 10000)
        self.socket.setsockopt(zmq.SNDTIMEO, 10000)
        self.socket.setsockopt(zmq.LINGER, 0)
        if heartbeats:
            self.socket.setsockopt(zmq.HEARTBEAT_IVL, 10)
            self.socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 10000)

    def decide(self):
        """Asks pyzmq's own authenticator, from now on and for all sockets."""
        if self.authenticator is None:
            self.authenticator = zmq.auth.thread.ThreadAuthenticator(self.context)
            self.authenticator.start()
        return self.authenticator

    def plain_server(self, user, password):
        self.decide().configure_plain(domain="*", passwords={user: password})
        self.socket.setsockopt(zmq.PLAIN_SERVER, 1)

    def plain_client(self, user, password):
        self.socket.setsockopt(zmq.PLAIN_USERNAME, user.encode())
        self.socket.setsockopt(zmq.PLAIN_PASSWORD, password.encode())

    def curve_server(self, secret, client):
        class OneClient:
            def callback(self, domain, key):
                return key == client.encode()

        self.decide().configure_curve_callback(domain="*", credentials_provider=OneClient())
        self.socket.setsockopt(zmq.CURVE_SECRETKEY, secret.encode())
        self.socket.setsockopt(zmq.CURVE_SERVER, 1)

    def curve_client(self, public, secret, server):
        self.socket.setsockopt(zmq.CURVE_PUBLICKEY, public.encode())
        self.socket.setsockopt(zmq.CURVE_SECRETKEY, secret.encode())
        self.socket.setsockopt(zmq.CURVE_SERVERKEY, server.encode())

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
    if peer.authenticator is not None:
        peer.authenticator.stop()


if __name__ == "__main__":
    main()
