// What `up` makes of an edited spec, and what plans say of edited settings.

import Records
import Testing

@testable import AviaryEnsemble

private func spec(_ config: [(String, String)], count: Int = 3) -> EnsembleSpec {
    var spec = EnsembleSpec.local(name: "made", count: count)
    spec.config = config.map { ConfigEntry(key: $0.0, value: $0.1) }
    return spec
}

private func found(
    running: Bool, members: Bool = true, data: Set<String> = []
) -> Resumption.Found {
    Resumption.Found(
        isAnyRunning: running, hasMembers: members, hasData: { data.contains($0) })
}

@Test func `while any server runs, up leaves every setting as it is and says what differs`() throws
{
    let known = spec([("maxClientCnxns", "80"), ("tickTime", "1000")])
    var edited = spec([("tickTime", "1000"), ("maxClientCnxns", "90")])
    edited.servers[1].config = [ConfigEntry(key: "snapCount", value: "5")]
    let result = try Resumption(edited, known) { found(running: true) }
    #expect(result.spec == known)
    #expect(result.taken == [])
    #expect(result.left.text == "maxClientCnxns 80 → 90; server 2: snapCount unset → 5")
}

@Test func `an ensemble that is down starts with edited settings, and not at other places`() throws
{
    let known = spec([("maxClientCnxns", "80")])
    var edited = spec([("maxClientCnxns", "90")])
    edited.servers[0].ports.client = 5000
    edited.servers[0].arePortsChosen = true
    edited.servers[2].isObserver = true
    let result = try Resumption(edited, known) { found(running: false) }
    #expect(result.spec.config == edited.config)
    #expect(result.spec.servers == known.servers)
    #expect(result.taken.text == "maxClientCnxns 80 → 90")
    #expect(
        result.left.text
            == "server 1: client port 2181 → 5000; server 3: role participant → observer")
    // Before there ever was a configuration, the spec is all there is.
    let early = try Resumption(edited, known) { found(running: false, members: false) }
    #expect(early.spec.servers[0].ports.client == 5000 && early.left == [])
}

@Test func `a spec that says the same in another order, or leaves ports open, is no other`() throws
{
    var known = spec([("a", "1"), ("b", "2")])
    known.servers[0].ports.client = 7000
    let result = try Resumption(spec([("b", "2"), ("a", "1")]), known) {
        Issue.record("nobody has to look at the servers")
        return found(running: true)
    }
    #expect(result.spec == known && result.taken == [] && result.left == [])
}

@Test func `an ensemble does not start without its data`() throws {
    let known = spec([], count: 1)
    var edited = known
    edited.servers[0].dataDir = "/new"
    let error = #expect(throws: EnsembleError.self) {
        try Resumption(edited, known) { found(running: false) }
    }
    #expect(error?.description.contains("Move them there first") == true)
    let moved = try Resumption(edited, known) { found(running: false, data: ["/new"]) }
    #expect(moved.spec.servers[0].dataDir == "/new")
}

@Test func `what a restart is for is read from what a server was started with`() {
    let old = "maxClientCnxns=80\nadmin.serverPort=8080\nbinary=\nroll=\n"
    let new = "maxClientCnxns=90\nsnapCount=5\nbinary=/b in/x\nroll=1f\n"
    #expect(
        SettingChange.between(stamp: old, new).text
            == "maxClientCnxns 80 → 90, snapCount unset → 5, binary aviary's own → /b in/x, "
            + "admin.serverPort 8080 → unset")
    #expect(SettingChange.between(stamp: old, old + "roll=2\n").text == "roll")
    #expect(SettingChange.between(stamp: old, old) == [])
    let secret = SettingChange("ssl.keyStore.password", "a", "b")
    #expect(secret.text == "another ssl.keyStore.password")
    #expect(!secret.json.text.contains("\"a\""))
}

@Test func `a roll of containers is one to another image, and no binary is spoken of`() throws {
    var (parsed, _) = SpecParser.parse(
        "runtime: docker\ndocker: {image: 'aviary:1'}\nservers: 1\n", file: "o.yaml",
        defaultName: "o")
    let before = ServerFolder(try #require(parsed).servers[0], of: try #require(parsed), in: "/o")
        .stamp
    parsed?.servers[0].binary = "aviary:2"
    parsed?.servers[0].rollMark = "1f"
    let rolled = try #require(parsed)
    let after = ServerFolder(rolled.servers[0], of: rolled, in: "/o").stamp
    #expect(SettingChange.between(stamp: before, after).text == "image aviary:1 → aviary:2")
    // What earlier launchers have written of the same is no reason for another restart.
    let earlier = before.replacing("roll=", with: "binary=aviary:2\nroll=1f")
    #expect(SettingChange.between(stamp: earlier, after) == [])
    #expect(
        SettingChange.between(stamp: before.replacing("roll=", with: "binary=\nroll="), before)
            == [])
    var known = rolled
    known.servers[0].binary = nil
    #expect(
        SpecDifference.between(known, rolled).map(\.text)
            == ["server 1: image aviary:1 → aviary:2"])
}

