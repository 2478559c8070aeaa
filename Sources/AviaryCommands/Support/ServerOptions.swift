import ArgumentParser
import AviaryEnsemble

/// The servers a verb is about, and what the verb did to each.
struct ServerOptions: ParsableArguments {
    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The ids of the servers.")
    var ids: [Int]

    /// The ensemble that has all these servers.
    func find() throws -> LocalEnsemble {
        let found = try ensemble.find()
        try found.checkIDs(ids)
        return found
    }

    /// Sends a signal to each server; says which of them do not run.
    func send(_ number: CInt, _ done: String) throws {
        let found = try find()
        var missed: [Int] = []
        for server in found.servers where ids.contains(server.server.id) {
            if try !ServerProcess(server).signal(number) { missed.append(server.server.id) }
        }
        let unreachable = found.unreachable(among: missed)
        report(found, ids.filter { !missed.contains($0) }, done)
        guard missed.isEmpty else {
            guard unreachable.isEmpty else {
                throw Complaint(unreachable.joined(separator: "\n  "), .unreachable)
            }
            let names = missed.map(String.init)
            throw Complaint(
                "server \(names.joined(separator: ", ")) of \(found.folder.name) does not run. "
                    + "'aviary start \(names.joined(separator: " "))' starts it")
        }
    }

    /// Complains about servers that have ended as soon as they were started.
    func checkAlive(_ ensemble: LocalEnsemble, _ started: [Int]) throws {
        let ended = ensemble.endedAtOnce(started)
        guard !ended.isEmpty else { return }
        for server in ensemble.servers where ended.contains(server.server.id) {
            Program.note("server \(server.server.id): \(MergedLog.reason(of: server))")
        }
        let names = ended.map(String.init).joined(separator: " ")
        throw Complaint(
            "server \(names) of \(ensemble.folder.name) ended at once; the reason is above. "
                + "'aviary logs \(names)' shows all that it said")
    }

    /// Shows what was done, a line a server.
    func report(_ ensemble: LocalEnsemble, _ changed: [Int], _ done: String) {
        let name = ensemble.folder.name
        if output.json {
            Program.show(
                JSONValue.object([
                    JSONValue.Field("ensemble", .string(name)),
                    JSONValue.Field("did", .string(done)),
                    JSONValue.Field("servers", .list(changed.map { .integer($0) })),
                ]).text)
            return
        }
        for id in changed { Program.show("server \(id) of \(name): \(done)") }
    }
}

extension LocalEnsemble {
    /// Complains about ids that no server has.
    func checkIDs(_ ids: [Int]) throws {
        let known = servers.map(\.server.id)
        let unknown = ids.filter { !known.contains($0) }
        for id in unknown {
            guard let place = folder.formerPlace(of: id) else { continue }
            throw Complaint(
                "server \(id) was removed from \(folder.name), and does not come back: what it had is in "
                    + "\(place). 'aviary add --ensemble \(folder.name)' starts a new one with an id of "
                    + "its own", .misused)
        }
        guard unknown.isEmpty else {
            let names = unknown.map(String.init).joined(separator: ", ")
            throw Complaint(
                "there is no server \(names) in \(folder.name), only "
                    + known.map(String.init).joined(separator: ", ")
                    + "; 'aviary status' shows them", .misused)
        }
    }
}
