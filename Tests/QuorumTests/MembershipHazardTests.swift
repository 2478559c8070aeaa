import Configuration
import Jute
import Records
import Testing

@testable import Quorum

// Changes of the members at moments when something else goes wrong, and bytes that would be their end.

struct MembershipHazardTests {
    private static let old = config(zxid(1, 0), [1, 2, 3])

    // MARK: Elections

    /// Server 1 led, proposed to take server 4 in, and died for good. 2 and 4 have the proposal,
    // 3 does not: 2, 3 and 4 are quorums of both.
    @Test(arguments: [[1, 2, 3, 4], [2, 3, 4]] as [[Int64]], [true, false])
    func `a leader that dies while a change is proposed is survived`(
        ids: [Int64], third: Bool
    ) {
        let next = config(zxid(1, 10), ids)
        let begin = [write(zxid(1, 9))]
        let ensemble = Ensemble()
        ensemble.add(Lone(2, Self.old, lastSeen: next, log: begin + [reconfig(next)], epoch: 1))
        ensemble.add(
            Lone(
                3, Self.old, lastSeen: third ? next : nil,
                log: begin + (third ? [reconfig(next)] : []), epoch: 1))
        ensemble.add(Lone(4, Self.old, lastSeen: next, log: begin + [reconfig(next)], epoch: 1))
        ensemble.run(120_000)
        #expect(ensemble.leaders.count == 1, "\(ensemble.trace)")
    }

    /// The same, but 4 has more than 2: 3 votes for whom it knows by hearsay alone.
    @Test func `a voter of the next configuration alone may have the longest history`() {
        let next = config(zxid(1, 10), [1, 2, 3, 4])
        let begin = [write(zxid(1, 9))]
        let ensemble = Ensemble()
        ensemble.add(Lone(2, Self.old, lastSeen: next, log: begin + [reconfig(next)], epoch: 1))
        ensemble.add(Lone(3, Self.old, log: begin, epoch: 1))
        ensemble.add(
            Lone(
                4, Self.old, lastSeen: next,
                log: begin + [reconfig(next), write(zxid(1, 11))], epoch: 1))
        ensemble.run(120_000)
        #expect(ensemble.leaders == [4], "\(ensemble.trace.suffix(5))")
    }

    // Server 1 proposed to take in 4 and 5, and nobody else has that. Both went away for good.
    @Test func `a server with a lost proposal follows the leader of the others`() {
        let next = config(zxid(1, 10), [1, 2, 3, 4, 5])
        let begin = [write(zxid(1, 9))]
        let ensemble = Ensemble()
        ensemble.add(Lone(2, Self.old, log: begin, epoch: 1))
        ensemble.add(Lone(3, Self.old, log: begin, epoch: 1))
        ensemble.run(5000)
        #expect(ensemble.leaders.count == 1)
        let one = Lone(1, Self.old, lastSeen: next, log: begin + [reconfig(next)], epoch: 1)
        one.now = ensemble.now
        ensemble.add(one)
        ensemble.run(120_000)
        #expect(one.peer.status.role != .looking, "\(ensemble.trace)")
        // A follower dies: 1 and the leader are a quorum of what is in force.
        let follower: Int64 = ensemble.leaders == [2] ? 3 : 2
        ensemble.peers[follower] = nil
        ensemble.run(120_000)
        #expect(ensemble.leaders.count == 1)
    }

    // MARK: What is proposed belongs to the log

