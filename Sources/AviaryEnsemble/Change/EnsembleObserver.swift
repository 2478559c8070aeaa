// What is there: the files, the processes, and what the servers say of themselves.

internal import Configuration
internal import Jute
internal import Records
internal import Storage

/// Looks at the servers of an ensemble on this machine, and changes nothing.
struct EnsembleObserver {
    let folder: EnsembleFolder
    /// A server this many transactions behind is in step: it was asked a moment after the leader.
    private static let lagMax = 1000

    /// What is seen now of these servers.
    ///
    /// `record` is who has files, `wanted` how they are to run; where a member listens is for the
    /// committed configuration to say.
    func look(
        record: EnsembleSpec, wanted: EnsembleSpec, committed: Membership?, confirmed: Int64?
    ) -> EnsembleView {
        var places: [Int: Place] = [:]
        for server in wanted.servers { places[server.id] = Place(server, wanted, folder) }
        let merged = record.adoptingSettings(of: wanted)
        for server in merged.servers { places[server.id] = Place(server, merged, folder) }
        for member in committed?.members ?? [] {
            places[Int(member.id.rawValue), default: Place(member)].adopt(member)
        }
        let all = places.sorted { $0.key < $1.key }.map { $0.value }
        let answers = ask("srvr", all).map(Answer.init)
        var view = EnsembleView(
            committed: committed,
            servers: zip(all, answers).map { place, answer in
                var server = place.observed()
                server.mode = server.isRunning ? answer.mode : nil
                return server
            }, confirmedVersion: confirmed)
        judge(&view, all, answers)
        return view
    }

    private func ask(_ word: String, _ places: [Place]) -> [String?] {
        FourLetterClient.ask(
            places.map { FourLetterClient.Question(word: word, host: $0.host, port: $0.port) })
    }

    /// Who is in step: whoever serves in the leader's epoch, if the leader counts as many.
    private func judge(_ view: inout EnsembleView, _ places: [Place], _ answers: [Answer]) {
        guard let leader = view.servers.firstIndex(where: { $0.mode == .leader }),
            let last = answers[leader].zxid
        else { return }
        let others = view.servers.count { $0.mode != nil } - 1
        let learners = ask("mntr", [places[leader]])[0].flatMap(EnsembleObserver.learners)
        let isTrusted = learners.map { $0 >= others } ?? true
        for place in view.servers.indices {
            guard view.servers[place].mode != nil else { continue }
            let lag = answers[place].lag(behind: last)
            view.servers[place].lag = lag
            view.servers[place].isSynced =
                place == leader || (isTrusted && lag.map { $0 <= EnsembleObserver.lagMax } ?? false)
        }
    }

    /// How many learners a leader counts as in step; nil if it does not say.
    private static func learners(_ figures: String) -> Int? {
        var sum: Int?
        for line in figures.split(separator: "\n") {
            let words = line.split(separator: "\t")
            guard words.count == 2, let number = Int(words[1]) else { continue }
            switch words[0] {
            case "zk_synced_followers", "zk_synced_non_voting_followers", "zk_synced_observers":
                sum = (sum ?? 0) + number
            default: break
            }
        }
        return sum
    }
}

extension EnsembleObserver {
    /// What a server answers to `srvr`.
    private struct Answer {
        var mode: ObservedServer.Mode?
        var zxid: UInt64?

        init(_ text: String?) {
            for line in (text ?? "").split(separator: "\n") {
                if line.hasPrefix("Mode: ") {
                    mode = ObservedServer.Mode(rawValue: String(line.dropFirst(6)))
                } else if line.hasPrefix("Zxid: 0x") {
                    zxid = UInt64(line.dropFirst(8), radix: 16)
                }
            }
        }

        /// How many transactions of the leader's epoch it has not applied.
        func lag(behind leader: UInt64) -> Int? {
            guard let zxid else { return nil }
            let last = Int(leader & 0xffff_ffff)
            guard zxid >> 32 == leader >> 32 else { return zxid > leader ? 0 : last }
            return max(0, last - Int(zxid & 0xffff_ffff))
        }
    }

    /// A server's files, and where it listens for clients.
    private struct Place {
        let id: Int
        var host: String
        var port: Int
        /// Nil if it is somebody else's: a member that no record has.
        let files: ServerFolder?

        init(_ server: ServerSpec, _ spec: EnsembleSpec, _ folder: EnsembleFolder) {
            id = server.id
            host = server.host
            port = server.ports.client
            files = ServerFolder(
                server, of: spec, in: folder.path,
                operatorDigest: folder.operatorCredential?.digest)
        }

        init(_ member: Member) {
            id = Int(member.id.rawValue)
            host = ""
            port = 0
            files = nil
        }

        mutating func adopt(_ member: Member) {
            host = member.quorum.host.description
            if let client = member.client { port = Int(client.port) }
        }

        func observed() -> ObservedServer {
            var server = ObservedServer(
                id: ServerID(Int64(id)), isRunning: false, files: .none)
            guard let files else {
                // Whether it runs only its own launcher knows.
                server.isRunning = true
                return server
            }
            server.isRunning = ServerProcess(files).pid != nil
            server.files = files.state
            if let stamp = (try? AtomicFile.read(files.stampPath, in: POSIXFileSystem())) ?? nil {
                server.isCurrent = stamp == Array(files.stamp.utf8)
            } else {
                // Started by a launcher that left no stamp: under no roll, from no other binary.
                server.isCurrent = files.server.rollMark == nil && files.server.binary == nil
            }
            return server
        }
    }
}
