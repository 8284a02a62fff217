#!/usr/bin/env python3
"""Runs the examples against pyzmq (libzmq) counterparts, in both roles, and against each other.

usage: examples_test.py DIRECTORY_OF_THE_EXAMPLES

Nothing sleeps: a test goes on when a line or a message has arrived. LIMIT only ends what hangs.
"""
import contextlib
import os
import re
import shutil
import signal
import socket as sockets
import subprocess
import sys
import tempfile
import threading
import traceback

try:
    import zmq
    import zmq.auth
    from zmq.auth.thread import ThreadAuthenticator
except ImportError:
    raise SystemExit("examples_test.py needs pyzmq (Debian: python3-zmq)")

if len(sys.argv) != 2:
    raise SystemExit(__doc__)
DIRECTORY = sys.argv[1]
LIMIT = 60  # seconds, for one example from start to end
ANY = "tcp://127.0.0.1:*"
TESTS = []


def test(name):
    def register(function):
        TESTS.append((name, function))
        return function
    return register


class Example:
    """A running example. Its lines are read as they come; it is killed when it takes longer than LIMIT."""

    def __init__(self, name, *arguments):
        self.name = name
        self.lines = []
        command = [os.path.join(DIRECTORY, name), *arguments]
        self.process = subprocess.Popen(command, text=True, errors="replace", stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.guard = threading.Timer(LIMIT, self.process.kill)
        self.guard.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.guard.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def line(self):
        line = self.process.stdout.readline()
        assert line, f"{self.name} ended instead of printing a line; it had printed {self.lines}"
        self.lines.append(line.rstrip("\n"))
        return self.lines[-1]

    def endpoint(self):
        """The endpoint that its first line names."""
        found = re.search(r"(tcp|ipc)://\S+", self.line())
        assert found, f"{self.name} does not say where it listens: {self.lines[0]}"
        return found.group(0)

    def press_enter(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        """Waits for its own end, which has to be a good one, and returns the lines not yet read."""
        rest = self.process.stdout.read().splitlines()
        status = self.process.wait()
        assert status == 0, f"{self.name} ended with {status}; it had printed {self.lines + rest}"
        return rest

    def stop(self, number=signal.SIGTERM):
        """Asks it to stop, which counts as a good end."""
        self.process.send_signal(number)
        return self.end()


@contextlib.contextmanager
def socket(kind):
    with zmq.Context() as context, context.socket(kind) as made:
        made.setsockopt(zmq.RCVTIMEO, LIMIT * 1000)
        made.setsockopt(zmq.SNDTIMEO, LIMIT * 1000)
        made.setsockopt(zmq.LINGER, 0)
        yield made


def bound(made, endpoint=ANY):
    made.bind(endpoint)
    return made.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()


def unused_endpoint():
    with socket(zmq.PULL) as probe:
        return bound(probe)


def number_in(line):
    return float(re.search(r"-?\d+(\.\d+)?(?= *(ms|F))", line).group(0))


# ---- hello world -------------------------------------------------------------------------------------------

def ask_ten_times(endpoint):
    with socket(zmq.REQ) as client:
        client.connect(endpoint)
        for _ in range(10):
            client.send(b"Hello")
            assert client.recv() == b"World"


def answer_ten_times(server):
    for _ in range(10):
        assert server.recv() == b"Hello"
        server.send(b"World")


@test("E1 hwserver answers a pyzmq client, and stops cleanly on SIGTERM")
def _():
    with Example("hwserver", ANY) as server:
        ask_ten_times(server.endpoint())
        received = server.stop()
        assert len(received) == 10 and all("Hello" in line for line in received), received


@test("E1 hwserver stops cleanly on SIGINT with nobody there")
def _():
    with Example("hwserver", ANY) as server:
        server.endpoint()
        server.stop(signal.SIGINT)


@test("E1 hwclient asks a pyzmq server that is there already")
def _():
    with socket(zmq.REP) as server:
        with Example("hwclient", bound(server)) as client:
            answer_ten_times(server)
            lines = client.end()
            assert len(lines) == 10 and all("World" in line for line in lines), lines


@test("E1 hwclient asks a pyzmq server that comes after it")
def _():
    endpoint = unused_endpoint()
    with Example("hwclient", endpoint) as client, socket(zmq.REP) as server:
        bound(server, endpoint)
        answer_ten_times(server)
        client.end()


@test("E1 hwclient asks hwserver")
def _():
    with Example("hwserver", ANY) as server, Example("hwclient", server.endpoint()) as client:
        assert len(client.end()) == 10
        server.stop()


@test("E1 hwclient asks hwserver that comes after it, over ipc too")
def _():
    for endpoint in (unused_endpoint(), f"ipc:///tmp/cozmq-examples-{os.getpid()}.ipc"):
        with Example("hwclient", endpoint) as client, Example("hwserver", endpoint) as server:
            assert len(client.end()) == 10
            server.stop()


@test("E1 E13 a program that cannot bind says why and ends with 1")
def _():
    with socket(zmq.REP) as holder:
        command = [os.path.join(DIRECTORY, "hwserver"), bound(holder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 1, done
        assert "in use" in done.stderr, done


# ---- weather -----------------------------------------------------------------------------------------------

@test("E3 wuserver publishes to a pyzmq subscriber")
def _():
    with Example("wuserver", ANY) as server, socket(zmq.SUB) as client:
        client.setsockopt(zmq.SUBSCRIBE, b"1")
        client.connect(server.endpoint())
        for _ in range(1000):
            zipcode, temperature, humidity = client.recv().split()
            assert zipcode.startswith(b"1") and len(zipcode) == 5, zipcode
            assert -80 <= int(temperature) <= 135 and 10 <= int(humidity) <= 60
        server.stop()


@test("E3 wuclient averages the 100 updates of its zipcode from a pyzmq publisher")
def _():
    with socket(zmq.XPUB) as server:
        with Example("wuclient", "10001", bound(server)) as client:
            assert "10001" in client.line()
            assert server.recv() == b"\x0110001 "
            for temperature in range(1, 101):
                server.send_string("10002 99 40")
                server.send_string("100010 99 40")
                server.send_string(f"10001 {temperature} 40")
            [average] = client.end()
            assert "10001" in average and number_in(average) == 50.5, average


@test("E3 wuclient takes the zipcode and the number of updates from its arguments")
def _():
    with socket(zmq.XPUB) as server:
        with Example("wuclient", "90210", bound(server), "2") as client:
            assert server.recv() == b"\x0190210 "
            server.send(b"90210 -10 40")
            server.send(b"90210 30 40")
            assert number_in(client.end()[-1]) == 10


@test("E3 wuclient hears wuserver")
def _():
    with Example("wuserver", ANY) as server, Example("wuclient", "10001", server.endpoint(), "3") as client:
        average = client.end()[-1]
        assert -80 <= number_in(average) <= 135, average
        server.stop()


@test("E14 wuserver publishes over tcp and ipc at once, and each subscriber sees only its zipcodes")
def _():
    ipc = f"ipc:///tmp/cozmq-weather-{os.getpid()}.ipc"
    with Example("wuserver", ANY, ipc) as server:
        tcp = server.endpoint()
        assert server.endpoint() == ipc
        with Example("sub", "8", tcp) as eights, Example("sub", "5", ipc) as fives, socket(zmq.SUB) as theirs:
            theirs.setsockopt(zmq.SUBSCRIBE, b"5")
            theirs.connect(ipc)
            for _ in range(100):
                assert eights.line().startswith("8")
                assert fives.line().startswith("5")
                assert theirs.recv().startswith(b"5")
        server.stop()


@test("E12 wuproxy passes a subscription on to a pyzmq publisher, and its updates to a pyzmq subscriber")
def _():
    with socket(zmq.XPUB) as server, Example("wuproxy", bound(server), ANY) as bridge, socket(zmq.SUB) as client:
        client.connect(bridge.endpoint())
        client.setsockopt(zmq.SUBSCRIBE, b"10001 ")
        assert server.recv() == b"\x0110001 "
        server.send(b"10002 1 1")
        server.send(b"10001 2 2")
        assert client.recv() == b"10001 2 2"
        bridge.stop()


@test("E12 wuproxy stands between wuserver and wuclient")
def _():
    with Example("wuserver", ANY) as server, Example("wuproxy", server.endpoint(), ANY) as bridge:
        with Example("wuclient", "10001", bridge.endpoint(), "3") as client:
            client.end()
        bridge.stop()
        server.stop()


# ---- pipeline ----------------------------------------------------------------------------------------------

@test("E4 taskvent deals its tasks to a pyzmq worker and tells a pyzmq sink")
def _():
    with socket(zmq.PULL) as worker, socket(zmq.PULL) as sink:
        with Example("taskvent", ANY, bound(sink)) as ventilator:
            worker.connect(ventilator.endpoint())
            assert "Enter" in ventilator.line()
            assert sink.poll(0) == 0, "the batch began before Enter"
            ventilator.press_enter()
            assert sink.recv() == b"0"
            tasks = [int(worker.recv()) for _ in range(100)]
            assert all(1 <= task <= 100 for task in tasks), tasks
            assert number_in(ventilator.end()[-1]) == sum(tasks)


@test("E4 taskwork takes tasks from a pyzmq ventilator and tells a pyzmq sink")
def _():
    with socket(zmq.PUSH) as ventilator, socket(zmq.PULL) as sink:
        with Example("taskwork", bound(ventilator), bound(sink)) as worker:
            worker.line()
            for task in (b"1", b"20", b"3"):
                ventilator.send(task)
            for _ in range(3):
                assert sink.recv() == b""
            assert len(worker.stop()) == 3


@test("E4 tasksink counts the results of pyzmq workers")
def _():
    with Example("tasksink", ANY) as sink, socket(zmq.PUSH) as worker:
        worker.connect(sink.endpoint())
        worker.send(b"0")
        for _ in range(100):
            worker.send(b"")
        dots, elapsed = sink.end()
        assert dots == ":........." * 10, dots
        assert number_in(elapsed) < LIMIT * 1000


def batch(workers):
    """Runs one batch of taskvent, taskwork and tasksink; returns its cost and how long it took, in ms."""
    with contextlib.ExitStack() as running:
        sink = running.enter_context(Example("tasksink", ANY))
        sink_endpoint = sink.endpoint()
        ventilator = running.enter_context(Example("taskvent", ANY, sink_endpoint))
        tasks_endpoint = ventilator.endpoint()
        ventilator.line()
        crew = [running.enter_context(Example("taskwork", tasks_endpoint, sink_endpoint))
                for _ in range(workers)]
        for worker in crew:
            worker.line()  # it is connected
        ventilator.press_enter()
        cost = number_in(ventilator.end()[-1])
        elapsed = number_in(sink.end()[-1])
        shares = [len(worker.stop()) for worker in crew]
        assert shares == [100 // workers] * workers, shares
        return cost, elapsed


@test("E4 taskvent, taskwork and tasksink share a batch evenly among four workers")
def _():
    batch(4)


@test("B17 more workers are faster: 100 tasks with 1, 2 and 4 of them")
def _():
    for workers in (1, 2, 4):
        cost, elapsed = batch(workers)
        print(f"     {workers} workers: cost {cost:.0f} ms, took {elapsed:.0f} ms")
        assert cost / workers * 0.7 <= elapsed, "faster than the work itself"
        assert elapsed <= cost / workers * 1.6 + 300, "not shared among the workers"


# ---- two sockets in one program ----------------------------------------------------------------------------

def reads_both(name):
    with socket(zmq.PUSH) as ventilator, socket(zmq.XPUB) as weather:
        with Example(name, bound(ventilator), bound(weather)) as reader:
            assert weather.recv() == b"\x0110001 "
            for i in range(10):
                ventilator.send_string(str(i))
                assert reader.line() == f"task {i}"
                weather.send_string(f"10001 {i} 0")
                assert reader.line() == f"weather 10001 {i} 0"
            reader.stop()


@test("E7 msreader reads tasks and weather from pyzmq")
def _():
    reads_both("msreader")


@test("E8 mspoller reads tasks and weather from pyzmq")
def _():
    reads_both("mspoller")


@test("E4 taskwork2 ends when a pyzmq controller says so")
def _():
    with socket(zmq.PUSH) as ventilator, socket(zmq.PULL) as sink, socket(zmq.XPUB) as controller:
        with Example("taskwork2", bound(ventilator), bound(sink), bound(controller)) as worker:
            assert controller.recv() == b"\x01"
            assert "ready" in worker.line()
            ventilator.send(b"1")
            assert sink.recv() == b""
            controller.send(b"KILL")
            assert worker.end() == ["killed"]


@test("E4 tasksink2 ends the workers of taskvent")
def _():
    with Example("tasksink2", ANY, ANY) as sink, contextlib.ExitStack() as running:
        sink_endpoint, control = sink.endpoint(), sink.endpoint()
        ventilator = running.enter_context(Example("taskvent", ANY, sink_endpoint))
        tasks = ventilator.endpoint()
        ventilator.line()
        crew = [running.enter_context(Example("taskwork2", tasks, sink_endpoint, control)) for _ in range(2)]
        for worker in crew:
            worker.line()
        ventilator.press_enter()
        ventilator.end()
        assert number_in(sink.end()[-1]) > 0
        for worker in crew:
            assert worker.end() == ["killed"]


# ---- several frames ----------------------------------------------------------------------------------------

@test("E9 psenvpub sends three frames to a pyzmq subscriber")
def _():
    with Example("psenvpub", ANY, "2") as publisher, socket(zmq.SUB) as subscriber:
        subscriber.setsockopt(zmq.SUBSCRIBE, b"B")
        subscriber.connect(publisher.endpoint())
        for _ in range(2):
            assert subscriber.recv_multipart() == [b"B", b"psenvpub", b"We would like to see this"]
        publisher.end()


@test("E9 psenvsub reads three frames of a pyzmq publisher, one by one")
def _():
    with socket(zmq.XPUB) as publisher, Example("psenvsub", bound(publisher)) as subscriber:
        assert publisher.recv() == b"\x01B"
        publisher.send_multipart([b"A", b"not", b"this"])
        publisher.send_multipart([b"B", b"", b"this"])
        assert subscriber.line() == "[B] [] [this] 3 frames"
        subscriber.stop()


@test("E9 psenvsub hears psenvpub")
def _():
    with Example("psenvpub", ANY, "2") as publisher, Example("psenvsub", publisher.endpoint()) as subscriber:
        for _ in range(2):
            assert subscriber.line() == "[B] [psenvpub] [We would like to see this] 3 frames"
        publisher.end()
        subscriber.stop()


# ---- requests through a broker -----------------------------------------------------------------------------

def through(broker_name):
    """Two clients of ours and one of pyzmq, two workers of ours and one of pyzmq, at a broker."""
    with contextlib.ExitStack() as running:
        start = lambda *command: running.enter_context(Example(*command))
        broker = start(broker_name, ANY, ANY)
        clients, workers = broker.endpoint(), broker.endpoint()
        crew = [start("rrworker", workers, "1") for _ in range(2)]
        for worker in crew:
            assert "working" in worker.line()
        ours = [start("rrclient", clients) for _ in range(2)]
        for client in ours:
            lines = client.end()
            assert lines == [f"reply {i}: World" for i in range(1, 11)], lines
        served = [worker.stop() for worker in crew]
        assert sum(map(len, served)) == 20, served
        theirs = running.enter_context(socket(zmq.REQ))
        theirs.connect(clients)
        worker = running.enter_context(socket(zmq.REP))
        worker.connect(workers)
        theirs.send_multipart([b"a", b"", b"b"])
        request = worker.recv_multipart()
        assert request == [b"a", b"", b"b"], request
        worker.send_multipart(request)
        assert theirs.recv_multipart() == request
        broker.stop()


@test("E10 rrbroker passes requests of two clients to two workers, ours and pyzmq's")
def _():
    through("rrbroker")


@test("E11 msgqueue passes requests of two clients to two workers, ours and pyzmq's")
def _():
    through("msgqueue")


@test("E18 rrbroker says when it is idle, and goes on")
def _():
    with Example("rrbroker", ANY, ANY, "1") as broker, socket(zmq.REQ) as client, socket(zmq.REP) as worker:
        client.connect(broker.endpoint())
        worker.connect(broker.endpoint())
        for _ in range(3):
            assert broker.line() == "idle"
        client.send(b"Hello")
        assert worker.recv() == b"Hello"
        worker.send(b"World")
        assert client.recv() == b"World"
        broker.stop()


@test("E10 rrclient and rrworker with a pyzmq broker between them")
def _():
    with socket(zmq.ROUTER) as frontend, socket(zmq.DEALER) as backend:
        with Example("rrworker", bound(backend), "1") as worker, Example("rrclient", bound(frontend)) as client:
            for _ in range(10):
                backend.send_multipart(frontend.recv_multipart())
                frontend.send_multipart(backend.recv_multipart())
            assert len(client.end()) == 10
            worker.stop()


@test("E19 rrclient asks three services in turn: ours and pyzmq's")
def _():
    with Example("hwserver", ANY) as a, socket(zmq.REP) as b, Example("hwserver", ANY) as c:
        with Example("rrclient", a.endpoint(), bound(b), c.endpoint()) as client:
            for i in (2, 5, 8):
                assert b.recv() == f"Hello {i}".encode()
                b.send(b"World")
            assert len(client.end()) == 10
        assert a.stop() == [f"received Hello {i}" for i in (1, 4, 7, 10)]
        assert c.stop() == [f"received Hello {i}" for i in (3, 6, 9)]


@test("E20 lpclient asks a pyzmq server again that did not answer, and goes on")
def _():
    with socket(zmq.ROUTER) as server, Example("lpclient", bound(server), "200") as client:
        server.recv_multipart()  # the first request gets no reply
        for number in (b"1", b"2", b"3"):
            request = server.recv_multipart()
            while request[-1] != number:  # it may have asked more than once
                request = server.recv_multipart()
            server.send_multipart(request)
            assert client.line() == f"the server replied {number.decode()}"
        client.end()


@test("E20 lpclient gives a dead server up")
def _():
    with Example("lpclient", unused_endpoint(), "1") as client:
        assert "giving up" in client.line()
        client.process.wait()
        assert client.process.returncode == 1


@test("E20 rtreq: quick workers complete more tasks than slow ones")
def _():
    with Example("rtreq") as program:
        done = {}
        for line in program.end():
            number, tasks = re.fullmatch(r"worker (\d+) completed (\d+) tasks", line).groups()
            done[int(number)] = int(tasks)
        assert len(done) == 10 and sum(done.values()) == 100, done
        assert done[1] > done[10], done


# ---- publishers and subscribers at a broker ----------------------------------------------------------------

def two_and_two(broker_name):
    with contextlib.ExitStack() as running:
        start = lambda *command: running.enter_context(Example(*command))
        broker = start(broker_name, ANY, ANY)
        publishers, subscribers = broker.endpoint(), broker.endpoint()
        theirs = running.enter_context(socket(zmq.SUB))
        theirs.setsockopt(zmq.SUBSCRIBE, b"puber3")
        theirs.connect(subscribers)
        listeners = [start("sub", "", subscribers) for _ in range(2)]
        for number in ("1", "2"):
            start("pub", number, publishers, "10")
        for listener in listeners:
            heard = set()
            while heard != {"puber1", "puber2"}:
                heard.add(listener.line().split()[0])
        third = running.enter_context(socket(zmq.XPUB))
        third.connect(publishers)
        while third.recv() != b"\x01puber3":
            pass
        third.send(b"puber3 says so")
        assert theirs.recv() == b"puber3 says so"


@test("E15 broker, by hand: both subscribers hear both publishers, and pyzmq's")
def _():
    two_and_two("broker")


@test("E16 proxy: both subscribers hear both publishers, and pyzmq's")
def _():
    two_and_two("proxy")


@test("E20 syncpub loses nothing to two of syncsub")
def _():
    with Example("syncpub", ANY, ANY, "2", "100000") as publisher:
        endpoints = publisher.endpoint(), publisher.endpoint()
        with Example("syncsub", *endpoints) as first, Example("syncsub", *endpoints) as second:
            for subscriber in (first, second):
                assert subscriber.end() == ["received 100000 updates"]
            publisher.end()


@test("E20 syncsub counts the updates of a pyzmq publisher")
def _():
    with socket(zmq.XPUB) as publisher, socket(zmq.REP) as service:
        with Example("syncsub", bound(publisher), bound(service)) as subscriber:
            assert publisher.recv() == b"\x01"
            assert service.recv() == b""
            service.send(b"")
            for _ in range(100):
                publisher.send(b"Rhubarb")
            publisher.send(b"END")
            assert subscriber.end() == ["received 100 updates"]


# ---- threads -----------------------------------------------------------------------------------------------

@test("E1 bhwserver, which blocks, answers a pyzmq client and hwclient")
def _():
    with Example("bhwserver", ANY) as server:
        endpoint = server.endpoint()
        ask_ten_times(endpoint)
        with Example("hwclient", endpoint) as client:
            assert len(client.end()) == 10
        for _ in range(20):
            assert server.line() == "received Hello"
        server.process.terminate()
        assert server.process.wait() == -signal.SIGTERM


@test("E1 bhwclient, which blocks, asks a pyzmq server that is there already, and one that comes after it")
def _():
    with socket(zmq.REP) as server, Example("bhwclient", bound(server)) as client:
        answer_ten_times(server)
        assert client.end() == [f"Hello {i}: World" for i in range(1, 11)]
    endpoint = unused_endpoint()
    with Example("bhwclient", endpoint) as client, socket(zmq.REP) as server:
        bound(server, endpoint)
        answer_ten_times(server)
        client.end()


@test("E1 bhwclient asks hwserver, and bhwserver")
def _():
    for name in ("hwserver", "bhwserver"):
        with Example(name, ANY) as server, Example("bhwclient", server.endpoint()) as client:
            assert client.end() == [f"Hello {i}: World" for i in range(1, 11)]


@test("E13 programs that block say why they cannot bind and end with 1")
def _():
    with socket(zmq.REP) as holder:
        endpoint = bound(holder)
        for name in ("bhwserver", "mtserver", "asyncsrv"):
            command = [os.path.join(DIRECTORY, name), endpoint]
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
            assert done.returncode == 1, done
            assert "in use" in done.stderr, done


@test("E20 mtserver deals requests of pyzmq clients to four threads in turn, and stops cleanly on SIGTERM")
def _():
    with Example("mtserver", ANY, "1") as server, contextlib.ExitStack() as running:
        endpoint = server.endpoint()
        clients = [running.enter_context(socket(zmq.REQ)) for _ in range(4)]
        for client in clients:
            client.connect(endpoint)

        def four_at_once():
            for client in clients:
                client.send(b"Hello")
            for client in clients:
                assert client.recv() == b"World"
            return {server.line() for _ in clients}

        everybody = {f"worker {number} received Hello" for number in range(1, 5)}
        while four_at_once() != everybody:
            pass  # one of the threads is not there yet
        for _ in range(10):
            assert four_at_once() == everybody
        assert server.stop() == []


@test("E20 mtserver answers hwclient, and bhwclient, and stops cleanly on SIGINT")
def _():
    with Example("mtserver", ANY, "1") as server:
        endpoint = server.endpoint()
        for name in ("hwclient", "bhwclient"):
            with Example(name, endpoint) as client:
                assert client.end() == [f"Hello {i}: World" for i in range(1, 11)]
        assert len(server.stop(signal.SIGINT)) == 20


@test("E20 mtrelay passes readiness on through three threads")
def _():
    with Example("mtrelay") as program:
        assert program.end() == ["step 1 is ready and signals step 2", "step 2 is ready and signals step 3",
                                 "step 3 is ready: all are"]


@test("E20 asyncsrv: each client gets its own answers, in order, as many as the worker wants to give")
def _():
    with Example("asyncsrv", ANY, "10") as program:
        program.endpoint()
        answered = {}
        for line in program.end():
            *of, answer, answers, worker = map(int, re.fullmatch(
                r"client (\d+): request (\d+), answer (\d+) of (\d+) by worker (\d+)", line).groups())
            assert 1 <= answer <= answers <= 4, line
            before = answered.setdefault(tuple(of), (answers, worker, 0))
            assert before == (answers, worker, answer - 1), (before, line)  # one worker answers it, one by one
            answered[tuple(of)] = (answers, worker, answer)
        assert {client for client, _ in answered} == {1, 2, 3}, answered
        assert len({worker for _, worker, _ in answered.values()}) > 1, answered


@test("E20 asyncsrv answers a pyzmq client between its own ones, each request 0 to 4 times")
def _():
    with Example("asyncsrv", ANY, "1000") as program, socket(zmq.DEALER) as client:
        client.setsockopt(zmq.IDENTITY, b"pyzmq")
        client.connect(program.endpoint())
        for request in range(20):
            client.send_string(f"theirs {request}")
        heard = set()
        while len(heard) < 5:
            request, answer, answers = map(int, re.fullmatch(
                rb"theirs (\d+), answer (\d+) of (\d+) by worker \d", client.recv()).groups())
            assert answer <= answers <= 4
            heard.add(request)
        assert program.line().startswith("client ")


# ---- security ----------------------------------------------------------------------------------------------

HELLO = "the server says: Hello, {}"


def refused(client):
    """Why a client says it was not let in; it has to end with 1."""
    line = client.line()
    client.process.wait()
    assert client.process.returncode == 1, client.process.returncode
    assert line.startswith("not let in: "), line
    return line


@contextlib.contextmanager
def guarded(kind):
    """A pyzmq socket whose peers have to pass pyzmq's ZAP handler."""
    with socket(kind) as made:
        keeper = ThreadAuthenticator(made.context)
        keeper.start()
        try:
            yield made, keeper
        finally:
            keeper.stop()


def says_how_to_be_used(name):
    for arguments, status in ((["--help"], 0), ([], 1)):
        done = subprocess.run([os.path.join(DIRECTORY, name), *arguments], capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == status and done.stdout.startswith(f"usage: {name} "), done


def refuses_each_other(name, *credentials):
    """One who comes without security to a server that has some, or the other way round, is told so and gives up."""
    with Example(name, "server", ANY) as server, Example("grasslands", "client", server.endpoint()) as client:
        assert "mechanism" in refused(client)
    with Example("grasslands", "server", ANY) as server:
        with Example(name, "client", *credentials, server.endpoint()) as client:
            assert "mechanism" in refused(client)


def ends_quietly_on_ctrl_c(name, *arguments):
    """As long as it waits to be let in."""
    with sockets.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(LIMIT)
        with Example(name, *arguments, "tcp://127.0.0.1:{}".format(silent.getsockname()[1])) as client:
            with silent.accept()[0]:
                assert client.stop(signal.SIGINT) == []


@test("2.3 NULL 2.3 PLAIN clients that are stopped before they were let in do not say that they were refused")
def _():
    ends_quietly_on_ctrl_c("grasslands", "client")
    ends_quietly_on_ctrl_c("strawhouse", "client")
    ends_quietly_on_ctrl_c("woodhouse", "client", "admin", "secret")


@test("2.3 NULL grasslands serves whoever comes: its own client and pyzmq's")
def _():
    says_how_to_be_used("grasslands")
    with Example("grasslands", "server", ANY) as server:
        endpoint = server.endpoint()
        with Example("grasslands", "client", endpoint) as client, socket(zmq.REQ) as theirs:
            assert client.end() == [HELLO.format("whoever you are")]
            theirs.connect(endpoint)
            theirs.send(b"Hello")
            assert theirs.recv() == b"Hello, whoever you are"
        assert server.stop() == ["somebody says Hello"] * 2


@test("2.3 NULL strawhouse serves the addresses on its list, ours and pyzmq's, and refuses others for good")
def _():
    says_how_to_be_used("strawhouse")
    with Example("strawhouse", "server", ANY) as server:
        endpoint = server.endpoint()
        with Example("strawhouse", "client", endpoint) as client, socket(zmq.REQ) as theirs:
            assert client.end() == [HELLO.format("neighbour")]
            theirs.connect(endpoint)
            theirs.send(b"Hello")
            assert theirs.recv() == b"Hello, neighbour"
        elsewhere = endpoint.replace("tcp://", "tcp://127.0.0.2:0;")  # that is where it comes from
        with Example("strawhouse", "client", elsewhere) as client:
            assert "400" in refused(client)
        assert server.stop() == ["127.0.0.1 says Hello"] * 2
    with Example("strawhouse", "server", ANY, "192.0.2.0/24", "127.0.0.2/31") as server:
        endpoint = server.endpoint()
        with Example("strawhouse", "client", endpoint.replace("tcp://", "tcp://127.0.0.3:0;")) as client:
            assert client.end() == [HELLO.format("neighbour")]
        with Example("strawhouse", "client", endpoint) as client:
            assert "400" in refused(client)
        assert server.stop() == ["127.0.0.3 says Hello"]


@test("2.3 NULL strawhouse's client is let in by pyzmq, or refused")
def _():
    for allowed in ("127.0.0.1", "192.0.2.1"):
        with guarded(zmq.REP) as (server, keeper):
            keeper.allow(allowed)
            server.zap_domain = b"global"
            with Example("strawhouse", "client", bound(server)) as client:
                if allowed == "127.0.0.1":
                    assert server.recv() == b"Hello"
                    server.send(b"Hello, neighbour")
                    assert client.end() == [HELLO.format("neighbour")]
                else:
                    assert "400" in refused(client)


@test("2.3 PLAIN woodhouse knows its clients by name, ours and pyzmq's, and refuses others for good")
def _():
    says_how_to_be_used("woodhouse")
    with Example("woodhouse", "server", ANY) as server:
        endpoint = server.endpoint()
        for name, password in (("admin", "secret"), ("guest", "guest")):
            with Example("woodhouse", "client", name, password, endpoint) as client:
                assert client.end() == [HELLO.format(name)]
        for name, password in (("admin", "guest"), ("nobody", "secret"), ("", "")):
            with Example("woodhouse", "client", name, password, endpoint) as client:
                assert "400" in refused(client)
        with socket(zmq.REQ) as theirs:
            theirs.plain_username, theirs.plain_password = b"guest", b"guest"
            theirs.connect(endpoint)
            theirs.send(b"Hello")
            assert theirs.recv() == b"Hello, guest"
        assert server.stop() == ["admin says Hello", "guest says Hello", "guest says Hello"]


@test("2.3 PLAIN woodhouse's client is let in by pyzmq, or refused")
def _():
    with guarded(zmq.REP) as (server, keeper):
        keeper.configure_plain(domain="global", passwords={"admin": "secret"})
        server.plain_server = True
        server.zap_domain = b"global"
        endpoint = bound(server)
        with Example("woodhouse", "client", "admin", "secret", endpoint) as client:
            assert server.recv() == b"Hello"
            server.send(b"Hello, admin")
            assert client.end() == [HELLO.format("admin")]
        with Example("woodhouse", "client", "admin", "wrong", endpoint) as client:
            assert "400" in refused(client)


@test("2.3 PLAIN woodhouse and grasslands do not talk, and say why")
def _():
    refuses_each_other("woodhouse", "admin", "secret")


# Those that need libsodium are not there without it.
def test_with_curve(name):
    return test(name) if os.path.exists(os.path.join(DIRECTORY, "stonehouse")) else lambda function: None


def keygen(*arguments):
    return subprocess.run([os.path.join(DIRECTORY, "keygen"), *arguments], capture_output=True, text=True, timeout=LIMIT)


@contextlib.contextmanager
def ironhouse():
    """A directory with a server's certificate, Ann's and Bob's; Ann's public one is in `clients`."""
    with tempfile.TemporaryDirectory() as folder:
        place = lambda name: os.path.join(folder, name)
        os.mkdir(place("clients"))
        for name, owner in (("server", ()), ("ann", ("name=Ann",)), ("bob", ("name=Bob",))):
            done = keygen(place(name), *owner)
            assert done.returncode == 0, done
        shutil.copy(place("ann.key"), place("clients"))
        yield place


@test_with_curve("2.3 CURVE 2.7 keypair keygen makes certificates that pyzmq reads, and overwrites nothing")
def _():
    says_how_to_be_used("keygen")
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "ann")
        done = keygen(name, "name=Ann", "email=ann@example.org")
        assert done.returncode == 0, done
        public, none = zmq.auth.load_certificate(name + ".key")
        same, secret = zmq.auth.load_certificate(name + ".key_secret")
        assert none is None and public == same == zmq.curve_public(secret)
        assert public.decode() in done.stdout and secret.decode() not in done.stdout + done.stderr
        assert os.stat(name + ".key_secret").st_mode & 0o777 == 0o600
        for left in (".key", ".key_secret"):  # with both, and with this one alone
            before = open(name + left).read()
            done = keygen(name)
            assert done.returncode == 1 and "is there already" in done.stdout, done
            assert open(name + left).read() == before
            os.remove(name + (".key_secret" if left == ".key" else ".key"))
            assert keygen(name).returncode == 1
            assert os.listdir(folder) == ["ann" + left]
            if left == ".key":
                os.remove(name + left)
                assert keygen(name).returncode == 0
        assert keygen(os.path.join(folder, "bob"), "email").returncode == 1
        assert "cannot write" in keygen(os.path.join(folder, "nowhere", "bob")).stdout


@test_with_curve("2.3 CURVE stonehouse serves whoever has its key, its own client and pyzmq's; to another key nobody answers")
def _():
    says_how_to_be_used("stonehouse")
    with Example("stonehouse", "server", ANY) as server:
        endpoint = server.endpoint()
        [key] = re.findall("'(.{40})'", server.line())
        with Example("stonehouse", "client", key, endpoint) as client:
            assert client.end() == [HELLO.format("whoever you are")]
        with socket(zmq.REQ) as theirs:
            theirs.curve_serverkey = key.encode()
            theirs.curve_publickey, theirs.curve_secretkey = zmq.curve_keypair()
            theirs.connect(endpoint)
            theirs.send(b"Hello")
            assert theirs.recv() == b"Hello, whoever you are"
        with Example("stonehouse", "client", zmq.curve_keypair()[0].decode(), endpoint) as client:
            assert "its public key may be another" in refused(client)
        assert server.stop() == ["somebody says Hello"] * 2


@test_with_curve("2.3 CURVE stonehouse's client talks to pyzmq, if it has that key")
def _():
    with socket(zmq.REP) as server:
        public, server.curve_secretkey = zmq.curve_keypair()
        server.curve_server = True
        endpoint = bound(server)
        with Example("stonehouse", "client", public.decode(), endpoint) as client:
            assert server.recv() == b"Hello"
            server.send(b"Hello, whoever you are")
            assert client.end() == [HELLO.format("whoever you are")]
        with Example("stonehouse", "client", zmq.curve_keypair()[0].decode(), endpoint) as client:
            refused(client)


@test_with_curve("2.3 CURVE stonehouse does not talk to grasslands or woodhouse, and both say why")
def _():
    key = zmq.curve_keypair()[0].decode()
    refuses_each_other("stonehouse", key)
    with Example("woodhouse", "server", ANY) as server:
        with Example("stonehouse", "client", key, server.endpoint()) as client:
            assert "mechanism" in refused(client)


@test_with_curve("2.3 CURVE ironserver serves the clients it has certificates of, ironclient and pyzmq, also new ones")
def _():
    says_how_to_be_used("ironserver")
    says_how_to_be_used("ironclient")
    with ironhouse() as place, Example("ironserver", place("server.key_secret"), place("clients"), ANY) as server:
        endpoint = server.endpoint()
        start = lambda own, of_server: Example("ironclient", place(own), place(of_server), endpoint)
        with start("ann.key_secret", "server.key") as client:
            assert client.end() == [HELLO.format("Ann")]
        with start("bob.key_secret", "server.key") as client:
            assert "400" in refused(client)
        with start("ann.key_secret", "bob.key") as client:
            assert "its public key may be another" in refused(client)
        os.rename(place("bob.key"), place("clients/bob.key"))
        status = 1
        while status != 0:  # the directory is looked at once a second
            with start("bob.key_secret", "server.key") as client:
                client.process.wait()
                status = client.process.returncode
        with socket(zmq.REQ) as theirs:
            theirs.curve_serverkey, _ = zmq.auth.load_certificate(place("server.key"))
            theirs.curve_publickey, theirs.curve_secretkey = zmq.auth.load_certificate(place("ann.key_secret"))
            theirs.connect(endpoint)
            theirs.send(b"Hello")
            assert theirs.recv() == b"Hello, Ann"
        assert server.stop() == ["Ann says Hello", "Bob says Hello", "Ann says Hello"]


@test_with_curve("2.3 CURVE ironclient is let in by pyzmq with its certificate, or refused")
def _():
    with ironhouse() as place, guarded(zmq.REP) as (server, keeper):
        keeper.configure_curve(domain="global", location=place("clients"))
        _, server.curve_secretkey = zmq.auth.load_certificate(place("server.key_secret"))
        server.curve_server = True
        server.zap_domain = b"global"
        endpoint = bound(server)
        with Example("ironclient", place("ann.key_secret"), place("server.key"), endpoint) as client:
            assert server.recv() == b"Hello"
            server.send(b"Hello, Ann")
            assert client.end() == [HELLO.format("Ann")]
        with Example("ironclient", place("bob.key_secret"), place("server.key"), endpoint) as client:
            assert "400" in refused(client)


@test_with_curve("2.3 CURVE clients that are stopped before they were let in do not say that they were refused")
def _():
    ends_quietly_on_ctrl_c("stonehouse", "client", zmq.curve_keypair()[0].decode())
    with ironhouse() as place:
        ends_quietly_on_ctrl_c("ironclient", place("ann.key_secret"), place("server.key"))


@test_with_curve("2.3 CURVE the ironhouse's programs say which file they cannot read")
def _():
    with ironhouse() as place:
        for command in (("ironserver", place("no.key_secret"), place("clients")),
                        ("ironserver", place("server.key"), place("clients")),
                        ("ironclient", place("bob.key_secret"), place("no.key"))):
            done = subprocess.run([os.path.join(DIRECTORY, command[0]), *command[1:]], capture_output=True, text=True,
                                  timeout=LIMIT)
            assert done.returncode == 1, done
            assert "key" in done.stderr, done


def main():
    failed = 0
    for name, function in TESTS:
        try:
            function()
            print(f"ok   {name}", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(TESTS)} tests, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
