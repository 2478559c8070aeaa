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

    /// How a snapshot that holds 2.1 and 2.2, and is named after what came before, says so.
    enum Trailer: CaseIterable {
        case digest, zxid, nothing

        var tells: Bool { self != .nothing }

        func part(of whole: SnapshotTrailer) -> SnapshotTrailer {
            switch self {
            case .digest: SnapshotTrailer(digest: whole.digest, lastZxid: nil)
            case .zxid: SnapshotTrailer(digest: nil, lastZxid: whole.lastZxid)
            case .nothing: .none
            }
        }
    }

    /// A server that has applied 2.1 and 2.2, and one whose log has lost them, with a snapshot that
    /// had caught them.
    private func ahead(
        _ trailer: Trailer
    ) throws -> (behind: ScriptedLeader, digests: [UInt64], whole: SnapshotTrailer) {
        let whole = try follower { try $0.writeSnapshot(.zero) }
        commit(1, to: whole)
        let first = whole.replica.treeDigest
        commit(2, to: whole)
        let image = whole.replica.databaseImage
        let behind = try learner { disk in
            var writer = try SnapshotFileWriter(
                Self.last, in: ScriptedLeader.directories.snapshots, of: disk.fileSystem)
            try writer.append(image.body)
            _ = try writer.finish(trailer.part(of: image.trailer))
        }
        return (behind, [first, whole.replica.treeDigest], image.trailer)
    }

    @Test(arguments: Trailer.allCases)
    func `a tree that its snapshot has ahead of the log is not compared before it is whole`(
        trailer: Trailer
    ) throws {
        let (behind, digests, _) = try ahead(trailer)
        behind.offer(Self.epoch)
        behind.say(.diff, Self.last)
        commit(1, digests[0], to: behind)
        commit(2, digests[1], to: behind)
        behind.say(.newLeader, Self.epoch.start)
        behind.say(.upToDate, .none)
        #expect(behind.replica.role == .following(ServerID(2)))
        #expect(mismatches(behind) == (trailer.tells ? 0 : 1))
        commit(3, digests[0], to: behind)
        #expect(mismatches(behind) == (trailer.tells ? 1 : 2))
    }

    @Test func `a tree that is ahead is shown to nobody`() throws {
        let (behind, _, _) = try ahead(.digest)
        behind.establish(Self.epoch, last: Self.last)
        #expect(behind.replica.role == .looking)
        #expect(behind.warnings.contains { $0.contains("has not come as far as the tree here") })
        // What was not taken over into a later epoch was given up.
        let later = try ahead(.digest).behind
        later.establish(Epoch(3), last: Self.last)
        #expect(later.replica.role == .following(ServerID(2)))
    }

    @Test func `a snapshot of a tree that is ahead says how far`() throws {
        let (behind, _, whole) = try ahead(.digest)
        let end = Zxid(epoch: Self.epoch, counter: 2)
        #expect(whole == SnapshotTrailer(digest: whole.digest, lastZxid: end))
        #expect(
            behind.replica.databaseImage.trailer
                == SnapshotTrailer(digest: .unknown(at: end), lastZxid: end))
        #expect(whole.digest?.version != SnapshotDigest.unknown(at: end).version)
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
