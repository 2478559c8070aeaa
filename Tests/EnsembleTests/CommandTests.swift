// Other programs that hang, end in silence or are noticed by somebody else; logs as one; and what is
// left of an ensemble that is purged.

import Dispatch
import Foundation
import Records
import Storage
import Testing

@testable import AviaryEnsemble

/// A folder of its own, gone afterwards.
private func withFolder(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "aviary-command-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try POSIXFileSystem().makeDirectory(path)
    try body(path)
}

@Test func `a program that hangs is ended in time`() {
    let begun = LocalEnsemble.seconds()
    let result = Command.run(["sh", "-c", "echo so far; sleep 60"], seconds: 0.3)
    #expect(result.code == 124 && result.output == "so far\n")
    #expect(result.complaint == "no end within 0 s")
    #expect(LocalEnsemble.seconds() - begun < 10)
}

@Test func `who has let go of a program's output does not keep it from its end`() {
    let result = Command.run(["sh", "-c", "sleep 60 & exit 4"], seconds: 1)
    #expect(result.code == 4)
}

@Test func `an exit code is not lost when somebody else takes note of all children`() {
    let isOver = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
        while isOver.wait(timeout: .now()) == .timedOut { ProcessEnding.reap() }
        isOver.signal()
    }
    for _ in 0..<20 { #expect(Command.run(["sh", "-c", "exit 3"]).code == 3) }
    isOver.signal()
    LocalEnsemble.sleep(milliseconds: 20)
}

@Test func `a program that does not read is not written to for ever`() {
    guard let child = ChildProgram(["sleep", "60"], input: -1) else {
        Issue.record("sleep cannot be started")
        return
    }
    let bytes = [UInt8](repeating: 0, count: 1 << 20)
    #expect(!HostConnection.send(bytes, to: child.input, seconds: 0.3))
}

@Test func `who writes to a program that has ended learns it from the call`() {
    guard let child = ChildProgram(["true"], input: -1) else {
        Issue.record("true cannot be started")
        return
    }
    let isHeard = (0..<60_000).contains { _ in
        LocalEnsemble.sleep(milliseconds: 1)
        return !HostConnection.send([1], to: child.input, seconds: 60)
    }
    #expect(isHeard)
}

@Test func `a host is no option of ssh, and one that is silent is given up`() {
    var settings = SSHSettings()
    settings.options = ["ServerAliveInterval=60"]
    let words = HostConnection.ssh("zk1", settings)
    #expect(words.suffix(2) == ["--", "zk1"])
    let own = words.firstIndex(of: "ServerAliveInterval=60") ?? .max
    #expect(own < words.firstIndex(of: "ServerAliveInterval=5") ?? 0)
}

@Test func `a host that takes the connection and says nothing is given up with what to try`() {
    let program = HostProgram("/bin/sh", directory: "/tmp")
    let words = ["sh", "-c", "exec sleep 60", "zk1"]
    let error = #expect(throws: HostConnection.Refusal.self) {
        _ = try HostConnection.greeted(words, program, "zk1", seconds: 1)
    }
    #expect(error?.text.contains("see whether 'sh -c exec sleep 60 zk1 true' comes back") == true)
    #expect(error?.isMissing == false)
}

@Test func `figures beyond all counting are the most there is`() {
    #expect(Int.sum(nil, 2) == 2 && Int.sum(3, -5) == 3)
    #expect(Int.sum(.max, 1) == .max && Int.sum(.max, .max) == .max)
}

@Test func `logs are one by time, however much is read at once`() throws {
    try withFolder { folder throws in
        let spec = EnsembleSpec.local(name: "one", count: 2)
        let servers = ServerFolder.all(of: spec, in: folder)
        func line(_ number: Int) -> String {
            let digits = String(number)
            let zeros = String(repeating: "0", count: 6 - digits.count)
            return "2026-11-21 12:00:\(zeros + digits)"
        }
        for (place, server) in servers.enumerated() {
            try POSIXFileSystem().makeDirectory(server.path)
            // The second has few lines, all of them in the middle of the first one's, and a stack.
            let numbers = place == 0 ? Array(0..<400) : Array(200..<204)
            let text = numbers.map { line($0) + " \(place)\n" + (place == 1 ? "\tat x\n" : "") }
            try AtomicFile.write(
                Array(text.joined().utf8), to: server.logPath, in: POSIXFileSystem())
        }
        var log = MergedLog(servers, isColoured: false, fromStart: true, chunkSize: 256)
        var all: [LogLine] = []
        while true {
            let lines = log.newLines()
            if lines.isEmpty { break }
            all += lines
        }
        #expect(all.count == 408)
        let times = all.map(\.content).filter { $0.hasPrefix("2026") }.map { $0.prefix(23) }
        #expect(times == times.sorted())
        let stack = try #require(all.firstIndex { $0.content == "\tat x" })
        #expect(all[stack - 1].id == 2)
        // Cut off and begun anew, it is followed on.
        try AtomicFile.write(
            Array("\(line(500)) new\n".utf8), to: servers[0].logPath, in: POSIXFileSystem())
        #expect(log.newLines().map(\.content) == ["\(line(500)) new"])
        #expect(log.newLines().isEmpty)
    }
}

@Test func `a purge takes data from chosen directories, if they are the ensemble's own`() throws {
    try withFolder { home throws in
        let folder = EnsembleHome(home + "/home").folder("one")
        var spec = EnsembleSpec.local(name: "one", count: 2)
        for place in 0..<2 { spec.servers[place].dataDir = "\(home)/disk\(place + 1)" }
        try folder.save(spec)
        try folder.makeIdentity()
        let fileSystem = POSIXFileSystem()
        for (place, owner) in [folder.identity, "two.0123"].enumerated() {
            let directory = "\(home)/disk\(place + 1)"
            try fileSystem.makeDirectory(directory + "/version-2")
            try LauncherFile.write("x", to: directory + "/version-2/log.1")
            try LauncherFile.write("x", to: directory + "/mine")
            try DataIdentity(
                ensemble: owner, server: ServerID(Int64(place + 1)), directory: directory
            ).write(in: directory, of: fileSystem)
        }
        let left = try LocalEnsemble(spec, in: folder, binary: "").purge()
        #expect(left.count == 1 && left[0].contains("disk2 of server 2 stays"))
        #expect(try fileSystem.list(home + "/disk1") == ["mine"])
        #expect(try fileSystem.exists(home + "/disk2/version-2/log.1"))
        #expect(folder.isGone)
    }
}

@Test(arguments: [
    ("servers: [{id: 1, dataDir: data}]", "dataDir must begin with /"),
    (
        "servers: [{id: 1, dataDir: /d}, {id: 2, dataLogDir: /d/}, {id: 3}]",
        "the directory /d is server 1's already"
    ),
    ("runtime: ssh\nservers: [{id: 1, host: -oProxyCommand=x}]", "host must not begin with -"),
    ("runtime: docker\ndocker: {image: --privileged}\nservers: 3", "image must not begin with -"),
])
func `directories and names that mean something else are refused`(text: String, problem: String) {
    let (_, problems) = SpecParser.parse(text, file: "x.yaml", defaultName: "x")
    #expect(problems.contains { $0.message.contains(problem) }, "\(problems)")
}

@Test func `servers of several hosts may have one directory each`() {
    let (spec, problems) = SpecParser.parse(
        "runtime: ssh\nservers: [{id: 1, host: a, dataDir: /d}, {id: 2, host: b, dataDir: /d}, "
            + "{id: 3, host: c, dataDir: /d}]", file: "x.yaml", defaultName: "x")
    #expect(spec != nil && problems.isEmpty)
}
