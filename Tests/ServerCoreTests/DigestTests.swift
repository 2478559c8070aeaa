import Quorum
import Records
import Storage
import Testing

@testable import ServerCore

/// A follower compares its tree with its leader's after each transaction that says a digest.
struct DigestTests {
    private static let epoch = Epoch(2)
    private static let last = Zxid(0x1_0000_0001)

    private func learner(_ prepare: (PreparedDisk) throws -> Void) throws -> ScriptedLeader {
        let disk = try PreparedDisk()
        try prepare(disk)
        try disk.writeLog([Self.last])
        let leader = try ScriptedLeader(disk.fileSystem, as: .participant)
        try leader.elect()
        return leader
    }

    private func follower(_ prepare: (PreparedDisk) throws -> Void) throws -> ScriptedLeader {
        let leader = try learner(prepare)
        leader.establish(Self.epoch, last: Self.last)
        return leader
    }

    private func commit(_ counter: UInt32, _ digest: UInt64? = nil, to leader: ScriptedLeader) {
        var transaction = Transaction.creation(Zxid(epoch: Self.epoch, counter: counter))
        transaction.digest = digest.map { TransactionDigest(treeDigest: $0) }
        leader.say(.proposal, transaction.header.zxid, transaction.encoded)
        leader.say(.commit, transaction.header.zxid)
    }

    private func mismatches(_ leader: ScriptedLeader) -> Int64 {
        leader.replica.metrics[.digestMismatchesCount]
    }

    @Test(arguments: [true, false])
    func `a tree that its snapshot has ahead of the log is not compared before it is whole`(
        saysItsEnd: Bool
    ) throws {
        let whole = try follower { try $0.writeSnapshot(.zero) }
        commit(1, to: whole)
        let first = whole.replica.treeDigest
        commit(2, to: whole)
        let image = whole.replica.databaseImage
        let behind = try follower { disk in
            var writer = try SnapshotFileWriter(
                Self.last, in: ScriptedLeader.directories.snapshots, of: disk.fileSystem)
            try writer.append(image.body)
            _ = try writer.finish(
                saysItsEnd ? image.trailer : SnapshotTrailer(digest: nil, lastZxid: nil))
        }
        commit(1, first, to: behind)
        #expect(mismatches(behind) == (saysItsEnd ? 0 : 1))
        commit(2, whole.replica.treeDigest, to: behind)
        #expect(mismatches(behind) == (saysItsEnd ? 0 : 1))
        commit(3, first, to: behind)
        #expect(mismatches(behind) == (saysItsEnd ? 1 : 2))
    }

    @Test func `a tree that a leader has sent is not compared before the server serves`() throws {
        let leader = try learner { try $0.writeSnapshot(.zero) }
        leader.offer(Self.epoch)
        let link = try #require(leader.link)
        leader.say(.snapshot, Self.last)
        leader.send(DatabaseStream.stream([]), on: link)
        commit(1, 1, to: leader)
        leader.say(.newLeader, Self.epoch.start)
        leader.say(.upToDate, .none)
        #expect(leader.replica.role == .following(ServerID(2)))
        #expect(leader.replica.lastZxid == Zxid(epoch: Self.epoch, counter: 1))
        #expect(mismatches(leader) == 0)
        commit(2, 1, to: leader)
        #expect(mismatches(leader) == 1)
    }
}
