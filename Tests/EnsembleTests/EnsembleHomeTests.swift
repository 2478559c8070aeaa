// Which ensemble is meant when none is named.

import AviaryEnsemble
import Foundation
import Testing

/// A home of its own for each test, gone afterwards.
private func withHome(_ names: [String], _ body: (EnsembleHome) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "aviary-home-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let home = EnsembleHome(path)
    for name in names {
        try home.folder(name).save(EnsembleSpec.local(name: name, count: 3))
    }
    try body(home)
}

@Test func `the named ensemble is meant, else the current one, else the only one`() throws {
    try withHome(["one"]) { home throws in
        #expect(try home.find(nil).name == "one")
    }
    try withHome(["one", "two"]) { home throws in
        #expect(throws: EnsembleError.self) { try home.find(nil) }
        try home.use("two")
        #expect(home.current == "two")
        #expect(try home.find(nil).name == "two")
        #expect(try home.find("one").name == "one")
        try home.folder("two").purge()
        #expect(home.current == nil)
        #expect(try home.find(nil).name == "one")
    }
}

@Test func `who names no ensemble is told which there are, and what to type`() throws {
    try withHome([]) { home throws in
        let error = #expect(throws: EnsembleError.self) { try home.find(nil) }
        #expect(error?.description.contains("aviary up") == true)
        #expect(error?.kind == .unreachable)
    }
    try withHome(["orders", "users"]) { home throws in
        let several = #expect(throws: EnsembleError.self) { try home.find(nil) }
        #expect(several?.description.contains("orders, users") == true)
        #expect(several?.description.contains("--ensemble NAME") == true)
        #expect(several?.kind == .misused)
        let unknown = #expect(throws: EnsembleError.self) { try home.find("order") }
        #expect(unknown?.description.contains("Did you mean orders?") == true)
    }
}

@Test func `what the launcher keeps is what it reads`() throws {
    try withHome([]) { home throws in
        var spec = EnsembleSpec.local(name: "kept", count: 2)
        spec.config = [ConfigEntry(key: "tickTime", value: "1000")]
        spec.servers[0].ports.secureClient = 2281
        spec.servers[1].ports.metrics = 7001
        spec.servers[1].dataDir = "/a place/data"
        spec.servers[1].group = 2
        spec.servers[1].weight = 3
        for place in spec.servers.indices { spec.servers[place].arePortsChosen = true }
        try home.folder("kept").save(spec)
        #expect(try home.folder("kept").load() == spec)
    }
}
