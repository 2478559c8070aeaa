// The spec of an ensemble as it runs, the file it came from, and ids that were given before.

import Foundation
import Testing

@testable import AviaryEnsemble

private func parsed(_ text: String) throws -> EnsembleSpec {
    try #require(SpecParser.parse(text, file: "a.yaml", defaultName: "made").spec)
}

private func wish(_ spec: EnsembleSpec, former: [Int] = []) -> EnsembleWish {
    EnsembleWish(spec, besides: spec, formerIDs: former) { _ in true }
}

/// After one server was replaced, two were rolled, and somebody has edited it by hand.
private var lived: EnsembleSpec {
    var spec = EnsembleSpec.local(name: "made", count: 3)
    spec.servers[2] = ServerSpec(
        id: 6, host: "localhost", isObserver: false,
        ports: Ports(client: 2186, quorum: 2893, election: 3893, admin: 8085), arePortsChosen: true,
        config: [ConfigEntry(key: "snapCount", value: "5000")])
    spec.servers[0].binary = "/new"
    spec.servers[0].rollMark = "1f"
    spec.config = [
        ConfigEntry(key: "maxClientCnxns", value: "90"),
        ConfigEntry(key: "4lw.commands.whitelist", value: "srvr, mntr"),
    ]
    return spec
}

@Test func `planning with the spec of what runs changes nothing`() throws {
    let other = try parsed(lived.yaml)
    #expect(SpecDifference.between(lived, other).allSatisfy { $0.kind == .run })
    var wanted = wish(lived)
    #expect(!wanted.isStale(other))
    try wanted.adopt(other)
    #expect(SpecDifference.between(lived, wanted.spec) == [])
    #expect(wanted.spec.servers[0].binary == "/new")
    #expect(!wanted.isStale(try parsed(lived.json.text)))
}

@Test func `a file is stale once it would make something else of the ensemble`() throws {
    let file = try parsed("servers: [{id: 1}, {id: 2}, {id: 3}]\n")
    let three = EnsembleSpec.local(name: "made", count: 3)
    #expect(!wish(three).isStale(file))
    #expect(wish(EnsembleSpec.local(name: "made", count: 4)).isStale(file))
    var edited = three
    edited.config = [ConfigEntry(key: "snapCount", value: "5")]
    #expect(wish(edited).isStale(file))
    // It would give an id again; that is refused, and the file is no better for it.
    var replaced = three
    replaced.servers[2].id = 4
    #expect(wish(replaced, former: [3]).isStale(file))
}

@Test func `the path of the spec is kept in the ensemble's folder`() throws {
    let home = NSTemporaryDirectory() + "aviary-spec-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let folder = EnsembleHome(home).folder("made")
    try folder.save(EnsembleSpec.local(name: "made", count: 3))
    #expect(folder.specFile == nil && folder.staleSpecFile == nil)
    let file = home + "/a file.yaml"
    try folder.rememberSpecFile(file)
    #expect(folder.specFile == file && folder.staleSpecFile == nil, "there is no such file")
    try "servers: 3\n".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(folder.staleSpecFile == nil)
    try "servers: 5\n".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(folder.staleSpecFile == file)
}

@Test func `the id of a former member is not given again while its files are there`() throws {
    var three = EnsembleSpec.local(name: "made", count: 3)
    three.servers[2].id = 6
    let file = try parsed("servers: [{id: 1}, {id: 2}, {id: 3}]\n")
    var wanted = wish(three, former: [3])
    let error = #expect(throws: EnsembleError.self) { try wanted.adopt(file) }
    #expect(error?.description.contains("server 3 was a member before") == true)
    #expect(error?.description.contains("say 7") == true)
    #expect(error?.description.contains("rm -r removed/3-*") == true)
    #expect(error?.kind == .wrong)
    // Somebody has deleted them.
    var free = wish(three)
    try free.adopt(file)
    #expect(free.spec.servers.map(\.id) == [1, 2, 3])
}

@Test func `a spec that only counts means the servers there are, and new ones get new ids`() throws
{
    var three = EnsembleSpec.local(name: "made", count: 3)
    three.servers[2].id = 6
    var wanted = wish(three, former: [3, 4])
    #expect(!wanted.isStale(try parsed("servers: 3\n")))
    try wanted.adopt(try parsed("servers: 5\n"))
    #expect(wanted.spec.servers.map(\.id) == [1, 2, 6, 7, 8])
    #expect(wanted.spec.servers[3].ports.client == 2187)
    try wanted.adopt(try parsed("servers: 2\n"))
    #expect(wanted.spec.servers.map(\.id) == [1, 2])
    #expect(try parsed("servers: 3\n").naming(three).servers.map(\.id) == [1, 2, 6])
    #expect(try parsed("servers: [{id: 9}]\n").naming(three).servers.map(\.id) == [9])
}

@Test func `when all ids were given once, those without files are given again`() throws {
    let three = EnsembleSpec.local(name: "made", count: 3)
    var wanted = wish(three, former: [4, 255])
    try wanted.add(1, isObserver: false)
    #expect(wanted.spec.servers.map(\.id) == [1, 2, 3, 5])
    var full = wish(three, former: Array(4...255))
    #expect(throws: EnsembleError.self) { try full.add(1, isObserver: false) }
}
