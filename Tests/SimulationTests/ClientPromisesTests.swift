import Records
import Testing

@testable import Simulation

/// What clients are told must fit together, and what does not is noticed.
struct ClientPromisesTests {
    private let promises = ClientPromises()

    private func complaint(_ body: (_ fail: (String) -> Void) -> Void) -> String? {
        var first: String?
        body { first = first ?? $0 }
        return first
    }

    @Test func `what was asked for over one connection is a beginning of it`() {
        for name in ["/a", "/b", "/c"] { promises.sent(Path(name), over: 1, in: 1, of: 0) }
        promises.sent("/d", over: 2, in: 1, of: 0)
        promises.sent("/e", over: 1, in: 1, of: 1)
        func end(_ found: [Path: Zxid]) -> String? {
            complaint { promises.checkEnd(found, $0) }
        }
        #expect(end(["/a": Zxid(1), "/b": Zxid(2), "/d": Zxid(4), "/e": Zxid(1)]) == nil)
        #expect(end(["/d": Zxid(1)]) == nil)
        #expect(end([:]) == nil)
        #expect(
            end(["/a": Zxid(1), "/c": Zxid(3)])
                == "/c is there without /b, which was asked for before it")
        promises.refused("/b")
        #expect(end(["/a": Zxid(1), "/c": Zxid(3)]) == nil)
    }

    @Test func `what a session asks for takes place in that order, over whatever connection`() {
        promises.sent("/a", over: 1, in: 1, of: 0)
        promises.sent("/b", over: 2, in: 1, of: 0)
        promises.sent("/c", over: 3, in: 2, of: 0)
        let found: [Path: Zxid] = ["/a": Zxid(3), "/b": Zxid(5), "/c": Zxid(4)]
        #expect(complaint { promises.checkEnd(found, $0) } == nil)
        #expect(
            complaint { promises.checkEnd(["/a": Zxid(3), "/b": Zxid(2)], $0) }
                == "/b is of 0x2, and /a, which was asked for before it, of 0x3")
    }

    @Test func `a write is refused for its version only when there is a newer one`() {
        func saw(_ version: Int32, _ zxid: Int64) {
            promises.saw("/r", version: version, of: Zxid(zxid), with: [], 0) { _ in }
        }
        promises.refused("/r", version: 1, by: Zxid(7))
        saw(1, 4)
        #expect(
            complaint { promises.checkEnd([:], $0) }
                == "a write of /r was refused at 0x7, when 1 was its version")
        saw(3, 9)
        #expect(complaint { promises.checkEnd([:], $0) } == nil)
        saw(2, 8)
        #expect(complaint { promises.checkEnd([:], $0) } != nil)
    }

    @Test func `a version has one write and the same bytes for all`() {
        func saw(_ version: Int32, _ zxid: Int64, _ data: [UInt8]) -> String? {
            complaint { promises.saw("/r", version: version, of: Zxid(zxid), with: data, 0, $0) }
        }
        #expect(saw(1, 5, [1]) == nil)
        #expect(saw(1, 5, [1]) == nil)
        #expect(saw(2, 6, []) == nil)
        #expect(saw(1, 7, [1]) == "client 0 sees version 1 of /r by 0x7, others by 0x5")
        #expect(saw(1, 5, [2]) == "client 0 finds other bytes in version 1 of /r")
    }

    @Test func `what was deleted stays away, and multis are whole or nothing`() {
        promises.deleted("/p")
        promises.sent("/one", "/other")
        promises.sent(forbidden: "/never")
        #expect(
            complaint { promises.checkEnd(["/p": Zxid(1)], $0) } == "/p is there, and was deleted")
        #expect(complaint { promises.checkMultis(["/one", "/other"], $0) } == nil)
        #expect(complaint { promises.checkMultis(["/one"], $0) } != nil)
        #expect(complaint { promises.checkMultis(["/never"], $0) } != nil)
        #expect(complaint { promises.checkEnd(["/one": Zxid(1)], $0) } != nil)
    }

    @Test func `a write that was sent after another was done comes after it`() {
        #expect(complaint { promises.wrote(Zxid(4), after: .zero, 0, $0) } == nil)
        #expect(complaint { promises.wrote(Zxid(3), after: Zxid(4), 1, $0) } != nil)
    }
}
