"""A network without any rights: everything that servers and clients tell each other goes through proxies in this process.

Each server listens at a loopback address of its own, and each pair of a sender and a receiver has a proxy at an address of
its own. So a proxy knows who speaks to whom, and each server's zoo.cfg has a view of its own: itself as it is, and the
others at the proxies that lead from it to them. What follows from that:

- `reconfigEnabled` is false here. Else a new leader would give its view to all others, who would find each other, and
  itself, past the proxies or through those of others. So there is no dynamic configuration in this world.
- A server that calls another one for an election tells its address, and a higher one calls back there. The proxy puts the
  address in its place that leads back through the proxy of the other direction.

A direction that is cut holds its bytes, and the end of a connection with them: nothing is closed, nothing is lost, and a
connection that its sender begins meanwhile has nobody at its other end until the network is mended. A stream that loses
packets is late and nothing else, so that is what becomes of loss.
"""
import asyncio
import contextlib
import random
import select
import socket
import struct
import subprocess
import threading

from harness import places

CLIENTS = 254
PIECE, SLOW_PIECE = 64 << 10, 4 << 10
# Nothing here ends with a namespace: each process ends with the one that started it by the system's care.
ALONE = ["setpriv", "--pdeathsig", "KILL"]
# What a lost packet costs a stream: the shortest time until it is sent again.
LATE = 0.2
# How long a follower asks a leader that does not listen yet.
PATIENCE = 1.0
# A call for an election: version, server, length of its address.
CALL = struct.Struct(">qqi")


