// What a doctor wants to know of another host: asked there, and judged here.

internal import Storage

extension RemoteSite {
    func inspect(_ path: String) -> DirectoryFacts {
        guard let answer = try? ask(["inspect", path]) else { return DirectoryFacts(path) }
        return DirectoryFacts(path, words: answer.words)
    }

    func taken(_ ports: Ports) -> [ServerFacts.TakenPort] {
        let asked = [
            ("client", ports.client), ("quorum", ports.quorum), ("election", ports.election),
        ]
        let names = (try? ask(["taken"] + asked.map { String($0.1) }))?.words ?? []
        return asked.filter { names.contains($0.0) }.map {
            ServerFacts.TakenPort(name: $0.0, port: $0.1)
        }
    }

    var clock: ClockFact? {
        // Not the time that connecting takes.
        connect()
        let asked = MachineProbe.time
        guard let word = (try? ask(["clock"]))?.words.first, let shown = Double(word) else {
            return nil
        }
        return ClockFact(shown, from: asked, to: MachineProbe.time)
    }
}

extension DirectoryFacts {
    /// As one host tells another.
    var words: [String] {
        [
            exists ? "1" : "0", isWritable ? "1" : "0", freeBytes.map { String($0) } ?? "",
            syncMilliseconds.map { String($0) } ?? "", isIdentityDamaged ? "1" : "0",
            identity?.hasHistory ?? false ? "1" : "0",
            identity?.originalExists ?? false ? "1" : "0", identity?.identity?.text ?? "",
        ]
    }

    /// What another host has told; with nothing wrong, if it makes no sense.
    init(_ path: String, words: [String]) {
        self.init(path)
        guard words.count == 8 else { return }
        exists = words[0] == "1"
        isWritable = words[1] == "1"
        freeBytes = Int64(words[2])
        syncMilliseconds = Double(words[3]).flatMap { 0...1e9 ~= $0 ? $0 : nil }
        isIdentityDamaged = words[4] == "1"
        identity = IdentityCheck.Place(
            path: path, identity: DataIdentity(words[7]), hasHistory: words[5] == "1",
            originalExists: words[6] == "1")
    }
}
