import Jute
import Records

// The end: on every server an inspector looks at every znode. Everything acknowledged must be
// there, nothing that belonged to a session that is gone, and all servers must hold the same.

extension EnsembleSimulation {
    /// The clients vanish without a word, and inspectors come.
    func beginInspection() {
        for number in clients.indices {
            if let end = clients[number].end { network.close(end, now: now) }
            clients[number].state = .vanished
            clients[number].end = nil
        }
        for host in servers.indices where admin == nil || servers[host].isKnown {
            let number = clients.count
            var inspector = SimulatedClient(number: number, host: servers.count + number)
            inspector.home = host
            clients.append(inspector)
            queue.schedule(.client(number), at: now + 100_000)
        }
    }

    /// One look: a sync, then the names, then each znode.
    func inspect(_ number: Int) {
        guard clients[number].pending.isEmpty else { return }
        if clients[number].wantsList {
            clients[number].wantsList = false
            clients[number].found = [:]
            clients[number].names = nil
            send(number, .sync)
            send(number, .list)
            return
        }
        guard let names = clients[number].names else {
            clients[number].wantsList = true
            return
        }
        let missing = names.filter { clients[number].found[$0] == nil }
        if missing.isEmpty {
            compare(number, names)
        } else {
            for path in missing.prefix(200) { send(number, .get(path)) }
        }
    }

    func receivedList(_ number: Int, _ body: [UInt8]) {
        guard let children = EnsembleSimulation.children(in: body) else { return }
        // Ephemerals of those that vanished may need a little longer; looking again is cheap as long
        // as nothing was read.
        if children.contains(where: { $0.bytes.first == UInt8(ascii: "e") }) { return }
        var names = children.map(Path.root.appending)
        // Its zxid is the version: all must end with the same.
        names.append("/zookeeper/config")
        clients[number].names = names.sorted()
    }

    /// What is below the root but for the ensemble's own, as a list of it says.
    static func children(in body: [UInt8]) -> [ByteString]? {
        var reader = JuteReader(body.rawSpan)
        guard let count = try? reader.readInt32(), count >= 0 else { return nil }
        var names: [ByteString] = []
        for _ in 0..<count {
            guard let name = try? reader.readString() else { return nil }
            if name != "zookeeper" { names.append(name) }
        }
        return names
    }

    /// All is seen here.
    private func compare(_ number: Int, _ names: [Path]) {
        promises.checkEnd(clients[number].found, fail)
        let lost = acknowledged.subtracting(names)
        if !lost.isEmpty {
            let example = lost.map(\.description).sorted().prefix(5)
            fail("server \(clients[number].target + 1) has lost \(example)")
        }
        clients[number].isDone = true
    }

    /// Whether every server was inspected and all hold the same.
    var isSettled: Bool {
        guard isCalm else { return false }
        let inspectors = clients.filter { $0.home != nil }
        guard !inspectors.isEmpty, inspectors.allSatisfy(\.isDone) else { return false }
        for inspector in inspectors where inspector.found != inspectors[0].found {
            let paths = Set(inspector.found.keys).union(inspectors[0].found.keys).filter {
                inspector.found[$0] != inspectors[0].found[$0]
            }
            fail(
                "server \(inspector.target + 1) differs from server"
                    + " \(inspectors[0].target + 1) in "
                    + paths.sorted { $0.description < $1.description }.prefix(5).map {
                        "\($0) (\(inspector.found[$0] ?? .none), \(inspectors[0].found[$0] ?? .none))"
                    }.joined(separator: ", "))
        }
        return true
    }
}