@Test func `a plan says why a server restarts, to people and to programs`() throws {
    var view = running(members([1, 2, 3]), leader: 1)
    for id in [Int64(1), 2] {
        view.update(ServerID(id)) { server in
            server.isCurrent = false
            server.pending = [SettingChange("maxClientCnxns", "80", "90")]
        }
    }
    let plan = try #require(ChangePlan.make(view, goal(members([1, 2, 3]))))
    let lines = plan.text(ensemble: "made").split(separator: "\n")
    #expect(lines[1] == "  1  restart server 2: maxClientCnxns 80 → 90        0 may fail")
    #expect(lines.last?.contains("restart server 1: maxClientCnxns 80 → 90") == false)
    #expect(lines.contains { $0.contains("restart server 1: maxClientCnxns 80 → 90") })
    #expect(
        plan.json(ensemble: "made").text.contains(
            "\"reasons\":[{\"key\":\"maxClientCnxns\",\"old\":\"80\",\"new\":\"90\"}]"))
}

@Test func `a plan says what of a member changes`() throws {
    let view = running(members([1, 2, 3]), leader: 1)
    let wanted = Membership(version: 0, members: [member(1), member(2), member(3, place: 9)])
    let plan = try #require(ChangePlan.make(view, goal(wanted)))
    #expect(
        plan.text(ensemble: "made").contains(
            "change server 3: client port 2183 → 2189, quorum port 2890 → 2896"))
}

@Test func `a step is announced in less than a line`() {
    let steps: [ChangeStep] = [
        .awaitQuorum, .start(ServerID(255)), .startJoiner(ServerID(255)),
        .awaitSync(ServerID(255)), .add(member(255)), .remove(ServerID(255)), .confirm,
        .stop(ServerID(255)), .retire(ServerID(255)), .restart(ServerID(255)),
    ]
    let margin = QuorumMargin(members([1, 2, 3]), synced: [ServerID(1), ServerID(2)])
    #expect(margin.outlook == "0 may fail")
    for step in steps {
        let line = "[100.0 s] \(step.announcement(because: []))  (200 in step, \(margin.outlook))"
        #expect(line.count < 80, "\(line)")
    }
}

private func hosts(_ directory: String, user: String? = nil, port: Int? = nil) -> EnsembleSpec {
    var spec = EnsembleSpec.local(name: "made", count: 3)
    spec.runtime = "ssh"
    spec.ssh = SSHSettings()
    spec.ssh?.directory = directory
    spec.ssh?.user = user
    spec.ssh?.port = port
    return spec
}

@Test func `where the files of hosts are is not edited under an ensemble that has begun`() throws {
    let (known, edited) = (hosts("/a"), hosts("/b"))
    let error = #expect(throws: EnsembleError.self) {
        try Resumption(edited, known) { found(running: false) }
    }
    #expect(error?.description.contains("Move /a/made there first") == true)
    // While they run, nobody looks for them elsewhere.
    let going = try Resumption(edited, known) { found(running: true) }
    #expect(going.spec.ssh?.directory == "/a")
    #expect(going.left.text == "ssh directory /a → /b")
    // They were moved.
    var moved = found(running: false)
    moved.hasFiles = { $0.ssh?.directory == "/b" }
    #expect(try Resumption(edited, known) { moved }.spec.ssh?.directory == "/b")
    var wanted = EnsembleWish(known, besides: known, formerIDs: []) { _ in true }
    #expect(throws: EnsembleError.self) { try wanted.adopt(edited) }
}

@Test func `how hosts are reached is taken at once`() throws {
    let (known, edited) = (hosts("/a", port: 22), hosts("/a", user: "me", port: 2222))
    let result = try Resumption(edited, known) { found(running: true) }
    #expect(result.spec.ssh == edited.ssh)
    #expect(result.taken.text == "ssh user unset → me; ssh port 22 → 2222" && result.left == [])
    var wanted = EnsembleWish(known, besides: known, formerIDs: []) { _ in true }
    try wanted.adopt(edited)
    #expect(wanted.spec.ssh == edited.ssh)
    // A spec that says nothing of it leaves it as it is.
    var silent = edited
    silent.ssh = nil
    try wanted.adopt(silent)
    #expect(wanted.spec.ssh == edited.ssh)
}
