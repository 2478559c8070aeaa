import Jute
import Records
import Simulation
import Storage
import Testing
import Tree

@testable import ServerCore

/// What a leader proposes is read before it is logged: a log must never hold what the next start
/// cannot read.
struct HostileProposalTests {
    private static let first = Zxid(0x1_0000_0001)
    private static let bad = Zxid(0x2_0000_0001)

    /// Bytes that are no transaction of `bad`, each wrong in another way.
    private static var hostile: [(what: String, bytes: [UInt8])] {
        let good = Transaction.creation(bad).encoded
        var negativeLength = good
        negativeLength.replaceSubrange(32..<36, with: [0x80, 0, 0, 0])
        var hugeLength = good
        hugeLength.replaceSubrange(32..<36, with: [0x7f, 0xff, 0xff, 0xff])
        var unknownType = good
        unknownType.replaceSubrange(28..<32, with: [0, 0, 0x7f, 0x7f])
        var multiInMulti = Array(good.prefix(28))
        multiInMulti += [0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 14, 0, 0, 0, 4, 0, 0, 0, 0]
        var manyInMulti = Array(good.prefix(28))
        manyInMulti += [0, 0, 0, 14, 0x7f, 0xff, 0xff, 0xff]
        return [
            ("nothing", []), ("half a header", Array(good.prefix(20))),
            ("a header alone", Array(good.prefix(32))),
            ("half a body", Array(good.prefix(40))), ("zeros", [UInt8](repeating: 0, count: 64)),
            ("ones", [UInt8](repeating: 0xff, count: 64)),
            ("the transaction of another zxid", Transaction.creation(first).encoded),
            ("a path of negative length", negativeLength),
            ("a path without an end", hugeLength), ("a type nobody knows", unknownType),
            ("a multi in a multi", multiInMulti), ("a multi of two billion", manyInMulti),
        ]
    }

    private func follower() throws -> ScriptedLeader {
        let disk = try PreparedDisk()
        try disk.writeSnapshot(.zero)
        try disk.writeLog([Self.first])
        let leader = try ScriptedLeader(disk.fileSystem)
        try leader.elect()
        leader.offer(Epoch(2))
        leader.say(.diff, Self.first)
        return leader
    }

    /// The link is closed, people are told, and the disk holds nothing of it: a start reads it.
    private func expectRefusal(_ leader: ScriptedLeader, _ what: String, last: Zxid) throws {
        #expect(leader.link == nil, "\(what): the link stays")
        #expect(leader.fatal == nil)
        #expect(
            leader.warnings.contains {
                $0.contains("\(Self.bad)") && $0.contains("not logged")
            }, "\(what): \(leader.warnings)")
        leader.fileSystem.crash(seed: 1)
        var loader = DatabaseLoader(DataTree(seed: 7))
        loader.reset()
        let report = try Recovery.run(
            ScriptedLeader.directories, in: leader.fileSystem, into: &loader)
        #expect(report.lastZxid == last, "\(what)")
    }

    @Test func `history that cannot be read closes the link and is not logged`() throws {
        for (what, bytes) in Self.hostile {
            let leader = try follower()
            leader.say(.proposal, Self.bad, bytes)
            leader.say(.commit, Self.bad)
            leader.say(.newLeader, Zxid(0x2_0000_0000), [])
            try expectRefusal(leader, what, last: Self.first)
        }
    }

    @Test func `a proposal between NEWLEADER and UPTODATE is read before it is kept`() throws {
        for (what, bytes) in Self.hostile {
            let leader = try follower()
            leader.say(.newLeader, Zxid(0x2_0000_0000))
            leader.say(.proposal, Self.bad, bytes)
            leader.say(.upToDate, .none)
            try expectRefusal(leader, what, last: Self.first)
        }
    }

    @Test func `a live proposal that cannot be read closes the link and is not logged`() throws {
        for (what, bytes) in Self.hostile {
            let leader = try follower()
            leader.say(.newLeader, Zxid(0x2_0000_0000))
            leader.say(.upToDate, .none)
            #expect(leader.replica.role == .following(ServerID(2)))
            leader.say(.proposal, Self.bad, bytes)
            try expectRefusal(leader, what, last: Self.first)
        }
    }

    @Test func `a leader that proposes what cannot be read is given a rest`() throws {
        let leader = try follower()
        leader.say(.proposal, Self.bad, [])
        leader.vote(round: 2)
        leader.pass(1000)
        #expect(leader.dialCount == 1)
        leader.pass(1000)
        #expect(leader.dialCount == 2)
    }

    @Test func `what can be read is logged and applied as ever`() throws {
        let leader = try follower()
        leader.say(.proposal, Self.bad, Transaction.creation(Self.bad).encoded)
        leader.say(.commit, Self.bad)
        leader.say(.newLeader, Zxid(0x2_0000_0000))
        leader.say(.upToDate, .none)
        leader.say(.proposal, Self.bad.next, Transaction.creation(Self.bad.next).encoded)
        leader.say(.commit, Self.bad.next)
        #expect(leader.link != nil)
        #expect(leader.replica.lastZxid == Self.bad.next)
        #expect(try leader.takePackets().last?.zxid == Self.bad.next)
    }

    /// The promise itself: the check and the next start agree about every byte.
    @Test func `whatever passes the check can be read at the next start`() throws {
        var random = SeededGenerator(seed: 11)
        let good = Transaction.creation(Self.first).encoded
        var passed = 0
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            if Bool.random(using: &random) {
                bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            }
            guard Transaction.isEntry(bytes, at: Self.first) else { continue }
            passed += 1
            let disk = try PreparedDisk()
            try disk.writeSnapshot(.zero)
            var log = TransactionLog(
                in: ScriptedLeader.directories.logs, of: disk.fileSystem, options: .init())
            log.append(LogEntry(zxid: Self.first, bytes: bytes))
            try log.commit()
            var loader = DatabaseLoader(DataTree(seed: 7))
            loader.reset()
            let report = try Recovery.run(
                ScriptedLeader.directories, in: disk.fileSystem, into: &loader)
            #expect(report.lastZxid == Self.first)
        }
        #expect(passed > 100)
    }
}
