// Several launchers at once, and ensembles that are gone: nobody takes from another what it goes on
// with, and nothing comes to life again, empty.

import Dispatch
import Foundation
import Storage
import Synchronization
import Testing

@testable import AviaryEnsemble

/// An ensemble of three servers that was never started; its home is gone afterwards.
private func withFolder(_ body: (EnsembleFolder) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "aviary-safety-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let folder = EnsembleHome(path).folder("one")
    try folder.save(EnsembleSpec.local(name: "one", count: 3))
    try body(folder)
}

private func mode(_ path: String) throws -> Int {
    let all = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(all[.posixPermissions] as? NSNumber).intValue
}

@Test func `several launchers may write one file at the same time`() throws {
    try withFolder { folder throws in
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { number in
            for _ in 0..<25 {
                do { try LauncherFile.write("\(number)\n", to: folder.path + "/spec") } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "launcher", "spec",
            ])
    }
}

@Test func `what the launcher keeps is for its owner alone`() throws {
    try withFolder { folder throws in
        #expect(try mode(folder.path) == 0o700)
        #expect(try mode(folder.path + "/launcher") == 0o600)
        try folder.makeOperatorCredential()
        #expect(try mode(folder.path + "/operator") == 0o600)
        try folder.makeIdentity()
        let spec = try #require(try folder.load())
        let server = ServerFolder(
            spec.servers[0], of: spec, in: folder.path, given: folder.given(of: spec))
        try server.write(in: server.fileSystem)
        #expect(try mode(server.configurationPath) == 0o600)
    }
}

@Test func `a file that was asked for is for everybody unless it holds a credential`() throws {
    try withFolder { folder throws in
        let file = folder.path + "/asked"
        try LauncherFile.write("tickTime: 2000\n# no password\n", asked: file)
        #expect(try mode(file) == 0o644)
        try LauncherFile.write("ssl.keyStore.password: x\n", asked: file)
        #expect(try mode(file) == 0o600)
    }
}

@Test func `a change under way is told by its process, and nobody else begins anything`() throws {
    try withFolder { folder throws in
        let lock = try ChangeLock(folder)
        let error = #expect(throws: EnsembleError.self) {
            try folder.exclusively(for: "down") {}
        }
        #expect(error?.description.contains("process \(getpid()) is changing one") == true)
        #expect(error?.description.contains("kill \(getpid())") == true)
        lock.isHeldUntilHere()
    }
    try withFolder { folder throws in
        try folder.exclusively(for: "down") {}
        try folder.exclusively(for: "start") {}
        #expect(!ChangeLock.isHeld(folder))
    }
}

@Test func `a verb that takes a moment is waited for`() throws {
    try withFolder { folder throws in
        let begun = LocalEnsemble.seconds()
        let entered = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            try? folder.exclusively(for: "start") {
                entered.signal()
                LocalEnsemble.sleep(milliseconds: 600)
            }
        }
        entered.wait()
        try folder.exclusively(for: "down") {
            #expect(LocalEnsemble.seconds() - begun > 0.5)
        }
    }
}

@Test func `no server is started in the folder of a purged ensemble`() throws {
    try withFolder { folder throws in
        let spec = try #require(try folder.load())
        var ensemble = try LocalEnsemble(spec, in: folder, binary: "/bin/true")
        #expect(try ensemble.purge() == [])
        #expect(folder.isGone)
        let error = #expect(throws: EnsembleError.self) { try ensemble.start(1) }
        #expect(error?.description.contains("removed from elsewhere") == true)
        #expect(throws: EnsembleError.self) { try folder.exclusively(for: "start") {} }
        #expect(try !POSIXFileSystem().exists(folder.path))
    }
}

@Test func `an ensemble that was not begun leaves nothing`() throws {
    try withFolder { folder throws in
        let other = EnsembleFolder("two", home: String(folder.path.dropLast("/one".count)))
        struct Refused: Error {}
        #expect(throws: Refused.self) {
            try other.exclusivelyBeginning(for: "up") { throw Refused() }
        }
        #expect(try !POSIXFileSystem().exists(other.path))
    }
}

@Test func `signals go by name to other platforms`() {
    for number in [SIGTERM, SIGKILL, SIGSTOP, SIGCONT, 0] {
        #expect(SignalName.of(number).flatMap { SignalName.number($0) } == number)
    }
    #expect(SignalName.number("19") == nil)
}

@Test func `of a host that does not answer nothing is guessed, and nothing is mended there`() {
    var lost = ServerFacts(id: 2, directory: "/nowhere/2")
    lost.isRunning = false
    lost.hasConfiguration = false
    lost.myID = .missing
    lost.unreachable = "zk2: no answer"
    var facts = DoctorFacts(
        ensemble: "one", wanted: members([1, 2, 3]),
        servers: [
            ServerFacts(id: 1, directory: "/x/1"), lost, ServerFacts(id: 3, directory: "/x/3"),
        ])
    facts.committed = members([1, 2, 3])
    let about = Doctor.examine(facts).filter { $0.server == 2 }
    #expect(about.map(\.code) == ["host-unreachable"])
    #expect(about.allSatisfy { $0.repair == nil })
}
