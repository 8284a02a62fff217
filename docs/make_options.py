#!/usr/bin/env python3
"""Makes docs/options.md from the options in include/cozmq/socket/options/ and include/cozmq/curve/options.hpp, structs and
classes, whose comments end in such a line:

    /// @libzmq ZMQ_SNDHWM | 1000 messages | at once | all but PULL, SUB

libzmq's names (`-` for none), the default, the moment of effect, the sockets and transports that it is for.

    make_options.py           prints the page
    make_options.py --write   writes it
    make_options.py --check   fails when the page is not current
"""
import pathlib
import re
import sys

docs = pathlib.Path(__file__).resolve().parent
page = docs / "options.md"
include = docs.parent / "include/cozmq"

# What of libzmq is something else here, and what there is not.
ELSEWHERE = [
    ("ZMQ_SUBSCRIBE, ZMQ_UNSUBSCRIBE", "`socket.subscribe(topic)`, `socket.unsubscribe(topic)`"),
    ("ZMQ_LAST_ENDPOINT", "what `bind` and `connect` return"),
    ("ZMQ_TYPE", "`Socket::type()`"),
    ("ZMQ_RCVMORE", "not needed: messages are whole; `message::more_after(i)`"),
    ("ZMQ_RCVTIMEO, ZMQ_SNDTIMEO", "for each call: `co_await (socket.recv() \\|\\| cozmq::timeout(1s))`"),
    ("ZMQ_FD, ZMQ_EVENTS", "`readable()`, `writable()`, `wait_readable()`, `wait_writable()`; for poll(2) and other event loops `blocking<...>::descriptor()`, see [threads](threads.md#event-loops-of-others)"),
    ("ZMQ_MECHANISM", "the mechanism option that was set last before `bind` or `connect` counts; `peer_info::mechanism` for each peer"),
    ("ZMQ_PLAIN_SERVER, ZMQ_CURVE_SERVER set to 0", "`option::no_security`, or the option for a client"),
    ("ZMQ_ZAP_ENFORCE_DOMAIN", "not needed: an authenticator that is set is always asked, and one that does not answer refuses"),
    ("ZMQ_IPV4ONLY", "`option::ipv6`"),
    ("ZMQ_IDENTITY, ZMQ_DELAY_ATTACH_ON_CONNECT, ...", "old names: see ZMQ_ROUTING_ID, ZMQ_IMMEDIATE, ..."),
    ("ZMQ_TCP_ACCEPT_FILTER, ZMQ_IPC_FILTER_PID, _UID, _GID", "not offered; deprecated in libzmq as well"),
    ("ZMQ_ROUTER_RAW", "not offered: use a STREAM"),
    ("ZMQ_GSSAPI_*, ZMQ_RATE, ZMQ_RECOVERY_IVL, ZMQ_MULTICAST_*, ZMQ_NORM_*, ZMQ_VMCI_*, ZMQ_LOOPBACK_FASTPATH",
     "not offered, as their mechanisms and transports are not"),
]
CONTEXT = [
    ("ZMQ_MAX_SOCKETS, ZMQ_SOCKET_LIMIT", "`ctx.set_max_sockets(n)`; default `option::unlimited`"),
    ("ZMQ_MAX_MSGSZ", "`ctx.set_default(option::max_message_size{n})`"),
    ("ZMQ_IPV6", "`ctx.set_default(option::ipv6{true})`"),
    ("ZMQ_IO_THREADS, ZMQ_THREAD_*", "`context{io_threads{n}}` and `set_threads`, see [threads](threads.md)"),
    ("ZMQ_BLOCKY", "`ctx.set_default(option::linger{0ms})`"),
]


def options():
    """name, description, cells of the @libzmq line, for each option in each header."""
    for header in (*sorted((include / "socket/options").glob("*.hpp")), *include.glob("curve/options.hpp")):
        for comment, name in re.findall(r"((?:^///.*\n)+)(?:struct|class) (\w+)", header.read_text(), re.M):
            lines = [line.strip()[3:].strip() for line in comment.splitlines()]
            told = [line for line in lines if line.startswith("@libzmq ")]
            cells = [cell.strip() for cell in told[0][len("@libzmq "):].split("|")] if len(told) == 1 else []
            if len(cells) != 4:
                sys.exit(f"{header.name}: the comment of {name} needs one line: @libzmq NAMES | default | effect | sockets")
            yield name, " ".join(line for line in lines if line not in told), cells


def make():
    table = list(options())
    lines = [
        "# Options",
        "",
        "<!-- Made by docs/make_options.py from the headers of the options; change the comments there. -->",
        "",
        "`socket.set_option(cozmq::option::linger{500ms})` sets one, `socket.get_option<cozmq::option::linger>()` reads it back,",
        "and `ctx.set_default(cozmq::option::linger{500ms})` sets it for the sockets that are made from then on (`use_fd`",
        "and `connect_routing_id` are for one socket: there that does not compile). An option that a",
        "socket type has no use for does not compile there; a value out of range throws, or fills an `error_code`, with",
        "`errc::invalid_option`. `-` marks what libzmq does not have. `curve_server` and `curve_client` are in",
        "`<cozmq/curve.hpp>`, see [security](security.md).",
        "",
        "| `option::` | libzmq | default | takes effect | sockets; transports |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| [`{name}`](#{name}) | {cells[0]} | {cells[1]} | {cells[2]} | {cells[3]} |" for name, _, cells in table]
    lines += ["", "## What is no option here", "", "| libzmq | here |", "|---|---|"]
    lines += [f"| {theirs} | {ours} |" for theirs, ours in ELSEWHERE]
    lines += ["", "## Of a context", "", "| libzmq | here |", "|---|---|"]
    lines += [f"| {theirs} | {ours} |" for theirs, ours in CONTEXT]
    lines += ["", "## Each in full", ""]
    for name, text, _ in table:
        lines += [f"### {name}", "", text, ""]
    return "\n".join(lines)


if "--write" in sys.argv:
    page.write_text(make())
elif "--check" in sys.argv:
    if not page.exists() or page.read_text() != make():
        sys.exit("docs/options.md is not current: run docs/make_options.py --write")
else:
    print(make(), end="")
