// One change of the members at a time: what a leader says to a second one.

import Configuration
import Jute
import Records
import Testing

@testable import ServerCore

private func members(_ count: Int, version: Int64) throws -> Membership {
    let lines = (1...count).map {
        "server.\($0)=127.0.0.1:\(2887 + $0):\(3887 + $0):participant;\(2180 + $0)"
    }
    var membership = try Membership(text: Array(lines.joined(separator: "\n").utf8))
    membership.version = version
    return membership
}

private func reconfig(leaving: ByteString?, version: Int64 = -1) -> WriteRequest {
    .reconfig(ReconfigRequest(joining: nil, leaving: leaving, members: nil, version: version))
}

@Test func `while a change is on its way there is no other, whatever it says`() throws {
    var access = AccessSettings()
    access.skipsACLs = true
    var preparation = Preparation(
        access: AccessControl(access), extendedTypesEnabled: false, reconfigEnabled: true)
    let server = try StandaloneServer()
    let tree = server.replica.tree
    preparation.pending.willPrepare(over: tree)
    let (old, next) = (try members(5, version: 7), try members(4, version: 10))
    func context(_ zxid: Int64, _ committed: Membership, _ lastSeen: Membership)
        -> Preparation.Context
    {
        Preparation.Context(
            tree: tree, zxid: Zxid(zxid), time: 1, session: .none, credentials: [],
            membership: MembershipState(
                committed: committed, lastSeen: lastSeen, voterCountMin: 1,
                canActivate: { _ in true }, handOver: { _ in false }, explain: { _ in }))
    }
    let first = try preparation.prepare(reconfig(leaving: "5", version: 7), context(10, old, old))
    guard case .reconfig(let path, let data, _) = first else {
        Issue.record("no reconfig: \(first)")
        return
    }
    #expect(path == "/zookeeper/config")
    #expect(try Membership(text: #require(data)) == next)
    // For the version in force, for the one that is on its way, for any, and for none at all.
    for version in [7, 10, -1, 99] as [Int64] {
        for leaving in ["4", "nonsense"] as [ByteString] {
            #expect(throws: ErrorCode.reconfigInProgress) {
                try preparation.prepare(
                    reconfig(leaving: leaving, version: version), context(11, old, next))
            }
        }
    }
    // Once it is in force, what was made for the one before it is too late.
    #expect(throws: ErrorCode.badVersion) {
        try preparation.prepare(reconfig(leaving: "4", version: 7), context(12, next, next))
    }
    _ = try preparation.prepare(reconfig(leaving: "4", version: 10), context(12, next, next))
}