def refused():
    """Why this machine has no such network; None where it has."""
    try:
        socket.create_server(("127.66.0.1", 0)).close()
        subprocess.run([*ALONE, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return str(error)
    return None


class Proxies:
    config = {"reconfigEnabled": "false"}
    prefix_of_clients = ALONE

    def __init__(self, count):
        self.numbers = range(1, count + 1)
        source = random.SystemRandom()
        # Several runs at once have networks of their own, and no connection that anybody else makes starts from here. Ports are
        # free ones, as whoever listens at one on all addresses listens here, too.
        self.network = f"127.{source.randrange(16, 250)}.{source.randrange(1, 250)}"
        self.client, self.quorum, self.election = places.free_port(), places.free_port(), places.free_port()
        self.open, self.rates, self.losses, self.free = {}, {}, {}, {}
        self.random = random.Random(0)
        self.tasks, self.listeners = set(), []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        for receiver in self.numbers:
            for sender in [CLIENTS, *self.numbers]:
                self.open[sender, receiver], self.open[receiver, sender] = asyncio.Event(), asyncio.Event()
        self.mend()
        for sender, receiver in list(self.open):
            if sender != receiver and receiver != CLIENTS:
                for port in [self.client] if sender == CLIENTS else [self.quorum, self.election]:
                    self.listen(sender, receiver, port)

    # -- addresses
    def host(self, number):
        """Where a server listens."""
        return f"{self.network}.{number}"

    def way(self, sender, receiver):
        """The address at which `sender` finds `receiver`."""
        return f"{self.network}.{100 + receiver if sender == CLIENTS else 10 * sender + receiver}"

    def door(self, number):
        """Where clients reach a server."""
        return self.way(CLIENTS, number)

    def members(self, number):
        """The lines of an ensemble in the zoo.cfg of a server: its own view."""
        hosts = {each: self.host(each) if each == number else self.way(number, each) for each in self.numbers}
        return [f"server.{each}={host}:{self.quorum}:{self.election}" for each, host in hosts.items()]

    def prefix(self, number):
        return ALONE

    # -- faults
    def cut(self, sender, receiver):
        self.tell(self.open[sender, receiver].clear)

    def slow(self, number, loss, kilobits):
        """What a server sends goes at this rate; what comes to it is late as often as a packet would be lost."""
        self.rates[number], self.losses[number] = kilobits * 125, loss

    def mend(self):
        def opened():
            self.rates.clear()
            self.losses.clear()
            for each in self.open.values():
                each.set()
        self.tell(opened)

    def tell(self, change, *arguments):
        """Does it in the proxies' thread, and waits until it is done."""
        async def done():
            change(*arguments)
        asyncio.run_coroutine_threadsafe(done(), self.loop).result(30)

    def close(self):
        def end():
            for each in self.tasks:
                each.cancel()
            self.loop.call_later(0.05, self.loop.stop)
        self.loop.call_soon_threadsafe(end)
        self.thread.join(10)
        for each in self.listeners:
            each.close()

    # -- connections
    def listen(self, sender, receiver, port):
        listener = socket.create_server((self.way(sender, receiver), port), backlog=512)
        listener.setblocking(False)
        self.listeners.append(listener)
        self.tell(self.begin, self.serve(listener, sender, receiver, port))

    def begin(self, work):
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def serve(self, listener, sender, receiver, port):
        while True:
            with contextlib.suppress(ConnectionAbortedError):
                near, _ = await self.loop.sock_accept(listener)
                self.begin(self.join(near, sender, receiver, port))

    async def join(self, near, sender, receiver, port):
        """A connection from its beginning to its end."""
        ends = [near]
        try:
            near.setblocking(False)
            far = await self.reach(near, sender, receiver, port)
            ends.append(far)
            for each in ends:
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.gather(self.pipe(near, far, sender, receiver, calls=port == self.election), self.pipe(far, near, receiver, sender))
        except OSError:
            # Nobody listens: whoever called is told so, as late as it may be.
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        finally:
            for each in ends:
                each.close()

    async def reach(self, near, sender, receiver, port):
        """The other end. Who begins to lead may not listen yet; followers that are refused ask again, so that is done for them."""
        end = self.loop.time() + (PATIENCE if port == self.quorum else 0)
        while True:
            await self.passing(sender, receiver)
            if given_up(near):
                raise ConnectionAbortedError
            far = socket.socket()
            far.setblocking(False)
            try:
                await self.loop.sock_connect(far, (self.host(receiver), port))
                return far
            except OSError:
                far.close()
                if self.loop.time() >= end:
                    raise
            await asyncio.sleep(0.02)

    async def pipe(self, source, drain, sender, receiver, calls=False):
        """Bytes of one direction, until there are no more; then the other side is told so."""
        try:
            if calls:
                await self.call(source, drain, sender, receiver)
            while piece := await self.loop.sock_recv(source, SLOW_PIECE if sender in self.rates else PIECE):
                await self.passing(sender, receiver, len(piece))
                await self.loop.sock_sendall(drain, piece)
        except (OSError, EOFError):
            pass
        await self.passing(sender, receiver)
        with contextlib.suppress(OSError):
            drain.shutdown(socket.SHUT_WR)

    async def call(self, source, drain, sender, receiver):
        """The beginning of a connection for elections, with the address that leads back to the sender through a proxy."""
        head = await self.exactly(source, CALL.size)
        version, server, length = CALL.unpack(head)
        if version >= 0 or not 0 < length < 4096:
            piece = head
        else:
            await self.exactly(source, length)
            address = f"{self.way(receiver, sender)}:{self.election}".encode()
            piece = CALL.pack(version, server, len(address)) + address
        await self.passing(sender, receiver, len(piece))
        await self.loop.sock_sendall(drain, piece)

    async def exactly(self, source, size):
        found = b""
        while len(found) < size:
            piece = await self.loop.sock_recv(source, size - len(found))
            if not piece:
                raise EOFError
            found += piece
        return found

    async def passing(self, sender, receiver, size=0):
        """Waits until so many bytes may go on."""
        if size and self.random.random() < self.losses.get(receiver, 0):
            await asyncio.sleep(LATE)
        if size and (rate := self.rates.get(sender)):
            # All that a server sends shares its rate.
            self.free[sender] = max(self.free.get(sender, 0), self.loop.time()) + size / rate
            await asyncio.sleep(self.free[sender] - self.loop.time())
        while not self.open[sender, receiver].is_set():
            await self.open[sender, receiver].wait()


def given_up(near):
    """Whether the one that called has ended its call."""
    poll = select.poll()
    poll.register(near, select.POLLRDHUP)
    return bool(poll.poll(0))
