// Whose data a directory holds, and whom it is refused.

import Records
import Testing

@testable import Storage

private func check(
    _ identity: DataIdentity?, ensemble: String? = "a.1", server: Int64 = 1, version: Int64 = 0,
    hasHistory: Bool = true, originalExists: Bool = false
) -> IdentityCheck {
    IdentityCheck(
        ensemble: ensemble, server: ServerID(server), version: version,
        places: [
            IdentityCheck.Place(
                path: "/data", identity: identity, hasHistory: hasHistory,
                originalExists: originalExists)
        ])
}

private func identity(
    _ ensemble: String? = "a.1", _ server: Int64 = 1, at directory: String = "/data",
    removed: Int64? = nil
) -> DataIdentity {
    DataIdentity(
        ensemble: ensemble, server: ServerID(server), directory: directory, removed: removed)
}

/// What a check writes before the start; nil if it refuses.
private func written(_ check: IdentityCheck) -> [DataIdentity?]? {
    guard case .start(let places) = check.verdict else { return nil }
    return places.map(\.identity)
}

private func refusal(_ check: IdentityCheck) -> String {
    guard case .refuse(let error) = check.verdict else { return "it starts" }
    return String(describing: error)
}

struct IdentityTests {
    @Test(arguments: [
        identity(), identity(nil, 255), identity("b.2", 7, at: "/with blank", removed: 1 << 32),
    ])
    func `the file says again what was written`(identity: DataIdentity) {
        #expect(DataIdentity(identity.text) == identity)
    }

    @Test func `a file that names no server is none, and lines of later versions are passed over`()
    {
        #expect(DataIdentity("") == nil)
        #expect(DataIdentity("ensemble a\nserver one\n") == nil)
        #expect(DataIdentity("server 1\nfuture thing\nlonely\n")?.server == ServerID(1))
    }

    @Test func `data of a server that left no file are taken over`() {
        #expect(written(check(nil)) == [identity()])
        #expect(written(check(nil, ensemble: nil)) == [identity(nil)])
    }

    @Test func `its own data are its own, and nothing is written`() {
        #expect(written(check(identity())) == [])
        // What zoo.cfg does not say any more is not forgotten.
        #expect(written(check(identity(), ensemble: nil)) == [])
    }

    @Test func `what is not known yet is filled in, and a directory may be moved`() {
        #expect(written(check(identity(nil))) == [identity()])
        #expect(written(check(identity(at: "/old"))) == [identity()])
    }

    @Test func `data of another ensemble are refused`() {
        let text = refusal(check(identity("b.2")))
        #expect(text.contains("/data") && text.contains("b.2") && text.contains("a.1"))
        #expect(text.contains("rm -r /data"))
    }

    @Test func `data of another server are refused`() {
        let text = refusal(check(identity("a.1", 2)))
        #expect(text.contains("server 2") && text.contains("myid says 1"))
        #expect(text.contains("remove /data/identity"))
    }

    @Test func `a removed server does not come back from old files, but may be a member again`() {
        let removed = identity(removed: 0x1_0000_0007)
        #expect(refusal(check(removed)).contains("100000007"))
        #expect(refusal(check(removed, version: 0x1_0000_0007)).contains("aviary add"))
        #expect(written(check(removed, version: 0x1_0000_0008)) == [identity()])
    }

    @Test func `a copy is refused while the original is there`() {
        let text = refusal(check(identity(at: "/old"), originalExists: true))
        #expect(text.contains("copy of /old") && text.contains("start the server from /old"))
    }

    @Test func `a directory without history is nobody's`() {
        #expect(written(check(identity("b.2", 9), hasHistory: false)) == [identity()])
    }

    @Test func `the log's directory must be the same server's`() {
        var both = check(identity())
        both.places.append(
            IdentityCheck.Place(path: "/logs", identity: identity("a.1", 3), hasHistory: true))
        #expect(refusal(both).hasPrefix("/logs"))
        both.places[1].identity = nil
        #expect(written(both) == [identity(at: "/logs")])
    }

    @Test func `who is a member and then is none was removed, and who joins was not`() {
        let own = identity()
        #expect(own.after(version: 9, isMember: true, wasMember: true) == nil)
        #expect(own.after(version: 9, isMember: false, wasMember: false) == nil)
        let removed = own.after(version: 9, isMember: false, wasMember: true)
        #expect(removed == identity(removed: 9))
        #expect(removed?.after(version: 10, isMember: false, wasMember: true) == nil)
        #expect(removed?.after(version: 11, isMember: true, wasMember: true) == own)
    }
}
