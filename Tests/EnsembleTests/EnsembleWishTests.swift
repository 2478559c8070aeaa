// The verbs that edit what is wanted, and plans that are written down.

import Records
import Testing

@testable import AviaryEnsemble

/// What is wanted of so many servers of this machine; `taken` are ports of other programs.
private func wish(
    _ count: Int, former: [Int] = [], taken: Set<Int> = []
) -> EnsembleWish {
    let spec = EnsembleSpec.local(name: "made", count: count)
    return EnsembleWish(spec, besides: spec, formerIDs: former) { !taken.contains($0) }
}

private func ids(_ wish: EnsembleWish) -> [Int] { wish.spec.servers.map(\.id) }

@Test func `a new server gets the next id and the ports that go with it`() throws {
    var wanted = wish(3)
    try wanted.add(2, isObserver: true)
    #expect(ids(wanted) == [1, 2, 3, 4, 5])
    let last = try #require(wanted.spec.servers.last)
    #expect(last.isObserver && last.ports.client == 2185 && last.ports.quorum == 2892)
}

@Test func `an id is not given twice, and a port that is taken is left alone`() throws {
    var wanted = wish(3, former: [4, 7], taken: [2188])
    try wanted.add(1, isObserver: false)
    let last = try #require(wanted.spec.servers.last)
    #expect(last.id == 8 && last.ports.client == 2189 && last.ports.election == 3895)
}

@Test func `when all ids were used once, those that are free are used again`() throws {
    var wanted = wish(3, former: [255])
    try wanted.add(1, isObserver: false)
    #expect(ids(wanted) == [1, 2, 3, 4])
}

@Test func `a replaced server is a new one of the same role`() throws {
    var wanted = wish(3)
    try wanted.replace([2])
    #expect(ids(wanted) == [1, 3, 4])
    #expect(throws: EnsembleError.self) { try wanted.replace([2]) }
}

@Test func `the highest ids go first, and the leader last`() throws {
    var wanted = wish(5)
    try wanted.scale(to: 3, leader: 5)
    #expect(ids(wanted) == [1, 2, 5])
    try wanted.scale(to: 1, leader: 5)
    #expect(ids(wanted) == [5])
    try wanted.scale(to: 2, leader: 5)
    #expect(ids(wanted) == [5, 6])
    #expect(throws: EnsembleError.self) { try wanted.remove([5, 6]) }
}

@Test func `a roll is about all servers or about those that are named`() throws {
    var wanted = wish(3)
    try wanted.roll([2], binary: "/new", mark: "a")
    #expect(wanted.spec.servers.map(\.binary) == [nil, "/new", nil])
    try wanted.roll([], binary: nil, mark: "b")
    #expect(wanted.spec.servers.map(\.rollMark) == ["b", "b", "b"])
    #expect(wanted.spec.servers.map(\.binary) == [nil, "/new", nil])
}

@Test func `a spec leaves the ports of servers alone that it does not name`() throws {
    var running = EnsembleSpec.local(name: "made", count: 3)
    running.servers[1].ports = Ports(client: 5001, quorum: 5002, election: 5003)
    running.servers[1].binary = "/new"
    var wanted = EnsembleWish(running, besides: running, formerIDs: []) { _ in true }
    try wanted.adopt(EnsembleSpec.local(name: "made", count: 4))
    #expect(wanted.spec.servers.map(\.ports.client) == [2181, 5001, 2183, 2184])
    #expect(wanted.spec.servers.map(\.binary) == [nil, "/new", nil, nil])
    var moved = EnsembleSpec.local(name: "made", count: 3)
    moved.servers[0].dataDir = "/elsewhere"
    #expect(throws: EnsembleError.self) { try wanted.adopt(moved) }
}

@Test func `the record keeps all that a change has to know`() throws {
    var spec = EnsembleSpec.local(name: "made", count: 2)
    spec.config = [ConfigEntry(key: "snapCount", value: "5")]
    spec.servers[0].binary = "/a path/aviary"
    spec.servers[0].rollMark = "1f"
    spec.servers[1].group = 2
    spec.servers[1].config = [ConfigEntry(key: "tickTime", value: "500")]
    for place in spec.servers.indices { spec.servers[place].arePortsChosen = true }
    #expect(EnsembleRecord.spec(EnsembleRecord.text(of: spec), name: "made") == spec)
}

