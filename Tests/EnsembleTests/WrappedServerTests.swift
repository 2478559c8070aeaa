// Binaries that are scripts: they start the server and stay, or leave something behind.

import Foundation
import Testing

@testable import AviaryEnsemble

/// A server whose binary is this script, in a folder of its own; what it leaves is killed.
private func withScript(_ text: String, _ body: (LocalProcess, String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let script = folder + "/script"
    try "#!/bin/sh\n\(text)\n".write(toFile: script, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    let process = LocalProcess(path: folder, id: 1)
    try process.start(script, [])
    defer {
        _ = try? process.signal(SIGKILL)
        try? FileManager.default.removeItem(atPath: folder)
    }
    try body(process, folder)
}

private func eventually(_ isMet: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        ProcessEnding.reap()
        if isMet() { return true }
        LocalEnsemble.sleep(milliseconds: 5)
    }
    return false
}

private func number(in file: String) -> Int32? {
    (try? String(contentsOfFile: file, encoding: .utf8)).flatMap {
        Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}

@Test func `what a script has started is stopped with it`() throws {
    try withScript("sleep 1000 & echo $! > \"${0%/*}/child\"; wait") { process, folder in
        #expect(eventually { number(in: folder + "/child") != nil })
        let child = try #require(number(in: folder + "/child"))
        let script = try #require(process.pid)
        #expect(script != child)
        #expect(try process.signal(SIGTERM))
        #expect(eventually { process.pid == nil })
        #expect(kill(child, 0) != 0 || LockHolders.member(ofGroup: script) == nil)
    }
}

#if os(Linux)
    @Test func `whoever holds the lock is the server, though the script that was started is gone`()
        throws
    {
        try withScript("sleep 1000 & echo $! > \"${0%/*}/child\"; wait") { process, folder in
            #expect(eventually { number(in: folder + "/child") != nil })
            let script = try #require(number(in: folder + "/server.pid"))
            kill(script, SIGKILL)
            let child = number(in: folder + "/child")
            #expect(eventually { process.pid == child })
            #expect(try process.signal(SIGTERM))
            #expect(eventually { process.pid == nil })
        }
    }

    @Test func `a server counts as running until all that was told to end has ended`() throws {
        // The lock goes with the script; its child has another signal to wait for.
        let text = """
            sh -c 'trap "" TERM; echo $$ > "$0"; sleep 1000 & wait; sleep 1000' "${0%/*}/child" 9>&- &
            wait
            """
        try withScript(text) { process, folder in
            #expect(eventually { number(in: folder + "/child") != nil })
            let script = try #require(process.pid)
            #expect(try process.signal(SIGTERM))
            #expect(eventually { process.pid != script })
            #expect(process.pid != nil)
            #expect(try process.signal(SIGKILL))
            #expect(eventually { process.pid == nil })
            #expect(eventually { LockHolders.member(ofGroup: script) == nil })
        }
    }
#endif
