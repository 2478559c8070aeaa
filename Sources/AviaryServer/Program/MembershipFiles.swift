import Configuration
import Records
import ServerCore
import Storage

/// Keeps zoo.cfg and the dynamic files beside it as Apache ZooKeeper does when reconfiguration is
/// enabled: the file of the version in force, the proposed one, and a backup of the user's own.
///
/// A folder that cannot be written does not stop the server: the files then live in the data
/// directory, and one line says so.
final class MembershipFiles {
    private let configurationPath: String
    private let dataDirectory: String
    private let server: ServerID
    private let entries: [PropertiesFile.Entry]
    private let fileSystem: any FileSystem
    private let serverLog: ServerLog
    private var current: Membership

    init(
        configurationPath: String, configuration: ServerConfiguration, membership: Membership,
        server: ServerID, fileSystem: any FileSystem, serverLog: ServerLog
    ) {
        self.configurationPath = configurationPath
        self.dataDirectory = configuration.dataDirectory
        self.server = server
        self.entries = configuration.entries
        self.current = membership
        self.fileSystem = fileSystem
        self.serverLog = serverLog
    }

    private var nextPath: String { configurationPath + ".dynamic.next" }

    /// Keeps the user's file as it was, before the first rewriting.
    func backUp(_ text: [UInt8]) {
        attempt { () throws(StorageError) in
            try AtomicFile.write(text, to: self.configurationPath + ".bak", in: self.fileSystem)
        }
    }

    /// A configuration is proposed: it may be in force at the next start.
    func proposed(_ membership: Membership) {
        attempt { () throws(StorageError) in
            try AtomicFile.write(
                Array(membership.text.utf8), to: self.nextPath, in: self.fileSystem)
        }
    }

    /// A configuration is in force.
    func committed(_ membership: Membership) {
        guard membership.version > current.version else { return }
        current = membership
        let beside = DynamicFile.path(besides: configurationPath, version: membership.version)
        if write(membership, to: beside, rewriting: true) { return }
        let inData = dataDirectory + "/zoo.cfg.dynamic." + Zxid(membership.version).hex
        if write(membership, to: inData, rewriting: false) {
            serverLog.write(
                .warning,
                "the folder of \(configurationPath) cannot be written: the members are kept in "
                    + inData)
        }
    }

    private func write(
        _ membership: Membership, to path: String, rewriting: Bool
    ) -> Bool {
        do throws(StorageError) {
            try AtomicFile.write(
                Array(DynamicFile.text(of: membership).utf8), to: path, in: fileSystem)
            guard rewriting else { return true }
            let text = DynamicFile.rewrite(
                entries, dynamicFile: path,
                ownHasClientAddress: membership.member(server)?.client != nil)
            try AtomicFile.write(Array(text.utf8), to: configurationPath, in: fileSystem)
            if try fileSystem.exists(nextPath) { try fileSystem.remove(nextPath) }
            return true
        } catch {
            return false
        }
    }

    private func attempt(_ step: () throws(StorageError) -> Void) {
        do throws(StorageError) { try step() } catch {
            serverLog.write(.warning, String(describing: error))
        }
    }
}
