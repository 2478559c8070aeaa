import Records
import Simulation
import Storage
import Testing
import Tree

@testable import ServerCore
@testable import Simulation

/// A leader that orders a learner back to where its disk cannot go: the learner gets the leader's
/// database instead, and keeps its own until that is safe.
struct RefusedTruncationTests {
    private static let common = (1...3).map { Zxid(0x1_0000_0000 + $0) }
    private static let own = (4...6).map { Zxid(0x1_0000_0000 + $0) }

    /// Everything up to the second of its own is in a snapshot; there is no older one.
    private func prepare(_ disk: PreparedDisk) throws {
        let held = Self.common + Self.own.prefix(2)
        try disk.writeSnapshot(held[held.count - 1], held.map { .named(after: $0) })
        try disk.writeLog(Array(Self.own.suffix(1)))
    }

    private func orderBack() throws -> ScriptedLeader {
        let disk = try PreparedDisk()
        try prepare(disk)
        let leader = try ScriptedLeader(disk.fileSystem)
        try leader.elect()
        leader.offer(Epoch(2))
        #expect(try leader.takePackets().last?.zxid == Self.own.last)
        leader.say(.truncate, Self.common[2])
        return leader
    }

    private func holds(_ tree: DataTree, _ path: Path) -> Bool { tree.find(path) != nil }

    private func names(_ leader: ScriptedLeader) throws -> [String] {
        try PreparedDisk(leader.fileSystem).names
    }

    @Test func `the learner hangs up, says so, and asks the same leader for a snapshot`() throws {
        let leader = try orderBack()
        #expect(leader.fatal == nil)
        #expect(leader.dialCount == 2)
        #expect(
            leader.warnings.contains {
                $0.contains("\(Self.common[2])") && $0.contains("\(Self.own[2])")
            })
        leader.offer(Epoch(2))
        let said = try leader.takePackets()
        #expect(said.map(\.kind) == [.followerInfo, .ackEpoch])
        #expect(said.last?.zxid == Zxid.none)
        // A promise given before: it counts for nothing.
        #expect(said.last?.data == [0xff, 0xff, 0xff, 0xff])
    }

    @Test func `its own history stays on disk until the leader's is saved`() throws {
        let leader = try orderBack()
        let before = try names(leader)
        leader.offer(Epoch(2))
        let link = try #require(leader.link)
        leader.say(.snapshot, Self.common[2])
        leader.send(DatabaseStream.stream([.named(after: Self.common[0])]), on: link)
        #expect(
            try names(leader).filter { !$0.hasSuffix("Epoch") }
                == before.filter { !$0.hasSuffix("Epoch") })
        leader.say(.newLeader, Zxid(0x2_0000_0000))
        leader.say(.upToDate, .none)
        #expect(leader.replica.role == .following(ServerID(2)))
        #expect(holds(leader.replica.tree, .named(after: Self.common[0])))
        #expect(!holds(leader.replica.tree, .named(after: Self.own[0])))
        let after = try names(leader).filter { !$0.hasSuffix("Epoch") }
        #expect(after == ["snapshot.\(Self.common[2].hex)"])
    }

    @Test func `a crash before that leaves what it had`() throws {
        let leader = try orderBack()
        leader.offer(Epoch(2))
        let link = try #require(leader.link)
        leader.say(.snapshot, Self.common[2])
        leader.send(DatabaseStream.stream([]), on: link)
        leader.fileSystem.crash(seed: 3)
        let again = try ScriptedLeader(leader.fileSystem)
        #expect(again.fatal == nil)
        #expect(again.replica.lastZxid == Self.own.last)
        #expect(holds(again.replica.tree, .named(after: Self.own[2])))
    }

    /// The power goes at every change of the disk, from the leader's database to UPTODATE.
    @Test(arguments: 0...60 as ClosedRange<Int>)
    func `the power may go at any moment, and no history with a hole is left`(changes: Int) throws {
        let leader = try orderBack()
        leader.offer(Epoch(2))
        let link = try #require(leader.link)
        leader.fileSystem.fail(after: changes, with: .crash)
        leader.say(.snapshot, Self.common[2])
        leader.send(DatabaseStream.stream(Self.common.map { .named(after: $0) }), on: link)
        leader.say(.newLeader, Zxid(0x2_0000_0000))
        leader.say(.upToDate, .none)
        leader.fileSystem.crash(seed: UInt64(changes))
        let again = try ScriptedLeader(leader.fileSystem)
        #expect(again.fatal == nil)
        let tree = again.replica.tree
        let held = (Self.common + Self.own).map { holds(tree, .named(after: $0)) }
        // A beginning of what it had, not shorter than what the leader has.
        #expect(held == held.sorted { $0 && !$1 })
        #expect(held.prefix(3).allSatisfy { $0 })
    }

    @Test func `a leader that does not send the snapshot is left`() throws {
        let leader = try orderBack()
        leader.offer(Epoch(2))
        leader.say(.diff, Self.own[2])
        #expect(leader.link == nil)
        #expect(leader.fatal == nil)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `in an ensemble it ends with the leader's tree`(seed: UInt64) throws {
        let simulation = EnsembleSimulation(seed: seed, chaosTime: 0, startTime: 0)
        for server in simulation.servers {
            let disk = try PreparedDisk(server.fileSystem)
            if server === simulation.servers[0] {
                try prepare(disk)
                continue
            }
            try disk.writeSnapshot(.zero)
            try disk.writeLog(Self.common)
            // The others have been through another epoch without it.
            let epochs = EpochFiles(ScriptedLeader.directories, in: server.fileSystem)
            try epochs.writeAccepted(Epoch(2))
            try epochs.writeCurrent(Epoch(2))
        }
        let failure = simulation.run()
        #expect(failure == nil)
        let first = simulation.servers[0]
        #expect(first.disk?.refusedTruncationCount == 1)
        let tree = try #require(first.replica?.tree)
        #expect(holds(tree, .named(after: Self.common[2])))
        #expect(!holds(tree, .named(after: Self.own[0])))
    }
}
