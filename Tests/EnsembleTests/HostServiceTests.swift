// What launcher and host say to each other, and what a spec says about places.

import Foundation
import Testing

@testable import AviaryEnsemble

@Test func `a message survives the way, whatever its words and bytes are`() throws {
    let messages = [
        HostMessage(words: ["hello"]),
        HostMessage(words: ["rename", "/a b/%c\n", ""], payload: [0, 10, 255, 32]),
        HostMessage(words: ["ok"], payload: Array(repeating: 7, count: 100_000)),
    ]
    var buffer: [UInt8] = []
    var found: [HostMessage] = []
    for byte in messages.flatMap(\.bytes) {
        buffer.append(byte)
        // A byte at a time, but not a look at each of a hundred thousand.
        if buffer.count > 200, buffer.count % 10_000 != 0, byte == 7 { continue }
        while let message = try HostMessage.take(from: &buffer) { found.append(message) }
    }
    while let message = try HostMessage.take(from: &buffer) { found.append(message) }
    #expect(found == messages)
    #expect(buffer.isEmpty)
}

@Test(arguments: ["no number\n", "-1 ok\n", "99999999999 ok\n", "\n"])
func `another language is noticed`(text: String) {
    var buffer = Array(text.utf8)
    #expect(throws: EnsembleError.self) { try HostMessage.take(from: &buffer) }
}

@Test func `a line without end is not waited for`() {
    var buffer = [UInt8](repeating: 65, count: 1 << 17)
    #expect(throws: EnsembleError.self) { try HostMessage.take(from: &buffer) }
}

@Test func `files of a host are made, read and removed`() throws {
    let folder = NSTemporaryDirectory() + "host-\(UInt64.random(in: 0 ... .max))"
    let service = HostService()
    func ask(_ words: String..., payload: [UInt8] = []) -> HostMessage {
        service.answer(HostMessage(words: words, payload: payload))
    }
    defer { _ = ask("removetree", folder) }
    #expect(ask("mkdir", folder + "/a").words == ["ok"])
    #expect(ask("create", folder + "/a/f").words == ["ok"])
    #expect(ask("write", folder + "/a/f", "0", payload: [1, 2, 3]).words == ["ok"])
    #expect(ask("sync", folder + "/a/f").words == ["ok"])
    #expect(ask("read", folder + "/a/f", "1", "10").payload == [2, 3])
    #expect(ask("size", folder + "/a/f").words == ["ok", "3"])
    #expect(ask("rename", folder + "/a/f", folder + "/a/g").words == ["ok"])
    #expect(ask("list", folder + "/a").words == ["ok", "g"])
    #expect(ask("read", folder + "/a/f", "0", "10").words.prefix(2) == ["no", "notFound"])
    #expect(ask("exists", folder + "/a/g").words == ["ok", "1"])
    #expect(ask("removetree", folder).words == ["ok"])
    #expect(ask("exists", folder).words == ["ok", "0"])
}

@Test(arguments: [["dance"], [], ["read", "/x", "many", "1"], ["start"], ["signal", "/x"]])
func `what makes no sense is answered with no`(words: [String]) {
    #expect(HostService().answer(HostMessage(words: words)).words.first == "no")
}

@Test func `a server that is not there has no process and hears no signal`() {
    let service = HostService()
    #expect(service.answer(HostMessage(words: ["pid", "/nowhere/1"])).words == ["ok", "0"])
    #expect(
        service.answer(HostMessage(words: ["signal", "/nowhere/1", "1", "TERM"])).words
            == ["ok", "0"])
}

// MARK: The spec

private func parse(_ text: String) -> (spec: EnsembleSpec?, problems: [SpecProblem]) {
    SpecParser.parse(text, file: "orders.yaml", defaultName: "orders")
}

@Test func `containers get names, and ports of their own on the one machine`() throws {
    let spec = try #require(
        parse("runtime: docker\ndocker: {image: 'aviary:2'}\nservers: [{id: 1}, {id: 2, host: b}]")
            .spec)
    #expect(spec.image == "aviary:2")
    #expect(spec.servers.map(\.host) == ["orders-1", "b"])
    #expect(spec.servers.map(\.ports.client) == [2181, 2182])
    #expect(spec.clientHost(of: spec.servers[1]) == "localhost")
    #expect(spec.connectString == "localhost:2181,localhost:2182")
    let (_, problems) = parse(
        "runtime: docker\nservers: [{id: 1, host: a, ports: {client: 9}}, {id: 2, host: b, ports: {client: 9}}]"
    )
    #expect(problems.contains { $0.message.contains("used twice") })
}

@Test func `how hosts are reached is kept with the ensemble`() throws {
    let text = """
        runtime: ssh
        ssh: {user: zk, port: 2222, identity: /k, directory: /srv/zk, binary: /b, options: [A=b c, D=e]}
        servers: [{id: 1, host: a}]
        """
    let spec = try #require(parse(text).spec)
    #expect(spec.ssh?.options == ["A=b c", "D=e"])
    let kept = EnsembleRecord.spec(EnsembleRecord.text(of: spec), name: "orders")
    #expect(kept.ssh == spec.ssh)
    #expect(kept.runtime == "ssh")
    #expect(
        HostConnection.ssh("a", try #require(kept.ssh)).suffix(16)
            == [
                "-o", "A=b c", "-o", "D=e", "-o", "ServerAliveInterval=5", "-o",
                "ServerAliveCountMax=3", "-l", "zk", "-p", "2222", "-i", "/k", "--", "a",
            ])
}

@Test func `settings of another runtime are pointed at`() {
    let (spec, problems) = parse("ssh: {user: zk}\nservers: 3")
    #expect(spec != nil)
    #expect(problems.contains { $0.severity == .warning && $0.message.contains("runtime: ssh") })
    #expect(parse("runtime: ssh\nssh: {directory: relative}\nservers: 3").spec == nil)
}

@Test func `servers do not move from one runtime to another`() throws {
    let spec = try #require(parse("servers: 3").spec)
    var wish = EnsembleWish(spec, besides: spec, formerIDs: []) { _ in true }
    let other = try #require(parse("runtime: docker\nservers: 3").spec)
    #expect(throws: EnsembleError.self) { try wish.adopt(other) }
}

@Test func `a host for a new server is for a spec to name`() throws {
    let spec = try #require(parse("runtime: ssh\nservers: [{id: 1, host: a}]").spec)
    var wish = EnsembleWish(spec, besides: spec, formerIDs: []) { _ in true }
    #expect(throws: EnsembleError.self) { try wish.add(1, isObserver: false) }
}
