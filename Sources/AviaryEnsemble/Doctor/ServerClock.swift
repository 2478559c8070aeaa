// The clock of a server that is only reached as a client reaches it.

internal import AviaryClient
internal import Records

/// Reads a server's clock off what it says of a session that has just been opened.
///
/// Of all that a ZooKeeper server can be asked, only `cons` tells a time of its own, for every
/// session when it was opened. Where the word is not allowed the clock stays unknown.
enum ServerClock {
    static func ask(_ server: ServerFacts) async -> ClockFact? {
        let place = ServerAddress(host: server.host, port: server.port)
        let client = ZooKeeperClient(ConnectString(servers: [place]), timeout: 6000)
        let asked = MachineProbe.time
        var fact: ClockFact?
        do {
            try await client.waitUntilConnected(patience: .seconds(3))
            let answered = MachineProbe.time
            // With an answer of its own the session is known, here and in what the server lists.
            _ = try await client.exists("/")
            let question = FourLetterClient.Question(
                word: "cons", host: server.host, port: server.port)
            let session = client.current.session
            fact = FourLetterClient.ask([question])[0]
                .flatMap { opened(session, in: $0) }
                .map { ClockFact($0, from: asked, to: answered) }
        } catch {
            // Nothing can be said of it.
        }
        await client.close()
        return fact
    }

    /// When a session was opened, in seconds, by the answer to `cons`.
    static func opened(_ session: SessionID, in answer: String) -> Double? {
        let number = String(UInt64(bitPattern: session.rawValue), radix: 16)
        for line in answer.split(separator: "\n") {
            let fields = line.split { ",()".contains($0) }
            guard fields.contains("sid=0x\(number)"),
                let time = fields.first(where: { $0.hasPrefix("est=") })
            else { continue }
            return Double(time.dropFirst(4)).map { $0 / 1000 }
        }
        return nil
    }
}