    @Test func `what stands in dynamic next and not in the log never binds anybody`() {
        // Server 1 led epoch 1, wrote .dynamic.next, and died before the log had it.
        let lost = config(zxid(1, 10), [1, 4, 5])
        let begin = [write(zxid(1, 9))]
        var file: Membership? = lost
        let first = Lone(1, Self.old, lastSeen: file, log: begin, epoch: 1)
        #expect(first.peer.lastSeenMembership == Self.old)
        // It follows server 2 in epoch 2.
        first.vote(2, frame(.leading, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        first.vote(3, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        first.offer(2)
        first.say(.diff, zxid(1, 9))
        first.say(.newLeader, zxid(2, 0), Array(Self.old.text.utf8))
        first.say(.upToDate, .none)
        first.say(write(zxid(2, 1)))
        first.say(.commit, zxid(2, 1))
        #expect(first.peer.status.role == .following(ServerID(2)))
        for effect in first.effects {
            if case .membershipProposed(let membership) = effect {
                file = membership.version > Self.old.version ? membership : nil
            }
            if case .membershipCommitted = effect { file = nil }
        }
        #expect(file == nil)
        // It is started again.
        let again = Lone(1, Self.old, lastSeen: file, log: first.log, epoch: 2)
        #expect(again.peer.lastSeenMembership == Self.old)
        again.vote(2, frame(.leading, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        again.vote(3, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        #expect(again.link != nil)
    }

    @Test func `a change that is truncated is forgotten with it`() {
        let lost = config(zxid(1, 10), [1, 2, 3, 4])
        let lone = Lone(
            1, Self.old, lastSeen: lost, log: [write(zxid(1, 9)), reconfig(lost)], epoch: 1)
        #expect(lone.peer.lastSeenMembership == lost)
        lone.vote(2, frame(.leading, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.vote(3, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.vote(4, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.offer(2)
        lone.say(.truncate, zxid(1, 9))
        #expect(lone.log.last?.zxid == zxid(1, 9))
        if let link = lone.link { lone.peer.quorumClosed(link, now: lone.now) }
        lone.drain()
        #expect(lone.peer.lastSeenMembership == Self.old)
    }

    @Test func `a change in the history is in force although another is proposed`() {
        let second = config(zxid(2, 1), [1, 4, 5])
        let third = config(zxid(2, 2), [2, 3])
        let lone = Lone(3, Self.old, log: [write(zxid(1, 9))], epoch: 1)
        lone.vote(1, frame(.leading, leader: 1, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.vote(2, frame(.following, leader: 1, zxid(1, 9), round: 1, epoch: 2, Self.old))
        if lone.link == nil {
            // Smaller ids are called back.
            for case .electionDial(let link, let server, _) in lone.effects {
                lone.peer.electionDialed(link, now: 0)
                let vote = frame(
                    server.rawValue == 1 ? .leading : .following, leader: 1, zxid(1, 9), round: 1,
                    epoch: 2, Self.old)
                lone.peer.electionReceived(link, vote.rawSpan, now: 0)
            }
            lone.drain()
        }
        #expect(lone.link != nil)
        lone.offer(2)
        lone.say(.diff, zxid(2, 1))
        lone.say(reconfig(second))
        lone.say(.commit, zxid(2, 1))
        lone.say(reconfig(third))
        lone.say(.newLeader, zxid(2, 0), Array(third.text.utf8))
        lone.say(.upToDate, .none)
        #expect(lone.peer.status.role == .following(ServerID(1)))
        #expect(lone.peer.status.lastCommitted == zxid(2, 1))
        #expect(lone.peer.membership == second)
        #expect(lone.peer.lastSeenMembership == third)
    }

    @Test func `an activation that says nothing delivers nothing`() {
        let lone = Lone(1, Self.old, log: [write(zxid(1, 9))], epoch: 1)
        lone.vote(2, frame(.leading, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.vote(3, frame(.following, leader: 2, zxid(1, 9), round: 1, epoch: 2, Self.old))
        lone.offer(2)
        lone.say(.diff, zxid(1, 9))
        lone.say(.newLeader, zxid(2, 0), Array(Self.old.text.utf8))
        lone.say(.upToDate, .none)
        lone.effects = []
        lone.say(reconfig(config(zxid(2, 1), [1, 2, 3, 4])))
        lone.say(.commitAndActivate, zxid(2, 1), nil)
        let delivered = lone.effects.contains {
            if case .deliver = $0 { true } else { false }
        }
        #expect(delivered == (lone.peer.status.lastCommitted == zxid(2, 1)))
    }

    // MARK: Bytes of peers and clients

    // Both would end the process, and with it all tests, if they trapped. (A child process of its own
    // for each would not see its end where another test takes note of all children.)

    @Test func `a round of elections has no end`() {
        let lone = Lone(1, config(zxid(1, 0), [1, 2, 3]), log: [write(zxid(1, 9))], epoch: 1)
        lone.vote(
            3,
            frame(
                .looking, leader: 3, zxid(1, 9), round: .max, epoch: 1,
                config(zxid(1, 0), [1, 2, 3])))
        lone.pass(1000)
        lone.pass(60_000)
        lone.pass(60_000)
        #expect(lone.effects.contains { if case .electionSend = $0 { true } else { false } })
    }

    @Test func `weights may be large, and larger ones are refused`() throws {
        func members(weighing weight: Int64) throws -> Membership {
            let places = (1...3).map { "server.\($0)=host:\($0)01:\($0)02;2181" }
            let weights = (1...2).map { "weight.\($0)=\(weight)" }
            return try Membership(
                replacement: (places + ["group.1=1:2:3"] + weights).joined(separator: ","))
        }
        #expect(throws: MembershipProblem.self) { try members(weighing: .max) }
        let next = try members(weighing: Int64(Int32.max))
        let lone = Lone(1, config(zxid(1, 0), [1]), log: [write(zxid(1, 9))], epoch: 1)
        #expect(!lone.peer.canActivate(next), "it is alone")
    }
}
