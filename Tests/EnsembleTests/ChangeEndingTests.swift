// How a change ends that does not work out: what is said of it, and how it is given up.

import Foundation
import Records
import Testing

@testable import AviaryCommands
@testable import AviaryEnsemble

private func entry(_ key: String, _ value: String) -> ConfigEntry {
    ConfigEntry(key: key, value: value)
}

@Test func `the wait for the first and after the last acknowledgement counts`() {
    var timeline = ProbeTimeline(at: 10)
    timeline.succeeded(at: 10.5)
    timeline.succeeded(at: 10.6)
    #expect(timeline.result.longestGap == 0.5)
    timeline.failed(isSessionLost: false)
    timeline.end(at: 11.35)
    #expect(abs(timeline.result.longestGap - 0.75) < 1e-9)
    #expect(timeline.result.writes == 2 && timeline.result.failures == 1)
    // A write that was under way at the end has kept its client waiting until it was done.
    timeline.succeeded(at: 12.6)
    #expect(timeline.result.longestGap == 2)
    var silent = ProbeTimeline(at: 1)
    silent.end(at: 4)
    #expect(silent.result.longestGap == 3 && silent.isOver)
}

@Test func `one of a thing is one thing`() {
    var report = ProbeReport()
    report.writes = 1
    #expect(
        report.text
            == "probe (our own session): 1 write acknowledged, none failed, longest time without one 0 ms"
    )
    report.failures = 1
    report.sessionsLost = 1
    #expect(report.text.contains("1 failed (no acknowledgement came: a client tries again)"))
    #expect(report.text.contains("1 session expired"))
    #expect(2.counted("step") == "2 steps" && 1.counted("step") == "1 step")
}

@Test func `a process ends with a status or by a signal`() {
    #expect(ProcessEnding(waitStatus: 0x100).text == "with exit status 1")
    #expect(ProcessEnding(waitStatus: 0x4100).text == "with exit status 65")
    #expect(ProcessEnding(waitStatus: 9).text.hasPrefix("by signal 9"))
    #expect(ProcessEnding(waitStatus: 0x8b) == .killed(signal: 11))
}

@Test func `the reason why a server is not there is of its last start`() throws {
    let home = NSTemporaryDirectory() + "aviary-words-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let spec = EnsembleSpec.local(name: "made", count: 1)
    let server = ServerFolder(spec.servers[0], of: spec, in: home)
    try FileManager.default.createDirectory(
        atPath: server.path, withIntermediateDirectories: true)
    try "an old line - ERROR - the disk is full\n".write(
        toFile: server.logPath, atomically: false, encoding: .utf8)
    #expect(MergedLog.reason(of: server).contains("the disk is full"))
    try server.markLog()
    #expect(MergedLog.reason(of: server) == "it has said nothing since it was started")
    let log = try #require(FileHandle(forWritingAtPath: server.logPath))
    try log.seekToEnd()
    try log.write(contentsOf: Data("cat: server: No such file or directory\ntickTime=2\n".utf8))
    #expect(MergedLog.reason(of: server) == "cat: server: No such file or directory")
    #expect(
        server.account(of: "/bin/cat")
            == "/bin/cat ended: cat: server: No such file or directory")
    try "cut off - WARN - a new log\n".write(
        toFile: server.logPath, atomically: false, encoding: .utf8)
    #expect(MergedLog.reason(of: server).contains("a new log"))
}

@Test func `what is given up is what was wanted and is not so`() {
    let record = EnsembleSpec.local(name: "made", count: 3)
    var wanted = EnsembleSpec.local(name: "made", count: 4)
    wanted.servers.remove(at: 0)
    for place in wanted.servers.indices { wanted.servers[place].binary = "/new" }
    let result = ChangeAbandonment(
        record: record, wanted: wanted, committed: members([1, 2, 3]),
        seen: [2: ChangeAbandonment.Seen(isAsWanted: true)])
    #expect(result.strays == [])
    #expect(result.spec.servers.map(\.id) == [1, 2, 3])
    #expect(result.spec.servers.map(\.binary) == [nil, "/new", nil])
    #expect(
        result.givenUp.text
            == "server 4 joins as participant; server 1 leaves; server 3: binary aviary's own → /new"
    )
    #expect(result.kept.text == "server 2: binary aviary's own → /new")
}

@Test func `who has been started and is no member is named, whoever can say it`() {
    let record = EnsembleSpec.local(name: "made", count: 4)
    let seen = [4: ChangeAbandonment.Seen(files: .joiner)]
    for committed in [members([1, 2, 3]), nil] {
        let result = ChangeAbandonment(
            record: record, wanted: record, committed: committed, seen: seen)
        #expect(result.strays == [4])
        #expect(result.spec.servers.map(\.id) == [1, 2, 3])
        #expect(result.givenUp.text == "server 4 joins as participant")
        #expect(result.kept == [])
    }
}

