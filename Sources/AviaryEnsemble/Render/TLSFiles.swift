// The files that a spec's keys of TLS name: in a container there are none but those that are mounted.

/// Files of TLS.
enum TLSFiles {
    /// Their paths, each once, in the order of the keys.
    static func paths(_ entries: [ConfigEntry]) throws(EnsembleError) -> [String] {
        var paths: [String] = []
        for entry in entries where isFile(entry.key) && !entry.value.isEmpty {
            let isPath = entry.value.unicodeScalars.allSatisfy { $0.value >= 32 }
            guard entry.value.hasPrefix("/"), isPath else {
                throw EnsembleError(
                    .wrong,
                    "\(entry.key) names a file that is mounted, so it must be a whole path, beginning "
                        + "with /: \(RenderText.quoted(entry.value))")
            }
            if !paths.contains(entry.value) { paths.append(entry.value) }
        }
        return paths
    }

    /// The paths of one server: its own keys go before those of all.
    static func paths(_ server: ServerSpec, of spec: EnsembleSpec) throws(EnsembleError) -> [String]
    {
        let own = Set(server.config.map(\.key))
        return try paths(spec.config.filter { !own.contains($0.key) } + server.config)
    }

    private static func isFile(_ key: String) -> Bool {
        key.hasPrefix("ssl.") && [".location", ".passwordPath"].contains { key.hasSuffix($0) }
    }

    /// A name for each file in a secret of Kubernetes: its own as far as that is allowed there, and
    /// no name twice.
    static func names(_ paths: [String]) -> [(path: String, name: String)] {
        var taken: Set<String> = []
        return paths.map { path in
            let last = path.split(separator: "/").last ?? "file"
            let plain = String(
                last.map { letter in
                    let isAllowed =
                        letter.isASCII
                        && (letter.isLetter || letter.isNumber || "-_.".contains(letter))
                    return isAllowed ? letter : "-"
                }.prefix(200))
            var name = plain.hasPrefix(".") ? "file" + plain : plain
            var number = 2
            while !taken.insert(name).inserted {
                name = "\(number)-\(plain)"
                number += 1
            }
            return (path, name)
        }
    }
}
