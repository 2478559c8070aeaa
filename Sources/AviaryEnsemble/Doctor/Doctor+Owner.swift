internal import Records
internal import Storage

// Whose data a server's directories hold: the server would look, and refuse to start.

extension Doctor {
    /// A server that runs has looked itself.
    func examineOwner(_ server: ServerFacts) -> [Finding] {
        guard !server.isRunning else { return [] }
        let directories =
            server.logs.path == server.data.path ? [server.data] : [server.data, server.logs]
        return directories.compactMap { examineOwner(server, $0) }
    }

    private func examineOwner(_ server: ServerFacts, _ directory: DirectoryFacts) -> Finding? {
        let path = directory.path
        guard !directory.isIdentityDamaged else {
            return found(
                "data-unknown", server,
                "\(DataIdentity.path(in: path)) does not say whose data these are",
                remedy: "rm \(word(DataIdentity.path(in: path)))   "
                    + "# if they are server \(server.id)'s")
        }
        guard let place = directory.identity else { return nil }
        let check = IdentityCheck(
            // An ensemble that is still to be made is no other's.
            ensemble: facts.identity ?? (facts.isPlanned ? "" : nil),
            server: ServerID(Int64(server.id)), version: server.members?.version ?? 0, places: [])
        switch check.refusal(of: place) {
        case nil: return nil
        case .ofEnsemble(let other):
            return found(
                "data-foreign", server, "\(path) holds the data of another ensemble, \(other)",
                remedy: emptied(server, path, "its own come from the others"))
        case .ofServer(let other): return swapped(server, path, Int(clamping: other.rawValue))
        case .removed(let version):
            return found(
                "data-removed", server,
                "\(path) holds the data of a server that was removed, by configuration "
                    + hex(version),
                remedy: facts.isPlanned
                    ? emptied(server, path, "")
                    : verb("apply") + "   # lets it join again, or puts its files aside")
        case .copy(let original):
            return found(
                "data-copied", server,
                "\(path) is a copy of \(original), which is still there: who starts from both "
                    + "forgets what the other has confirmed",
                remedy: "mv \(word(path)) \(word(path + ".copy")) && mv \(word(original)) "
                    + "\(word(path))   # unless a server runs from \(original)")
        }
    }

    /// Both are told how to change back, if the other one has this one's.
    private func swapped(_ server: ServerFacts, _ path: String, _ other: Int) -> Finding {
        let own = ServerID(Int64(server.id))
        let away = facts.servers.first {
            $0.id != server.id && !$0.isRunning && $0.data.identity?.identity?.server == own
        }
        let text = "\(path) holds the data of server \(other), and this is server \(server.id)"
        guard let away, path == server.data.path, away.id == other else {
            return found(
                "data-swapped", server, text,
                remedy: emptied(server, path, "its own come from the others"))
        }
        guard server.id < other else {
            return found(
                "data-swapped", server, text,
                remedy: "# what is typed for server \(other) mends both")
        }
        let (here, there, between) = (word(path), word(away.data.path), word("\(path).\(other)"))
        return found(
            "data-swapped", server, text,
            remedy: "mv \(here) \(between) && mv \(there) \(here) && mv \(between) \(there)")
    }

    /// A server with an empty disk waits, without a vote, until a leader has sent it the data.
    private func emptied(_ server: ServerFacts, _ path: String, _ why: String) -> String {
        let aside = "mv \(word(path)) \(word(path + ".other"))"
        return facts.isPlanned ? aside : "\(aside) && \(verb("start \(server.id)"))   # \(why)"
    }

    private func found(
        _ code: String, _ server: ServerFacts, _ text: String, remedy: String
    ) -> Finding {
        Finding(code, .error, server: server.id, text, remedy: remedy)
    }
}
