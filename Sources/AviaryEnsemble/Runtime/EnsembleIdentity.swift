// What tells an ensemble of this machine from all others, and what all its servers are given.

internal import Configuration
internal import Storage

extension EnsembleFolder {
    private var identityPath: String { path + "/identity" }

    /// The name by which its servers know each other, and their data; nil in an ensemble that was
    /// made before there was one.
    var identity: String? { LauncherFile.firstLine(identityPath) }

    /// Makes it, once: the ensemble's name and 64 random bits, so that two of one name differ.
    func makeIdentity() throws(StorageError) {
        guard identity == nil else { return }
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let padding = String(repeating: "0", count: 16 - digits.count)
        try LauncherFile.write("\(name).\(padding)\(digits)\n", to: identityPath)
    }

    private var begunPath: String { path + "/begun" }

    /// Whether it is known that it had a leader once: then nobody begins its history again, wherever
    /// the data are by now.
    var hasBegun: Bool { (try? POSIXFileSystem().exists(begunPath)) ?? false }

    /// It has a leader, or had one.
    func markBegun() throws(StorageError) {
        if !hasBegun, !isGone { try LauncherFile.write("", to: begunPath) }
    }

    /// Keys of zoo.cfg that every server of the ensemble is given, before those of the spec.
    ///
    /// Where the operator's credential is gone, servers go on with the digest they have.
    func given(of spec: EnsembleSpec) -> [ConfigEntry] {
        var entries: [ConfigEntry] = []
        let digest = (operatorCredential ?? newCredential)?.digest ?? lastDigest(of: spec)
        if digest != nil || identity != nil {
            // Off, unless somebody says so; without them no server could ever be added.
            entries += [
                ConfigEntry(key: "reconfigEnabled", value: "true"),
                ConfigEntry(key: "standaloneEnabled", value: "false"),
            ]
        }
        if let digest {
            entries.append(ConfigEntry(key: OperatorCredential.digestKey, value: digest))
        }
        if let identity {
            entries += [
                ConfigEntry(key: "aviary.ensemble", value: identity),
                // Whether a history may begin is said by a file, and not by an empty disk.
                ConfigEntry(key: "db.autocreate", value: "false"),
            ]
        }
        return entries
    }

    /// The digest that the first server has whose zoo.cfg has one.
    private func lastDigest(of spec: EnsembleSpec) -> String? {
        for server in ServerFolder.all(of: spec, in: path) {
            let bytes = try? AtomicFile.read(server.configurationPath, in: server.fileSystem)
            guard let bytes = bytes ?? nil else { continue }
            let file = PropertiesFile(String(decoding: bytes, as: UTF8.self))
            if let digest = file[OperatorCredential.digestKey]?.value { return digest }
        }
        return nil
    }
}
