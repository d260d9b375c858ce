"""Sends the same bytes to our server and to memcached 1.6; compares replies.

A corpus of conversations, then random ones, each cut at random places. A
difference is told with the conversation that shows it; EBBRT_SEED=N in the
environment replays it.

Arithmetic has keys of its own, which are not read: memcached changes a number
in place, or stores another, padded or not and with or without its history,
depending on whether it is still sending what was read before. And no value
begins with a space: memcached would read the number behind its end.
"""

import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time
import unittest

from tools.testing.main import main

RANDOM_CONVERSATIONS = 300
COMMANDS_PER_CONVERSATION = 25
TIMEOUT_SECONDS = 10
SHOWN_BYTES = 4000
# Ends each conversation, so that one knows that all replies have come.
TEXT_END = b"mg end-of-talk k Oend\r\n"
TEXT_END_REPLY = b"EN kend-of-talk Oend\r\n"


class Server:
    def __init__(self, process, port):
        self.process = process
        self.port = port

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT_SECONDS)
        if self.process.stdout:
            self.process.stdout.close()


def start_ours(path):
    parameters = json.dumps({"port": 0, "address": "127.0.0.1"})
    process = subprocess.Popen([path, "--cores=2", "--parameters=" + parameters],
                               stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("@ebbrt "):
            return Server(process, json.loads(line[7:])["port"])
    raise RuntimeError("our server did not start")


def start_theirs():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        ["memcached", "-l", "127.0.0.1", "-p", str(port), "-u", "nobody"],
        stderr=subprocess.DEVNULL)
    deadline = time.time() + TIMEOUT_SECONDS
    while time.time() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return Server(process, port)
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError("memcached did not start")


