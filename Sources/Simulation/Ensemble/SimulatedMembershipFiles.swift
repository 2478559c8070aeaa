import Configuration
import Quorum
import Records
import ServerCore
import Storage

/// The files about the members beside a simulated server's data, as the server program reads and
/// writes them, on the same disk; and what an operator does with them.
final class SimulatedMembershipFiles {
    private static let path = "/conf/zoo.cfg"

    let server: ServerID
    private let fileSystem: SimulatedFileSystem
    /// Whether members may come and go; otherwise nothing is ever written.
    private let isDynamic: Bool
    /// What the present start has begun with.
    private(set) var committed: Membership
    /// Proposed by then and not known to be in force.
    private(set) var proposed: Membership?
    private var files: MembershipFiles?

    init(
        server: ServerID, committed: Membership, isDynamic: Bool,
        in fileSystem: SimulatedFileSystem
    ) {
        self.server = server
        self.fileSystem = fileSystem
        self.isDynamic = isDynamic
        self.committed = committed
        if isDynamic { install(committed) }
    }

    /// An operator writes zoo.cfg, with the members in it.
    private func install(_ membership: Membership) {
        let text =
            "dataDir=/data\ntickTime=200\ninitLimit=10\nsyncLimit=5\nreconfigEnabled=true\n"
            + "standaloneEnabled=false\n"
            + membership.lines.joined(separator: "\n") + "\n"
        fileSystem.install(Array(text.utf8), at: Self.path)
    }

    /// What a start reads first; an operator mends what would not let the server start.
    func start(
        newest: Membership, report: @escaping (LogLevel, String) -> Void
    ) throws(StorageError) {
        guard isDynamic else { return }
        var read = try read()
        if committed.member(server) == nil {
            // The server refuses: it is no member any more.
            prepareJoining(newest)
            read = try self.read()
        }
        files = MembershipFiles(
            Self.path, text: read.text, read.configuration, server: server, membership: committed,
            in: fileSystem, report: report)
    }

    /// An operator has the server join as an observer.
    func prepareJoining(_ newest: Membership) {
        let joining = EnsembleSimulation.member(Int(server.rawValue), .observer)
        fileSystem.forgetMembers(besides: Self.path)
        install(Membership(version: 0, members: newest.members + [joining]))
    }

    private func read() throws(StorageError) -> (text: [UInt8], configuration: ServerConfiguration)
    {
        guard let text = try AtomicFile.read(Self.path, in: fileSystem) else {
            throw StorageError(.notFound, "is not there", path: Self.path)
        }
        var configuration = ServerConfiguration.parse(
            String(decoding: text, as: UTF8.self), file: Self.path
        ).configuration
        if let dynamic = configuration.dynamicConfigFile {
            guard let members = try AtomicFile.read(dynamic, in: fileSystem),
                let parsed = try? DynamicFile.parse(
                    String(decoding: members, as: UTF8.self), file: dynamic)
            else { throw StorageError(.damaged, "is no list of members", path: dynamic) }
            configuration.membership = parsed
        }
        let places = MembershipFiles.Places(Self.path, configuration)
        committed = configuration.membership
        if let newest = try places.newestInData(in: fileSystem)?.members,
            newest.version > committed.version
        {
            committed = newest
        }
        proposed = try places.proposed(in: fileSystem)
        return (text, configuration)
    }

    func proposed(_ membership: Membership) { files?.proposed(membership) }

    func committed(_ membership: Membership) throws(StorageError) {
        try files?.committed(membership)
    }
}
