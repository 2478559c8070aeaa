import Jute
import Quorum
import Records

// Clients: writes on any server that serves, and who is told that they are done.

extension QuorumSimulation {
    /// A client writes somewhere, or syncs.
    func write() {
        if !isCalm || !isSettled {
            queue.schedule(.write, at: now + random.number(500...(isCalm ? 100_000 : 20_000)))
        }
        let serving = servers.indices.filter { servers[$0].isServing }
        guard let host = random.pick(serving), servers[host].stoppedUntil <= now,
            operationCount < options.limits.operationCountMax ?? .max
        else { return }
        for _ in 0..<random.number(1...4) {
            lastOperation += 1
            write(lastOperation, host)
        }
        let session = SessionID(Int64(lastOperation))
        servers[host].peer?.touch(session, timeout: 4000)
        if random.chance(1, in: 10) {
            servers[host].peer?.revalidate(session, timeout: 4000)
            servers[host].peer?.forward(
                ForwardedRequest(
                    session: session, cxid: Xid(0), type: .sync, body: [], identities: []))
        }
        perform(host)
    }

    private func write(_ operation: UInt64, _ host: Int) {
        var writer = JuteWriter()
        writer.writeInt64(Int64(operation))
        writer.writeBytes([UInt8](repeating: 7, count: random.number(0...60)))
        let body = writer.copyBytes()
        servers[host].waiting.insert(operation)
        if case .leading = servers[host].role {
            propose(body, host)
        } else {
            servers[host].peer?.forward(
                ForwardedRequest(
                    session: SessionID(1), cxid: Xid(1), type: .create, body: body,
                    identities: []))
        }
    }

    func propose(_ body: [UInt8], _ host: Int) {
        guard case .leading = servers[host].role, let zxid = servers[host].peer?.nextZxid else {
            return
        }
        servers[host].peer?.propose(Proposal(zxid: zxid, bytes: body), now: time(host))
    }

    /// A server has applied a write: if its client waits there, it is told.
    func delivered(_ proposal: Proposal, _ host: Int) {
        var reader = JuteReader(proposal.bytes.rawSpan)
        guard let number = try? reader.readInt64() else { return }
        let operation = UInt64(number)
        if servers[host].waiting.remove(operation) != nil {
            acknowledged.insert(operation)
            count("acknowledged")
        }
    }
}

extension Proposal {
    /// The operation in a proposal of this workload.
    var operation: UInt64? {
        var reader = JuteReader(bytes.rawSpan)
        guard let number = try? reader.readInt64() else { return nil }
        return UInt64(number)
    }
}
