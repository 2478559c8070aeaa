// Specs of what is there already.

import Configuration
import Foundation
import Records
import Testing

@testable import AviaryEnsemble

/// A folder of files that goes when the test is over.
private final class Folder {
    let path = NSTemporaryDirectory() + "aviary-import-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        let folder = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    func run(_ names: [String]) throws -> EnsembleImport {
        try EnsembleImport.configurations(names.map { "\(path)/\($0)" }, name: "imported")
    }
}

private func complaint(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "none"
    } catch { return "\(error)" }
}

@Test func `one file that all servers have says where clients go on every host`() throws {
    let folder = try Folder()
    try folder.write(
        "zoo.cfg",
        """
        # made by hand
        tickTime=3000
        dataDir=/nowhere/zookeeper
        clientPort=2182
        server.1=zk1:2888:3888
        server.2=zk2:2888:3888
        server.3=zk3:2888:3888:observer
        """)
    let found = try folder.run(["zoo.cfg"])
    let (read, problems) = SpecParser.parse(found.spec.yaml, file: "", defaultName: "")
    #expect(problems.filter { $0.severity == .error } == [])
    #expect(read?.servers.map(\.host) == ["zk1", "zk2", "zk3"])
    #expect(read?.servers.map(\.ports.client) == [2182, 2182, 2182])
    #expect(read?.servers.map(\.isObserver) == [false, false, true])
    #expect(read?.servers.map(\.dataDir) == Array(repeating: "/nowhere/zookeeper", count: 3))
    #expect(read?.config == [ConfigEntry(key: "tickTime", value: "3000")])
    #expect(read?.runtime == "external")
}

@Test func `one server's file says nothing of the others on its host`() throws {
    let folder = try Folder()
    try folder.write(
        "zoo.cfg",
        """
        dataDir=/nowhere/zookeeper
        admin.serverPort=8081
        server.1=localhost:2888:3888;2181
        server.2=localhost:2889:3889;2182
        server.3=zk3:2888:3888;2181
        """)
    try folder.write("myid", "2\n")
    let found = try folder.run(["zoo.cfg"])
    #expect(found.spec.servers.map(\.ports.client) == [2181, 2182, 2181])
    #expect(found.spec.servers.map(\.ports.admin) == [nil, 8081, 8081])
    #expect(found.spec.servers[0].dataDir == nil)
    #expect(found.notes.contains { $0.hasPrefix("where server 1 keeps data") })
}

@Test func `of several files what differs belongs to its server, and a wildcard is replaced`()
    throws
{
    let folder = try Folder()
    let hosts = ["a.example", "b.example"]
    for id in 1...2 {
        let lines = (1...2).map { other in
            "server.\(other)=\(other == id ? "0.0.0.0" : hosts[other - 1]):2888:3888"
        }
        try folder.write(
            "\(id)/zoo.cfg",
            """
            dataDir=\(folder.path)/\(id)/data
            clientPort=218\(id)
            initLimit=7
            snapCount=\(id)000
            admin.serverPort=900\(id)
            not.a.key=1
            \(lines.joined(separator: "\n"))
            """)
        try folder.write("\(id)/data/myid", "\(id)\n")
    }
    let found = try folder.run(["1", "2/zoo.cfg"])
    #expect(found.spec.servers.map(\.host) == hosts)
    #expect(found.spec.servers.map(\.ports.client) == [2181, 2182])
    #expect(found.spec.servers.map(\.ports.admin) == [9001, 9002])
    #expect(found.spec.config == [ConfigEntry(key: "initLimit", value: "7")])
    #expect(found.spec.servers[1].config == [ConfigEntry(key: "snapCount", value: "2000")])
    #expect(found.notes.contains { $0.contains("not.a.key") })
}

@Test func `a dynamic file is found where it is named or beside its zoo.cfg, with groups`() throws {
    let folder = try Folder()
    try folder.write(
        "zoo.cfg", "dataDir=/data\ndynamicConfigFile=/gone/zoo.cfg.dynamic.100000000\n")
    let lines = [
        "server.1=h:1:2;0.0.0.0:11", "server.2=h:3:4;12", "server.3=h:5:6;13", "group.1=1:2",
        "group.2=3", "weight.1=2",
    ]
    try folder.write("zoo.cfg.dynamic.100000000", lines.joined(separator: "\n"))
    let found = try folder.run(["zoo.cfg"])
    #expect(found.spec.servers.map(\.group) == [1, 1, 2])
    #expect(found.spec.servers.map(\.weight) == [2, nil, nil])
    #expect(found.spec.servers.map(\.ports.client) == [11, 12, 13])
}

@Test func `a server that stands alone becomes an ensemble of this machine`() throws {
    let folder = try Folder()
    try folder.write("zoo.cfg", "dataDir=/data\nclientPort=2199\n")
    let found = try folder.run(["zoo.cfg"])
    #expect(found.spec.runtime == "process")
    #expect(found.spec.servers.map(\.ports.client) == [2199])
    #expect(found.spec.servers.map(\.dataDir) == ["/data"])
    #expect(found.notes.contains { $0.contains("aviary up") })
}

@Test func `what cannot be told is refused with the file and what to do`() throws {
    let folder = try Folder()
    try folder.write("bad/zoo.cfg", "tickTime=1\n")
    #expect(complaint { _ = try folder.run(["bad"]) }.contains("dataDir is missing"))
    #expect(complaint { _ = try folder.run(["none"]) }.contains("there is no file"))
    for id in 1...2 {
        try folder.write("\(id)/zoo.cfg", "dataDir=/nowhere\nserver.1=a:1:2\nserver.2=b:1:2\n")
    }
    #expect(complaint { _ = try folder.run(["1", "2"]) }.contains("neither in its dataDir"))
    #expect(complaint { _ = try folder.run(["1"]) }.contains("serves clients"))
    try folder.write("1/myid", "1")
    try folder.write("2/myid", "1")
    #expect(complaint { _ = try folder.run(["1", "2"]) }.contains("both for server 1"))
    try folder.write("2/myid", "2")
    try folder.write("2/zoo.cfg", "dataDir=/nowhere\nserver.1=a:1:2\nserver.2=b:1:3\n")
    #expect(complaint { _ = try folder.run(["1", "2"]) }.contains("do not agree about server.2"))
}

@Test func `text that could be taken for something else is quoted, and JSON is a spec too`() throws
{
    var spec = EnsembleSpec.local(name: "odd", count: 1)
    spec.runtime = "external"
    spec.servers[0].ports.admin = 8080
    spec.servers[0].arePortsChosen = true
    spec.config = [
        ConfigEntry(key: "4lw.commands.whitelist", value: "*"),
        ConfigEntry(key: "ssl.trustStore.password", value: "a: \"b\" #c"),
        ConfigEntry(key: "superUser", value: ""),
    ]
    spec.servers[0].dataDir = "/with blank/and: colon"
    for text in [spec.yaml, spec.json.text] {
        #expect(SpecParser.parse(text, file: "", defaultName: "").spec == spec)
    }
}

@Test func `a client port that the members do not mention is no change`() throws {
    let committed = try Membership(text: Array("server.1=h:1:2:participant\nversion=0".utf8))
    let wanted = try Membership(text: Array("server.1=h:1:2:participant;11".utf8))
    let goal = ChangeGoal(members: wanted).adoptingClientHosts(of: committed)
    #expect(goal.members.members == committed.members)
    let observer = try Membership(text: Array("server.1=h:1:2:observer;11".utf8))
    let other = ChangeGoal(members: observer).adoptingClientHosts(of: committed)
    #expect(other.members == observer)
}
