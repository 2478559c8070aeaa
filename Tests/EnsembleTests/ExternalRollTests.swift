// Rolls of servers that somebody else starts: the command, the signs of a restart, one roll at a time.

import Foundation
import Records
import Testing

@testable import AviaryEnsemble

private func figures(_ lines: String...) -> ProcessFigures {
    ProcessFigures(
        ServerFigures(lines.map { $0.replacing(" ", with: "\t") }.joined(separator: "\n")))
}

private func temporary(_ name: String) -> String {
    NSTemporaryDirectory() + "aviary-\(name)-\(UInt64.random(in: 0 ... .max))"
}

@Test func `a process is another one when what only grows is smaller`() {
    let before = figures("zk_bytes_received_count 900", "zk_looking_count 2", "zk_uptime 60000")
    #expect(figures("zk_bytes_received_count 40", "zk_looking_count 2") < before)
    #expect(figures("zk_bytes_received_count 2000", "zk_looking_count 1") < before)
    #expect(!(figures("zk_bytes_received_count 900", "zk_looking_count 3") < before))
    // A server that says nothing, before or after, proves nothing.
    #expect(!(figures() < before) && !(before < figures()))
    // The uptime of Apache ZooKeeper's servers begins with every leader, that of ours with the process.
    #expect(!(figures("zk_uptime 10") < before))
    let ours = figures("zk_version 3.9.5-aviary-0.1", "zk_uptime 60000")
    #expect(figures("zk_version 3.9.5-aviary-0.1", "zk_uptime 10") < ours)
    #expect(!(figures("zk_version 3.9.5-aviary-0.1", "zk_uptime 60001") < ours))
}

@Test func `the shell's command has its words in the environment, and both outputs are kept`() {
    // HOME is in the environment already, with another value.
    let result = ShellCommand.run(
        #"echo "$AVIARY_ID at $AVIARY_HOST in $HOME"; echo no >&2; read line || exit 3"#,
        ["AVIARY_ID=2", "AVIARY_HOST=it's a=host", "HOME=/of/nobody"], holding: -1, seconds: 20
    ) {}
    #expect(result.code == 3 && result.output == "2 at it's a=host in /of/nobody\nno\n")
}

@Test func `a command that does not end is ended with all that it has started`() throws {
    let path = temporary("ended")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let begun = LocalEnsemble.seconds()
    var ticks = 0
    let result = ShellCommand.run(
        "echo so far; (sleep 2; touch \(path)) & sleep 60", [], holding: -1, seconds: 0.5
    ) { ticks += 1 }
    #expect(result.code == 124 && result.output == "so far\n" && ticks > 1)
    #expect(LocalEnsemble.seconds() - begun < 10)
    LocalEnsemble.sleep(milliseconds: 2500)
    #expect(!FileManager.default.fileExists(atPath: path))
}

@Test func `a second roll waits, and the servers that a command leaves behind hold nothing up`()
    throws
{
    let home = temporary("home")
    defer { try? FileManager.default.removeItem(atPath: home) }
    var left: Int32?
    do {
        let lock = try RollLock("orders", in: home, seconds: 1) {}
        #expect(throws: EnsembleError.self) {
            _ = try RollLock("orders", in: home, seconds: 0.2) {}
        }
        _ = try RollLock("others", in: home, seconds: 0.2) {}
        let result = ShellCommand.run(
            "sleep 60 >/dev/null 2>&1 & echo $!", [], holding: lock.descriptor, seconds: 20
        ) {}
        left = Int32(result.output.filter(\.isNumber))
        #expect(result.code == 0)
    }
    let server = try #require(left)
    defer { kill(server, SIGKILL) }
    #expect(kill(server, 0) == 0)
    _ = try RollLock("orders", in: home, seconds: 1) {}
}

@Test func `a roll is of the servers that are named, or of all`() throws {
    let spec = EnsembleSpec.local(name: "orders", count: 3)
    func roll(_ ids: [Int]) throws -> [Int] {
        try ExternalRoll(spec, ids, by: .person, seconds: 1, home: EnsembleHome("/tmp")) { _ in "" }
            .left
    }
    #expect(try roll([]) == [1, 2, 3])
    #expect(try roll([3, 1, 3]) == [1, 3])
    #expect(throws: EnsembleError.self) { try roll([1, 4]) }
}

@Test func `what is said by servers that are no ensemble comes to no end, and is no crash`() {
    // Nobody votes, and a server that is no member says that it leads: it is stopped, and nobody is
    // left who could lead.
    let committed = members([], observers: [1], version: 7)
    var view = running(committed, leader: 0)
    view.servers.append(
        ObservedServer(
            id: ServerID(2), isRunning: true, mode: .leader, isSynced: true, files: .former))
    view.confirmedVersion = 7
    let plan = ChangePlan.make(view, goal(members([1])))
    #expect(plan?.obstacle?.advice.contains("aviary cli") ?? false)
    #expect(words(plan).last == "await-quorum")
}
