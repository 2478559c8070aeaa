// What a server keeps: directories, snapshots, epochs, and the disk below them.

extension Doctor {
    /// Below this the disk is full soon.
    static let freeBytesMin: Int64 = 1 << 30
    /// Beyond this every write waits noticeably.
    static let syncMillisecondsMax = 20.0

    func examineDirectories(_ server: ServerFacts) -> [Finding] {
        let own = examineDirectory(server.data, of: server)
        guard server.logs.path != server.data.path else { return own }
        return own + examineDirectory(server.logs, of: server)
    }

    private func examineDirectory(_ directory: DirectoryFacts, of server: ServerFacts) -> [Finding]
    {
        guard directory.exists else {
            return [
                Finding(
                    "directory-missing", .error, server: server.id,
                    "\(directory.path) is missing: if its disk is not mounted, the server would "
                        + "start without its data",
                    remedy:
                        "mkdir -p \(word(directory.path))   # unless a disk is to be mounted there",
                    repair: .makeDirectory(directory.path))
            ]
        }
        var findings: [Finding] = []
        if !directory.isWritable {
            findings.append(
                Finding(
                    "directory-read-only", .error, server: server.id,
                    "\(directory.path) cannot be written by this user",
                    remedy:
                        "ls -ld \(word(directory.path))   # a person must let this user write there: "
                        + "chown, chmod or mount"))
        }
        if let free = directory.freeBytes, free < Doctor.freeBytesMin {
            findings.append(
                Finding(
                    "disk-full", free < Doctor.freeBytesMin / 16 ? .error : .warning,
                    server: server.id,
                    "\(free >> 20) MiB are free at \(directory.path): a server whose disk is full "
                        + "stops",
                    remedy: "df -h \(word(directory.path))   # a person must make room there"))
        }
        if let sync = directory.syncMilliseconds, sync > Doctor.syncMillisecondsMax {
            findings.append(
                Finding(
                    "disk-slow", .warning, server: server.id,
                    "a sync takes \(Int(sync.rounded())) ms at \(directory.path), and every write "
                        + "waits for one at a majority of the servers",
                    remedy: editSpec(
                        facts.isPlanned
                            ? "give server \(server.id) a dataLogDir on a disk of its own"
                            : "in the place of server \(server.id), one with another id and a "
                                + "dataLogDir on a disk of its own")))
        }
        return findings
    }

    func examineHistory(_ server: ServerFacts) -> [Finding] {
        var findings: [Finding] = []
        if server.hasLog, !server.hasSnapshot {
            findings.append(
                Finding(
                    "snapshot-missing", .error, server: server.id,
                    "server \(server.id) has a log and no snapshot: it would not start",
                    remedy: verb("replace \(server.id)") + "   # it copies the others' data"))
        }
        if let accepted = server.acceptedEpoch, let current = server.currentEpoch,
            accepted < current
        {
            findings.append(
                Finding(
                    "epochs-wrong", .error, server: server.id,
                    "server \(server.id) has accepted epoch \(accepted) and is in \(current): one "
                        + "of the files was changed, it would not start",
                    remedy: verb("replace \(server.id)")))
        }
        let highest = facts.servers.filter { $0.mode != nil }.compactMap(\.currentEpoch).max()
        if server.mode == nil, let own = server.currentEpoch, let highest, own > highest {
            findings.append(
                Finding(
                    "data-foreign", .error, server: server.id,
                    "server \(server.id) has data of epoch \(own), and the ensemble is in "
                        + "\(highest): the data is that of another ensemble",
                    remedy: verb("replace \(server.id)")))
        }
        return findings
    }
}