@Test func `half a change of settings leaves every server the settings that it runs from`() {
    var record = EnsembleSpec.local(name: "made", count: 3)
    record.config = [entry("a", "1"), entry("b", "1"), entry("c", "1")]
    var wanted = record
    wanted.config = [entry("a", "1"), entry("b", "2")]
    wanted.servers[1].config = [entry("d", "4")]
    let result = ChangeAbandonment(
        record: record, wanted: wanted, committed: nil,
        seen: [
            1: ChangeAbandonment.Seen(isAsWanted: true),
            2: ChangeAbandonment.Seen(isAsWanted: true), 3: ChangeAbandonment.Seen(),
        ])
    #expect(result.spec.config == [entry("a", "1")])
    #expect(result.spec.servers[0].config == [entry("b", "2")])
    #expect(result.spec.servers[1].config == [entry("b", "2"), entry("d", "4")])
    #expect(result.spec.servers[2].config == [entry("b", "1"), entry("c", "1")])
    #expect(result.givenUp.text == "server 3: b 1 → 2; server 3: c 1 → unset")
    let all = record.adoptingSettings(of: wanted, for: [1, 2, 3])
    #expect(all == wanted)
    #expect(record.adoptingSettings(of: wanted, for: []) == record)
}

@Test func `the record follows the committed configuration, groups too where that is asked`() {
    var spec = EnsembleSpec.local(name: "made", count: 2)
    spec.servers[0].group = 7
    var committed = members([1], observers: [2])
    let groups = Membership(
        version: 0, members: committed.members, groups: [1: [ServerID(1)], 2: [ServerID(2)]],
        weights: [ServerID(2): 3],
        isHierarchical: true)
    let hasMoved = spec.adoptPlaces(of: groups, groups: true)
    #expect(hasMoved)
    #expect(spec.servers.map(\.group) == [1, 2] && spec.servers.map(\.weight) == [nil, 3])
    #expect(spec.servers[1].isObserver && spec.servers[1].ports.quorum == 2889)
    committed.version = 9
    let hasMovedAgain = spec.adoptPlaces(of: committed)
    #expect(!hasMovedAgain)
    #expect(spec.servers[0].group == 1)
}

@Test func `a wish is kept from the first step on, and what was wanted before comes back`() throws {
    let home = NSTemporaryDirectory() + "aviary-wish-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let folder = EnsembleHome(home).folder("made")
    try folder.save(EnsembleSpec.local(name: "made", count: 3))
    try folder.makeOperatorCredential()
    var wish = try EnsembleWish(folder)
    for mark in ["a", "b"] {
        let before = try folder.loadWanted()
        try wish.roll([1], binary: nil, mark: mark)
        let runtime = try LocalRuntime(folder, to: wish.spec, binary: "/bin/true")
        try runtime.begin()
        #expect(try folder.loadWanted() == before)
        #expect(runtime.leftover.contains("an earlier change") == (before != nil))
        try runtime.keepWish()
        #expect(try folder.loadWanted()?.servers[0].rollMark == mark)
        #expect(runtime.leftover.contains("this change stays on record"))
        try runtime.dropWish()
        #expect(try folder.loadWanted() == before)
        runtime.end()
        try folder.saveWanted(wish.spec)
    }
}

@Test func `how far a server is behind that joins is shown while it is awaited`() throws {
    let step = ChangeStep.awaitSync(ServerID(4))
    let text = "  wait until server 4 is in step with the leader"
    #expect(ChangeProgressView.awaited(step, lag: nil) == text)
    #expect(ChangeProgressView.awaited(step, lag: 0) == text)
    #expect(ChangeProgressView.awaited(step, lag: 1) == text + ", 1 transaction behind")
    #expect(ChangeProgressView.awaited(step, lag: 30_000) == text + ", 30000 transactions behind")
    // From what both say of themselves; of another epoch all that the leader has proposed is missing.
    let zxids = ["0x100000005", "0x100000012", "0x200000001"].map {
        ServerSummary("Zookeeper version: 1\nZxid: \($0)\nMode: follower\n").zxid
    }
    let (joiner, leader, later) = (
        try #require(zxids[0]), try #require(zxids[1]), try #require(zxids[2])
    )
    #expect(joiner.lag(behind: leader) == 13 && leader.lag(behind: joiner) == 0)
    #expect(joiner.lag(behind: later) == 1)
}