def converse(server, request, end_reply, cuts):
    """Sends the request in pieces; returns replies up to end_reply or EOF."""
    with socket.create_connection(("127.0.0.1", server.port),
                                  TIMEOUT_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = 0
        try:
            for cut in cuts + [len(request)]:
                connection.sendall(request[begin:cut])
                begin = cut
        except (BrokenPipeError, ConnectionResetError):
            pass  # It was closed for what came before.
        reply = b""
        try:
            while not reply.endswith(end_reply):
                piece = connection.recv(1 << 16)
                if not piece:
                    return reply + b"(closed)"
                reply += piece
        except ConnectionResetError:
            return reply + b"(closed)"
        except socket.timeout:
            return reply + b"(nothing more)"
        return reply


def masked(reply):
    """What may differ is taken out: versions, and how memory is laid out."""
    reply = re.sub(rb"VERSION \S+", b"VERSION", reply)
    return re.sub(rb"cls=\d+ size=\d+", b"", reply)


def text_corpus():
    longest = b"k" * 250
    yield b"version\r\nverbosity 1\r\nverbosity\r\nmn\r\n"
    yield b"set a 5 0 3\r\nabc\r\nget a\r\ngets a\r\nget a b c a\r\n"
    yield b"set a 0 0 0\r\n\r\nget a\r\n"
    yield b"set a 4294967295 0 1\r\nx\r\nget a\r\n"
    yield b"set a 0 0 1\r\nabcget a\r\n"
    yield b"set a 0 0 3\r\nabcdef\r\nget a\r\n"
    yield b"set a 0 0 -1\r\nget a\r\n"
    yield b"set a 0 0\r\nset a 0 0 1 2 3\r\nset a x 0 1\r\nset a 0 x 1\r\n"
    yield b"set a -1 0 1\r\nx\r\n"
    yield b"set a 0 0 1 noreply\r\nx\r\nget a\r\n"
    yield b"set a 0 0 1 whatever\r\nx\r\nget a\r\n"
    yield b"set a 0 -1 1\r\nx\r\nget a\r\n"
    yield b"set a 0 2592001 1\r\nx\r\nget a\r\n"
    yield b"set a 0 2592000 1\r\nx\r\nget a\r\n"
    # A time that takes more than 31 bits; theirs takes it for a past one.
    yield b"set a 0 4000000000 1\r\nx\r\nset a 0 0 1\r\ny\r\nget a\r\n"
    yield b"get " + longest + b"\r\nget " + longest + b"k\r\n"
    yield b"get a " + longest + b"k b\r\nget a\r\n"
    yield b"set " + longest + b"k 0 0 1\r\nx\r\n"
    yield b"delete " + longest + b"k\r\nincr " + longest + b"k 1\r\n"
    yield b"set a 0 0 2000000\r\n" + b"x" * 2000000 + b"\r\nget a\r\n"
    yield (b"set a 0 0 1\r\nx\r\nset a 0 0 2000000\r\n" + b"x" * 2000000 +
           b"\r\nget a\r\n")
    yield b"get\r\nget  \r\n\r\n \r\nx\r\nxx\r\ngets\r\ngat\r\ngat 1\r\n"
    yield b"gat x a\r\nset a 0 0 1\r\nx\r\ngat 10 a\r\ngats 0 a b\r\n"
    yield b"get a\nset a 0 0 1\nx\r\nget a\n"
    yield b"delete a\r\nset a 0 0 1\r\nx\r\ndelete a 0\r\ndelete a 1\r\n"
    yield b"delete a noreply\r\ndelete a 0 noreply\r\ndelete a 1 noreply\r\n"
    yield b"delete\r\ndelete a b c d\r\n"
    yield b"set a 0 0 2\r\n10\r\nincr a 1\r\ndecr a 5\r\nget a\r\ndecr a 99\r\n"
    yield b"set a 0 0 2\r\n99\r\nincr a 1\r\nget a\r\ndecr a 1\r\nget a\r\n"
    yield b"set a 0 0 1\r\nx\r\nincr a 1\r\nincr a x\r\nincr a -1\r\nincr a\r\n"
    yield b"set a 0 0 0\r\n\r\nincr a 1\r\n"
    yield b"set a 0 0 4\r\n12 x\r\nincr a 1\r\nget a\r\n"
    yield (b"set a 0 0 20\r\n18446744073709551615\r\nincr a 1\r\nget a\r\n"
           b"incr a 18446744073709551616\r\n")
    yield b"touch a 1\r\nset a 0 0 1\r\nx\r\ntouch a x\r\ntouch a 5\r\ntouch\r\n"
    yield b"append a 0 0 1\r\nx\r\nset a 3 0 1\r\nb\r\nappend a 9 0 1\r\nc\r\n" \
          b"prepend a 9 0 1\r\na\r\nget a\r\n"
    yield b"cas a 0 0 1 1\r\nx\r\ncas a 0 0 1\r\ncas a 0 0 1 x\r\n"
    yield b"shutdown\r\nnonsense a b c\r\nSET a 0 0 1\r\nGET a\r\n"
    yield b"flush_all x\r\nflush_all 0 0 0\r\nflush_all\r\nflush_all noreply\r\n"
    yield b"set a 0 0 1\r\nx\r\nflush_all\r\nget a\r\nadd a 0 0 1\r\ny\r\nget a\r\n"
    yield b"set a 0 0 1\r\nx\r\nflush_all -1\r\nget a\r\n"
    yield b"stats nonsense\r\nstats reset\r\n"
    yield b"quit\r\nget a\r\n"
    yield b"GET / HTTP/1.0\r\n"
    # Meta commands.
    yield b"mg\r\nms\r\nmd\r\nma\r\nme\r\nmn\r\nmx\r\nm\r\n"
    yield b"mg a\r\nmg a v\r\nmg a v q\r\nmg a k Oabc\r\nmg a q k\r\n"
    yield b"ms a 2 c F7 T0\r\nhi\r\nmg a s v f t c k Oxyz\r\n"
    yield b"ms a 2\r\nhi\r\nmg a h l u\r\nmg a h l\r\nmg a h l\r\n"
    yield b"ms a\r\nms a x\r\nms a -1\r\nms a 1 Fx\r\nx\r\nms a 1 MZ\r\nx\r\n"
    yield b"ms a 1 MAB\r\nx\r\nms a 1 !\r\nx\r\nms a 1 k k\r\nx\r\nmg a !\r\n"
    yield b"ms a 1 Cx\r\nx\r\nms a 1 Tx\r\nx\r\nma a Dx\r\nma a Jx\r\nmd a Cx\r\n"
    yield b"ms a 3\r\nabcdef\r\nmg a v\r\n"
    yield b"ms a 3 q\r\nabcdef\r\nmn\r\nms a 1 q\r\nx\r\n"
    yield b"ms a 2000000\r\n" + b"x" * 2000000 + b"\r\nmg a v\r\n"
    yield b"ms a 1 ME\r\n1\r\nms a 1 ME\r\n2\r\nms a 1 MA\r\n3\r\n" \
          b"ms a 1 MP\r\n0\r\nmg a v\r\nms b 1 MR\r\nx\r\nms b 1 MA\r\nx\r\n"
    yield b"mg a N30 v t\r\nmg a N30 v\r\nms a 1 T0\r\nx\r\nmg a N30 v t\r\n"
    yield b"ms a 1 T100\r\nx\r\nmg a R30 t\r\nmg a R200 t\r\nmg a R200 t\r\n"
    yield b"ms a 1\r\nx\r\nmd a I T30\r\nmg a v c t\r\nmg a v\r\nmg a v\r\n"
    yield b"ms a 1 c Oq k\r\nx\r\nmd a q\r\nmd a q\r\nmd a k O1\r\n"
    yield b"ma a\r\nma a N0 J13 v\r\nma a v\r\nma a MD D4 v c t\r\nma a M+ v\r\n" \
          b"ma a M- D99 v k Oz\r\nma a MX\r\nma a q\r\nma b q\r\n"
    yield b"ms a 1\r\nx\r\nma a\r\nma a C1\r\n"
    yield b"ms Zm9v 1 b k\r\nx\r\nmg foo v k\r\nmg Zm9v b k\r\nmd Zm9v b k\r\n"
    yield b"ms !!! 1 b\r\nx\r\nmg !!! b\r\nme !!! b\r\n"
    yield b"me a\r\nms a 1 T100\r\nx\r\nme a\r\nmg a\r\nme a\r\n"
    yield b"mg a O" + b"x" * 32 + b"\r\nmg a O" + b"x" * 31 + b"\r\n"
    yield b"mg " + longest + b"k v\r\nmd " + longest + b"k\r\nma " + longest + \
          b"k\r\nms " + longest + b"k 1\r\nx\r\n"
    yield b"mg a " + b" ".join([b"P", b"L"]) + b" v\r\n"
    yield b"mg a " + b"s v f t c k h l O1 q u N1 R1 T1 b P1 L1 F1 C1 D1 J1 MX\r\n"


def random_text(source):
    keys = [b"a", b"b", b"c", b"longer-key-%d" % source.randrange(3)]

    def key():
        return source.choice(keys)

    def number():
        return b"n%d" % source.randrange(3)

    def value():
        kind = source.randrange(3)
        if kind == 0:
            return b"%d" % source.randrange(200)
        return bytes(source.randrange(33, 127)
                     for _ in range(source.choice([0, 1, 10, 100, 5000])))

    def store(verb, extra=b""):
        data = value()
        noreply = source.choice([b"", b"", b"", b" noreply"])
        return b"%s %s %d 0 %d%s%s\r\n%s\r\n" % (
            verb, key(), source.randrange(1000), len(data), extra, noreply, data)

    def flags(letters):
        chosen = source.sample(letters, source.randrange(len(letters)))
        return b"".join(b" " + flag for flag in chosen)

    def command():
        kind = source.randrange(16)
        if kind < 3:
            return store(b"set")
        if kind == 3:
            return store(source.choice([b"add", b"replace"]))
        if kind == 4:
            return store(source.choice([b"append", b"prepend"]))
        if kind == 5:
            return store(b"cas", b" %d" % source.randrange(5000))
        if kind < 8:
            verb = source.choice([b"get", b"gets"])
            return verb + b" " + b" ".join(
                key() for _ in range(source.randrange(1, 5))) + b"\r\n"
        if kind == 8:
            verb = source.choice([b"incr", b"decr"])
            return b"%s %s %d\r\n" % (verb, number(), source.randrange(100))
        if kind == 9:
            if source.randrange(2):
                return b"set %s 0 0 2\r\n%d\r\n" % (
                    number(), source.randrange(10, 100))
            return b"delete %s\r\n" % source.choice([key(), number()])
        if kind == 10:
            return b"touch %s 0\r\n" % key()
        if kind == 11:
            data = value()
            return b"ms %s %d%s\r\n%s\r\n" % (
                key(), len(data),
                flags([b"c", b"k", b"Oab", b"F9", b"T0", b"q",
                       source.choice([b"ME", b"MA", b"MP", b"MR", b"MS"]),
                       b"I", b"C%d" % source.randrange(5000)]), data)
        if kind == 12:
            return b"mg %s%s\r\n" % (
                key(), flags([b"v", b"k", b"c", b"f", b"s", b"t", b"h", b"u",
                              b"O123", b"q", b"N0", b"R30"]))
        if kind == 13:
            return b"md %s%s\r\n" % (
                key(), flags([b"q", b"k", b"Ox", b"I", b"T0"]))
        if kind == 14:
            return b"ma %s%s\r\n" % (
                number(), flags([b"v", b"N0", b"J5", b"D3", b"c", b"t",
                              b"k", b"MD", b"T0"]))
        return source.choice([b"nonsense\r\n", b"\r\n", b"get\r\n",
                              b"flush_all\r\n", b"mn\r\n"])

    return b"".join(command() for _ in range(COMMANDS_PER_CONVERSATION))


def frame(opcode, extras=b"", key=b"", value=b"", cas=0, opaque=0xabcd1234):
    return struct.pack(">BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0,
                       len(extras) + len(key) + len(value), opaque,
                       cas) + extras + key + value


BINARY_END = frame(0x0a, opaque=0xe4de4d)
BINARY_END_REPLY = struct.pack(">BBHBBHIIQ", 0x81, 0x0a, 0, 0, 0, 0, 0,
                               0xe4de4d, 0)


def random_binary(source):
    keys = [b"a", b"b", b"c"]

    def command():
        key = source.choice(keys)
        value = b"%d" % source.randrange(300) if source.randrange(2) \
            else b"v" * source.choice([0, 1, 100, 3000])
        cas = source.choice([0, 0, 0, source.randrange(5000)])
        kind = source.randrange(10)
        if kind < 3:
            opcode = source.choice([0x01, 0x02, 0x03, 0x11, 0x12, 0x13])
            return frame(opcode, struct.pack(">II", source.randrange(99), 0),
                         key, value, cas)
        if kind < 5:
            return frame(source.choice([0x00, 0x09, 0x0c, 0x0d]), b"", key)
        if kind == 5:
            return frame(source.choice([0x04, 0x14]), b"", key, b"", cas)
        if kind == 6:
            return frame(
                source.choice([0x05, 0x06, 0x15, 0x16]),
                struct.pack(">QQI", source.randrange(50), 7,
                            source.choice([0, 0xffffffff])),
                b"n" + key)
        if kind == 7:
            return frame(source.choice([0x0e, 0x0f, 0x19, 0x1a]), b"", key,
                         value, cas)
        if kind == 8:
            return frame(source.choice([0x1c, 0x1d, 0x1e, 0x23, 0x24]),
                         struct.pack(">I", 0), key)
        return frame(source.choice([0x08, 0x18, 0x0a, 0x50]))

    return b"".join(command() for _ in range(COMMANDS_PER_CONVERSATION))


def binary_corpus():
    yield frame(0x00) + frame(0x0a)
    yield frame(0x01, b"", b"a", b"x") + frame(0x0a)
    yield frame(0x00, b"1234", b"a")
    yield frame(0x00, b"", b"k" * 251)
    yield frame(0x07) + frame(0x0a)
    yield frame(0x17) + frame(0x0a)
    yield frame(0x10, b"", b"nonsense")
    yield frame(0x20) + frame(0x60)
    yield frame(0x05, b"1234", b"a")
    yield frame(0x08, b"12345678")
    yield frame(0x01, b"12345678", b"a", b"x" * 2000000) + frame(0x00, b"", b"a")
    yield frame(0x0a)[:8] + struct.pack(">I", 0) + frame(0x0a)[12:]
    wrong = bytearray(frame(0x00, b"", b"key"))
    wrong[8:12] = struct.pack(">I", 1)
    yield bytes(wrong)


def conversations_of(source):
    """All of one run, each with what its replies end with."""
    texts = list(text_corpus())
    frames = list(binary_corpus())
    for _ in range(RANDOM_CONVERSATIONS):
        if source.randrange(3):
            texts.append(random_text(source))
        else:
            frames.append(random_binary(source))
    both = [(text + TEXT_END, TEXT_END_REPLY) for text in texts]
    both += [(binary + BINARY_END, BINARY_END_REPLY) for binary in frames]
    source.shuffle(both)
    return both


class DifferentialTest(unittest.TestCase):
    """The servers live as long as the test: what is stored stays stored."""

    def setUp(self):
        self.servers = [start_ours(OUR_SERVER), start_theirs()]
        for server in self.servers:
            self.addCleanup(server.stop)

    def test_replies_are_those_of_memcached(self):
        seed = int(os.environ.get("EBBRT_SEED", random.randrange(1 << 32)))
        source = random.Random(seed)
        for request, end_reply in conversations_of(source):
            cuts = sorted(source.randrange(len(request))
                          for _ in range(source.choice([0, 1, 3, 20])))
            ours, theirs = (masked(converse(server, request, end_reply, cuts))
                            for server in self.servers)
            if ours != theirs:
                # What follows might only differ because this did.
                self.fail(told(seed, request, ours, theirs))


def told(seed, request, ours, theirs):
    """The difference, for a person."""
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b),
              min(len(ours), len(theirs)))
    around = slice(max(0, at - 60), at + 60)
    shortened = re.sub(rb"\S{60,}", b"(long)", request)[:SHOWN_BYTES]
    return (f"EBBRT_SEED={seed}\nrequest {shortened}\n"
            f"ours    {ours[around]}\ntheirs  {theirs[around]}")


if __name__ == "__main__":
    OUR_SERVER = sys.argv[1]
    main()
