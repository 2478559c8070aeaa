public import Records

/// Whose data lie in a directory: the content of the file `identity` in it.
///
/// Apache ZooKeeper does not know the file and leaves it alone. A directory that has none, because
/// that server wrote it, is taken over as it is.
public struct DataIdentity: Equatable, Sendable {
    /// The name of the file.
    public static let fileName = "identity"

    /// The ensemble, as `aviary.ensemble` in zoo.cfg names it; nil if nothing did.
    public var ensemble: String?
    /// The server.
    public var server: ServerID
    /// Where the directory was when the server last started.
    public var directory: String
    /// The version of the configuration that the server was removed by.
    public var removed: Int64?

    /// Makes one of these values.
    public init(
        ensemble: String?, server: ServerID, directory: String, removed: Int64? = nil
    ) {
        self.ensemble = ensemble
        self.server = server
        self.directory = directory
        self.removed = removed
    }

    /// The file in a data directory.
    public static func path(in directory: String) -> String { "\(directory)/\(fileName)" }

    /// The file's text.
    public var text: String {
        var lines = ["# Whose data these are; only Aviary reads this."]
        if let ensemble { lines.append("ensemble \(ensemble)") }
        lines += ["server \(server)", "directory \(directory)"]
        if let removed { lines.append("removed \(String(UInt64(bitPattern: removed), radix: 16))") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What such a text says; nil if it does not even name the server.
    public init?(_ text: String) {
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2 { values[words[0]] = words[1] }
        }
        guard let server = values["server"].flatMap({ Int64($0) }) else { return nil }
        self.init(
            ensemble: values["ensemble"].map(String.init), server: ServerID(server),
            directory: values["directory"].map(String.init) ?? "",
            removed: values["removed"].flatMap { UInt64($0, radix: 16) }
                .map { Int64(bitPattern: $0) })
    }

    /// The identity in a directory; nil if there is none.
    public static func read(
        in directory: String, of fileSystem: any FileSystem
    ) throws(StorageError) -> DataIdentity? {
        let file = path(in: directory)
        guard let bytes = try AtomicFile.read(file, in: fileSystem, sizeMax: 65536) else {
            return nil
        }
        guard let identity = DataIdentity(String(decoding: bytes, as: UTF8.self)) else {
            throw StorageError(
                .damaged, "does not say whose data these are", path: file,
                advice: "if they are this server's, remove the file; it is written anew")
        }
        return identity
    }

    /// Replaces the file; durable on return.
    public func write(
        in directory: String, of fileSystem: any FileSystem
    ) throws(StorageError) {
        try AtomicFile.write(
            Array(text.utf8), to: DataIdentity.path(in: directory), in: fileSystem)
    }
}
