public import Configuration
public import Records
public import Storage

/// Keeps zoo.cfg and the dynamic files beside it as Apache ZooKeeper does when reconfiguration is
/// enabled: the file of the version in force, the proposed one, and a backup of the user's own.
///
/// A folder that cannot be written does not stop the server: the files then live in the data
/// directory, and one line says so. Where that cannot be written either, the server must not go on.
public final class MembershipFiles {
    private let places: Places
    private let server: ServerID
    private let entries: [PropertiesFile.Entry]
    private let fileSystem: any FileSystem
    private let report: (LogLevel, String) -> Void
    private var current: Membership
    private var isInData = false

    /// The files of a server that starts with these: zoo.cfg at `path`, which holds `text`, and the
    /// members that it and what is beside it have led to.
    public init(
        _ path: String, text: [UInt8], _ configuration: ServerConfiguration,
        server: ServerID, membership: Membership, in fileSystem: any FileSystem,
        report: @escaping (LogLevel, String) -> Void
    ) {
        self.places = Places(path, configuration)
        self.server = server
        self.entries = configuration.entries
        self.current = membership
        self.fileSystem = fileSystem
        self.report = report
        if configuration.dynamicConfigFile == nil { backUp(text) }
    }

    /// Keeps the user's file as it was, before the first rewriting.
    private func backUp(_ text: [UInt8]) {
        attempt { () throws(StorageError) in
            try AtomicFile.write(text, to: places.backup, in: fileSystem)
        }
    }

    /// A configuration is proposed: it may be in force at the next start.
    public func proposed(_ membership: Membership) {
        attempt { () throws(StorageError) in
            guard membership.version > current.version else { return try forgetProposed() }
            let text = Array(membership.text.utf8)
            do throws(StorageError) {
                try AtomicFile.write(text, to: places.proposed, in: fileSystem)
            } catch {
                try AtomicFile.write(text, to: places.proposedInData, in: fileSystem)
            }
        }
    }

    /// A configuration is in force; throws if no place can be found for it.
    ///
    /// A server that joins starts from a configuration of its own, in which it stands; the
    /// ensemble's does not have it yet and would not let it start again.
    public func committed(_ membership: Membership) throws(StorageError) {
        guard membership.version > current.version else { return }
        if current.version == 0, membership.member(server) == nil { return }
        let path = places.committed(membership.version)
        do throws(StorageError) {
            try write(membership, to: path)
            try rewriteConfiguration(membership, naming: path)
        } catch {
            try writeInData(membership, insteadOf: path)
        }
        current = membership
        attempt { () throws(StorageError) in try forgetProposed() }
    }

    private func rewriteConfiguration(
        _ membership: Membership, naming path: String
    ) throws(StorageError) {
        let text = DynamicFile.rewrite(
            entries, dynamicFile: path,
            ownHasClientAddress: membership.member(server)?.client != nil)
        try AtomicFile.write(Array(text.utf8), to: places.configuration, in: fileSystem)
    }

    /// Its next start would ask servers for their votes that are members no more, and are perhaps
    /// gone for good: what a quorum acknowledges after a change needs the change on its disks.
    private func writeInData(
        _ membership: Membership, insteadOf path: String
    ) throws(StorageError) {
        let inData = places.committedInData(membership.version)
        do throws(StorageError) {
            try write(membership, to: inData)
        } catch {
            report(
                .error,
                "the members of version \(Zxid(membership.version).hex) cannot be written, neither "
                    + "to \(path) nor to \(inData): the server ends, as its next start would not "
                    + "know them")
            throw error
        }
        if !isInData {
            report(
                .warning,
                "the folder of \(places.configuration) cannot be written: the members are kept in "
                    + inData)
        }
        isInData = true
    }

    private func write(_ membership: Membership, to path: String) throws(StorageError) {
        try AtomicFile.write(
            Array(DynamicFile.text(of: membership).utf8), to: path, in: fileSystem)
    }

    private func forgetProposed() throws(StorageError) {
        for path in [places.proposed, places.proposedInData]
        where try fileSystem.exists(path) {
            try fileSystem.remove(path)
        }
    }

    private func attempt(_ step: () throws(StorageError) -> Void) {
        do throws(StorageError) { try step() } catch {
            report(.warning, String(describing: error))
        }
    }
}

extension MembershipFiles {
    /// Where the files are, and what they hold.
    public struct Places {
        /// zoo.cfg.
        let configuration: String
        private let data: String

        /// Those of the zoo.cfg at this path, which says this.
        public init(_ configuration: String, _ settings: ServerConfiguration) {
            self.configuration = configuration
            self.data = settings.dataDirectory
        }

        var backup: String { configuration + ".bak" }
        var proposed: String { configuration + ".dynamic.next" }
        var proposedInData: String { data + "/zoo.cfg.dynamic.next" }

        func committed(_ version: Int64) -> String {
            DynamicFile.path(besides: configuration, version: version)
        }

        func committedInData(_ version: Int64) -> String {
            DynamicFile.path(besides: data + "/zoo.cfg", version: version)
        }

        /// The members of the highest version in the data directory that can be read.
        public func newestInData(
            in fileSystem: any FileSystem
        ) throws(StorageError) -> (path: String, members: Membership)? {
            guard try fileSystem.exists(data) else { return nil }
            let versions = try fileSystem.list(data).filter { $0.hasPrefix("zoo.cfg.dynamic.") }
                .map { DynamicFile.version(ofFile: $0) }.filter { $0 > 0 }
            for version in versions.sorted(by: >) {
                let path = committedInData(version)
                guard let bytes = try AtomicFile.read(path, in: fileSystem) else { continue }
                let text = String(decoding: bytes, as: UTF8.self)
                if let members = try? DynamicFile.parse(text, file: path) {
                    return (path, members)
                }
            }
            return nil
        }

        /// What was proposed last; nothing if that cannot be read, since the log has it too.
        public func proposed(in fileSystem: any FileSystem) throws(StorageError) -> Membership? {
            var newest: Membership?
            for path in [proposed, proposedInData] {
                guard let bytes = try AtomicFile.read(path, in: fileSystem),
                    let membership = try? Membership(text: bytes)
                else { continue }
                if membership.version > newest?.version ?? 0 { newest = membership }
            }
            return newest
        }
    }
}