@Test func `a plan in a file says what is wanted and for which version`() throws {
    var spec = EnsembleSpec.local(name: "made", count: 4)
    for place in spec.servers.indices { spec.servers[place].arePortsChosen = true }
    let view = running(members([1, 2, 3], version: 0x1_0000_002a), leader: 3)
    let plan = try #require(ChangePlan.make(view, goal(members([1, 2, 3, 4]))))
    let file = ChangePlanFile(ensemble: "made", madeFor: plan.madeFor, wanted: spec)
    let text = file.text(plan)
    #expect(text.contains("\nmade-for 10000002a\n"))
    #expect(text.contains("# made: 3 steps, made for configuration 10000002a, led by server 3\n"))
    #expect(ChangePlanFile(text) == file)
    #expect(ChangePlanFile("aviary plan 1\nensemble made\n") == nil)
    #expect(!ChangePlanFile.isMeant("version: 1\n"))
}

@Test func `a plan is shown with the margin of every step`() throws {
    let view = running(members([1, 2, 3]), leader: 1)
    let plan = try #require(ChangePlan.make(view, goal(members([1, 2]))))
    let lines = plan.text(ensemble: "made").split(separator: "\n")
    #expect(lines.first == "made: 4 steps, made for configuration 0, led by server 1")
    #expect(lines[1].hasPrefix("  1  remove server 3 from the ensemble"))
    #expect(lines[1].hasSuffix("  0 may fail"))
    let json = plan.json(ensemble: "made").text
    #expect(json.contains("\"step\":\"remove\",\"server\":3"))
    #expect(json.contains("\"margin\":{\"count\":2,\"needed\":2,\"synced\":2,\"mayFail\":0}"))
}

@Test func `a member that somebody else has added may be named to leave`() throws {
    var wanted = wish(3)
    #expect(wanted.unknown(among: [2, 9]) == [9])
    #expect(throws: EnsembleError.self) { try wanted.remove([9]) }
    try wanted.remove([9], others: [1, 2, 3, 9])
    #expect(ids(wanted) == [1, 2, 3])
}

@Test func `a replaced server says which directories the new one has not`() throws {
    var spec = EnsembleSpec.local(name: "made", count: 3)
    spec.servers[1].dataDir = "/disk/2"
    var wanted = EnsembleWish(spec, besides: spec, formerIDs: []) { _ in true }
    #expect(try wanted.replace([1]) == [])
    let notes = try wanted.replace([2])
    #expect(notes.count == 1 && notes[0].contains("dataDir /disk/2"))
}

@Test func `what is left of an earlier change is carried along as far as it is still wanted`()
    throws
{
    let record = EnsembleSpec.local(name: "made", count: 3)
    var earlier = EnsembleWish(record, besides: record, formerIDs: []) { _ in true }
    try earlier.roll([2], binary: nil, mark: "a")
    try earlier.add(1, isObserver: false)
    #expect(earlier.carriedAlong == [])
    var wanted = EnsembleWish(earlier.spec, besides: record, formerIDs: []) { _ in true }
    #expect(wanted.carriedAlong.text == "server 4 joins as participant; server 2: roll")
    try wanted.remove([4])
    #expect(wanted.carriedAlong.text == "server 2: roll")
}

@Test func `with weights it is not their number that says how many may fail`() throws {
    #expect(wish(4).survivedByWeight == nil)
    var spec = EnsembleSpec.local(name: "made", count: 4)
    for place in spec.servers.indices { spec.servers[place].group = 1 }
    let made = { EnsembleWish(spec, besides: spec, formerIDs: []) { _ in true } }
    #expect(made().survivedByWeight == 1)
    spec.servers[0].weight = 3
    #expect(made().survivedByWeight == 0)
}
