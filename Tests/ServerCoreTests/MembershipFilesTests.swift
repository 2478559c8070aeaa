import Configuration
import Records
import Simulation
import Storage
import Testing

@testable import ServerCore

// Where the members are written down, and that a server learns it when they are nowhere.

struct MembershipFilesTests {
    private final class Log {
        var lines: [(level: LogLevel, text: String)] = []
    }

    private static let text = "dataDir=/data\nreconfigEnabled=true\n"

    private let fileSystem = SimulatedFileSystem()
    private let log = Log()
    private let configuration = ServerConfiguration.parse(text, file: "zoo.cfg").configuration

    private static func membership(_ version: Int64, _ servers: ClosedRange<Int>) throws
        -> Membership
    {
        let lines = servers.map { "server.\($0)=host\($0):2888:3888:participant;2181\n" }
        return try Membership(text: Array((lines.joined() + "version=\(version)").utf8))
    }

    /// The files of server 1 of five.
    private func started() throws -> MembershipFiles {
        let text = Array(Self.text.utf8)
        try fileSystem.makeDirectory("/conf")
        try fileSystem.makeDirectory("/data")
        fileSystem.install(text, at: "/conf/zoo.cfg")
        return MembershipFiles(
            "/conf/zoo.cfg", text: text, configuration, server: ServerID(1),
            membership: try Self.membership(1, 1...5), in: fileSystem
        ) { [log] in log.lines.append(($0, $1)) }
    }

    private func keptInData() throws -> Membership? {
        try MembershipFiles.Places("/conf/zoo.cfg", configuration)
            .newestInData(in: fileSystem)?.members
    }

    @Test func zooCfgNamesTheNewestMembers() throws {
        let files = try started()
        try files.committed(try Self.membership(7, 1...3))
        let text = try #require(try AtomicFile.read("/conf/zoo.cfg", in: fileSystem))
        #expect(
            String(decoding: text, as: UTF8.self)
                .contains("dynamicConfigFile=/conf/zoo.cfg.dynamic.7"))
        #expect(try fileSystem.exists("/conf/zoo.cfg.dynamic.7"))
        #expect(try keptInData() == nil)
        #expect(log.lines.isEmpty)
    }

    @Test func aFolderThatCannotBeWrittenDoesNotMatter() throws {
        let files = try started()
        fileSystem.fail(after: 0, with: .error(.permission))
        let next = try Self.membership(7, 1...3)
        try files.committed(next)
        #expect(try keptInData() == next)
        #expect(log.lines.map(\.level) == [.warning])
    }

    /// Otherwise its next start would ask those for votes that are gone (planned seed 75851).
    @Test func aDiskThatTakesThemNowhereIsAnError() throws {
        let files = try started()
        fileSystem.capacity = 0
        let next = try Self.membership(7, 1...1)
        let error = #expect(throws: StorageError.self) { try files.committed(next) }
        #expect(error?.code == .noSpace)
        #expect(log.lines.map(\.level) == [.error])
        #expect(log.lines.first?.text.contains("/data/zoo.cfg.dynamic.7") == true)

        // Nothing is believed to be there that is not.
        fileSystem.capacity = nil
        try files.committed(next)
        #expect(try fileSystem.exists("/conf/zoo.cfg.dynamic.7"))
    }

    /// It is of no later version than the members in force, and a start passes over it.
    @Test func aProposalThatCannotBeTakenAwayIsNoReasonToEnd() throws {
        let next = try Self.membership(7, 1...3)
        let rehearsal = MembershipFilesTests()
        let (rehearsed, files) = (try rehearsal.started(), try started())
        rehearsed.proposed(next)
        files.proposed(next)

        let before = rehearsal.fileSystem.changeCount
        try rehearsed.committed(next)
        // The removal is the last of all changes.
        let count = rehearsal.fileSystem.changeCount - before
        fileSystem.fail(after: count - 1, with: .error(.permission))
        try files.committed(next)
        #expect(try !rehearsal.fileSystem.exists("/conf/zoo.cfg.dynamic.next"))
        #expect(try fileSystem.exists("/conf/zoo.cfg.dynamic.next"))
        #expect(try fileSystem.exists("/conf/zoo.cfg.dynamic.7"))
        #expect(log.lines.map(\.level) == [.warning])
    }
}
