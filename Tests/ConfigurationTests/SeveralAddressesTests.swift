// Servers with several addresses: their lines, and where these are allowed.

import Configuration
import Records
import Testing

struct SeveralAddressesTests {
    private let line = "b:2888:3888|a:2889:3889:observer;2181"

    private func zoo(_ lines: String...) -> (Membership, [ConfigurationProblem]) {
        let (configuration, problems) = ServerConfiguration.parse(
            (["dataDir=/d"] + lines).joined(separator: "\n"), file: "zoo.cfg")
        return (configuration.membership, problems)
    }

    @Test func `a line is written in the order of hosts, the role behind the last`() throws {
        let member = try Member(id: ServerID(7), parsing: line)
        #expect(member.description == "a:2889:3889|b:2888:3888:observer;0.0.0.0:2181")
        #expect(member.quorumEndpoints.map(\.description) == ["a:2889", "b:2888"])
        #expect(member.electionEndpoints.map(\.description) == ["a:3889", "b:3888"])
        #expect(try Member(id: ServerID(7), parsing: member.description) == member)
    }

    @Test(arguments: ["a:1:2|a:1:2;3", "a:1:2;3"])
    func `an address that stands twice stands once`(_ line: String) throws {
        let member = try Member(id: ServerID(7), parsing: line)
        #expect(member.further.isEmpty && member.description == "a:1:2:participant;0.0.0.0:3")
    }

    @Test func `an address may have ports of its own, IPv6, and leave the role to another`() throws
    {
        let member = try Member(id: ServerID(7), parsing: "[::1]:1:2:participant|[::1]:3:4|h:1:2")
        #expect(member.description == "[::1]:1:2|[::1]:3:4|h:1:2:participant")
        #expect(member.role == .participant && member.further.count == 2)
    }

    @Test(arguments: [
        "a:1:2:observer|b:1:2:participant;3", "a:1:2|b:1:1;3", "a:1:2|;3", "|a:1:2;3",
        "a:1:2|b:1;3",
        "a:1:2;3|b:1:2;3", (0..<33).map { "h\($0):1:2" }.joined(separator: "|"),
    ])
    func `what is no list of addresses is refused`(_ line: String) {
        #expect(throws: MembershipProblem.self) { try Member(id: ServerID(7), parsing: line) }
    }

    @Test func `several addresses need their key, wherever it stands`() throws {
        let (members, problems) = zoo("server.1=a:1:2|b:1:2", "multiAddress.enabled=true")
        #expect(problems.isEmpty && members.members.first?.further.count == 1)
        let (_, refused) = zoo("server.2=a:1:2", "server.1=a:1:2|b:1:2")
        let problem = try #require(refused.first)
        #expect(refused.count == 1 && problem.severity == .error && problem.line == 3)
        #expect(problem.message.contains("multiAddress.enabled"))
    }

    @Test func `the text of a configuration says all addresses, in a file and in a packet`() throws
    {
        let members = try Membership(
            text: Array("server.1=\(line)\nserver.2=c:1:2;3\nversion=ff".utf8))
        #expect(members.members.map(\.further.count) == [1, 0])
        #expect(try Membership(text: Array(members.text.utf8)) == members)
        let file = DynamicFile.text(of: members)
        #expect(file.contains("server.1=a:2889:3889|b:2888:3888:observer;0.0.0.0:2181"))
        #expect(try DynamicFile.parse(file, file: "zoo.cfg.dynamic.ff") == members)
    }

    @Test func `who joins may have several addresses, and none that another has`() throws {
        let members = try Membership(text: Array("server.1=c:1:2|a:1:2;3\nversion=1".utf8))
        let next = try members.changed(joining: "server.2=d:1:2|e:1:2;3", leaving: nil)
        #expect(next.member(ServerID(2))?.further.count == 1)
        #expect(throws: MembershipProblem.self) {
            try members.changed(joining: "server.2=d:1:2|c:1:9;3", leaving: nil)
        }
    }
}
