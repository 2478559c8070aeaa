// What a reconfig request says that names everything at once.

import Configuration
import Records
import Testing

struct MembershipReplacementTests {
    private let line = "server.1=h:1:2:participant;3"

    @Test func `the leader may stand among the members, before, behind or alone`() throws {
        for text in ["\(line)\nleader=7", "leader=7,\(line)", " leader=7 , \(line)"] {
            let wanted = try MembershipReplacement(text)
            #expect(wanted.leader == ServerID(7))
            #expect(wanted.membership?.members.map(\.id) == [ServerID(1)])
        }
        let alone = try MembershipReplacement("leader=7")
        #expect(alone.leader == ServerID(7) && alone.membership == nil)
    }

    @Test func `without a leader it is all of the members, as ever`() throws {
        let wanted = try MembershipReplacement(line)
        #expect(wanted.leader == nil && wanted.membership?.members.count == 1)
    }

    @Test(arguments: ["leader=", "leader=one", "leader=-2", "leader=1\nleader=2", "leeder=1"])
    func `what names nobody is refused`(text: String) {
        #expect(throws: MembershipProblem.self) { try MembershipReplacement(text) }
    }
}
