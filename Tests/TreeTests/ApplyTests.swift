import Jute
import Records
import Testing

@testable import Tree

@Suite struct ApplyTests {
    let tree = DataTree(seed: 7)

    @discardableResult
    private func apply(_ zxid: Int64, _ body: TransactionBody, session: Int64 = 0) -> Applied {
        tree.apply(transaction(zxid, body, session: session))
    }

    private func stat(_ path: Path) throws -> StatPersisted {
        tree.persistedStat(of: try #require(tree.find(path)))
    }

    @Test func `a fresh tree is as the reference's`() throws {
        #expect(tree.nodeCount == 5)
        #expect(tree.approximateDataSize == 44)
        #expect(tree.lastProcessed == .zero)
        #expect(tree.descendantCount(of: .root) == 3)
        #expect(tree.childNames(of: .root) == ["zookeeper"])
        #expect(tree.stat(of: .root).cversion == -1)
        let zookeeper = try #require(tree.find("/zookeeper"))
        #expect(tree.stat(of: zookeeper).cversion == -2)
        #expect(tree.aclIndex(of: zookeeper) == -1)
        #expect(tree.acl(of: zookeeper) == ACL.open)
        let config = try #require(tree.find("/zookeeper/config"))
        #expect(tree.persistedStat(of: config) == StatPersisted(aversion: -1))
        #expect(tree.aclIndex(of: config) == 1)
        #expect(tree.acl(of: config) == ACL.readOnly)
        #expect(tree.find("") == .root)
        #expect(tree.find("/") == .root)
    }

    @Test(arguments: ["foo", "/a/", "/a//b", "//", "//a", "a", "/zookeeper/", "/\0"] as [Path])
    func `a malformed path is not found`(path: Path) {
        apply(1, create("/a"))
        apply(2, create("/a/b"))
        #expect(tree.find(path) == nil)
    }

    @Test func `a create sets the stats of znode and parent, and tells both`() throws {
        let applied = apply(5, create("/a", data: [1, 2], cversion: 1))
        let expected = StatPersisted(
            czxid: Zxid(5), mzxid: Zxid(5), ctime: 5000, mtime: 5000, pzxid: Zxid(5))
        #expect(try stat("/a") == expected)
        #expect(
            applied.result == .created("/a", Stat(expected, dataLength: 2, numChildren: 0)))
        #expect(
            applied.events == [
                TreeEvent(.created, "/a", acl: ACL.open),
                TreeEvent(.childrenChanged, "/", acl: ACL.open),
            ])
        #expect(tree.persistedStat(of: .root) == StatPersisted(cversion: 1, pzxid: Zxid(5)))
        #expect(tree.stat(of: .root).numChildren == 2)
        #expect(tree.lastProcessed == Zxid(5))
    }

    @Test func `null data and empty data stay what they are`() throws {
        apply(1, create("/null", data: nil))
        apply(2, create("/empty", data: [], cversion: 2))
        var writer = JuteWriter()
        for path in ["/null", "/empty"] as [Path] {
            let index = try #require(tree.find(path))
            #expect(tree.dataLength(of: index) == 0)
            tree.writeData(of: index, to: &writer)
        }
        #expect(writer.copyBytes() == [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])
        apply(3, .setData("/null", data: [1, 2, 3], version: 1))
        apply(4, .setData("/empty", data: nil, version: 1))
        #expect(tree.data(of: try #require(tree.find("/null"))) == [1, 2, 3])
        #expect(tree.data(of: try #require(tree.find("/empty"))) == nil)
    }

    @Test func `children are written as names`() throws {
        apply(1, create("/a"))
        apply(2, create("/a/one"))
        apply(3, create("/a/two", cversion: 2))
        var writer = JuteWriter()
        tree.writeChildren(of: try #require(tree.find("/a")), to: &writer)
        tree.writeChildren(of: .root, to: &writer)
        let bytes = writer.copyBytes()
        var reader = JuteReader(bytes.rawSpan)
        var lists: [[ByteString?]] = []
        for _ in 0..<2 {
            let count = try #require(try reader.readCount(elementSizeMin: 4))
            var names: [ByteString?] = []
            for _ in 0..<count { names.append(try reader.readString()) }
            lists.append(names)
        }
        #expect(lists == [["two", "one"], ["a", "zookeeper"]])
    }

    @Test func `a delete moves the parent's pzxid and not its cversion`() throws {
        apply(1, create("/a"))
        apply(2, create("/a/b"))
        let applied = apply(3, .delete("/a/b", isContainer: false))
        #expect(applied.result == .deleted)
        #expect(
            applied.events == [
                TreeEvent(.deleted, "/a/b", acl: ACL.open),
                TreeEvent(.childrenChanged, "/a", acl: ACL.open),
            ])
        #expect(try stat("/a").pzxid == Zxid(3))
        #expect(try stat("/a").cversion == 1)
        #expect(tree.stat(of: try #require(tree.find("/a"))).cversion == 2)
        #expect(tree.find("/a/b") == nil)
        // Gone already: the parent still learns of it, nobody else.
        let again = apply(9, .delete("/a/b", isContainer: false))
        #expect(again == Applied(.error(.noNode), events: []))
        #expect(try stat("/a").pzxid == Zxid(9))
        apply(4, .delete("/a/b", isContainer: true))
        #expect(try stat("/a").pzxid == Zxid(9))
    }

    @Test func `setData and setACL change what is theirs`() throws {
        apply(1, create("/a"))
        let set = apply(2, .setData("/a", data: [9, 9, 9], version: 4))
        let afterData = try stat("/a")
        #expect(afterData.version == 4)
        #expect(afterData.mzxid == Zxid(2))
        #expect(afterData.mtime == 2000)
        #expect(afterData.czxid == Zxid(1))
        #expect(set.result == .changed(Stat(afterData, dataLength: 3, numChildren: 0)))
        #expect(set.events == [TreeEvent(.dataChanged, "/a", acl: ACL.open)])
        let changed = apply(3, .setACL("/a", acl: ACL.readOnly, version: 8))
        var afterACL = afterData
        afterACL.aversion = 8
        #expect(try stat("/a") == afterACL)
        #expect(changed.events.isEmpty)
        #expect(tree.acl(of: try #require(tree.find("/a"))) == ACL.readOnly)
        #expect(apply(4, .setData("/x", data: nil, version: 1)).result == .error(.noNode))
        #expect(apply(5, .setACL("/x", acl: [], version: 1)).result == .error(.noNode))
        #expect(tree.persistedStat(of: .root).cversion == 1)
        #expect(tree.persistedStat(of: .root).pzxid == Zxid(1))
    }

    @Test func `reconfig sets the config with version -1`() throws {
        let applied = apply(7, .reconfig("/zookeeper/config", data: [5], version: 3))
        #expect(
            try stat("/zookeeper/config")
                == StatPersisted(mzxid: Zxid(7), mtime: 7000, version: -1, aversion: -1))
        #expect(applied.events == [TreeEvent(.dataChanged, "/zookeeper/config", acl: ACL.readOnly)])
        #expect(tree.digest == 0x51c6_d660)
    }

    @Test func `events carry the ACL of whom they are about`() {
        apply(1, create("/a", acl: digestACL("parent:x")))
        let applied = apply(2, create("/a/b", acl: digestACL("child:x")))
        #expect(applied.events.map(\.acl) == [digestACL("child:x"), digestACL("parent:x")])
        let deleted = apply(3, .delete("/a/b", isContainer: false))
        #expect(deleted.events.map(\.acl) == [digestACL("child:x"), digestACL("parent:x")])
    }

    @Test func `a replayed create mends the ACL and the parent's counter, for every kind`() throws {
        apply(1, create("/p"))
        for (step, type) in [OpCode.create, .create2, .createContainer, .createTTL].enumerated() {
            let base = Int64(step * 10 + 10)
            let path = Path("/p/\(step)")
            apply(base, create(path, type: type, cversion: Int32(base), ttl: 5))
            let before = try stat(path)
            let again = apply(
                base + 1,
                create(path, acl: ACL.readOnly, type: type, cversion: Int32(base + 5), ttl: 5))
            #expect(again == Applied(.error(.nodeExists), events: []))
            #expect(try stat(path) == before)
            #expect(tree.acl(of: try #require(tree.find(path))) == ACL.readOnly)
            #expect(try stat("/p").cversion == Int32(base + 5))
            #expect(try stat("/p").pzxid == Zxid(base + 1))
            apply(base + 2, create(path, type: type, cversion: Int32(base), ttl: 5))
            #expect(try stat("/p").cversion == Int32(base + 5))
            #expect(try stat("/p").pzxid == Zxid(base + 1))
        }
    }

    @Test func `the oldest creates count the parent up, and the counter sticks at its end`() throws
    {
        apply(1, create("/p", cversion: -1))
        #expect(tree.persistedStat(of: .root).cversion == 1)
        apply(2, create("/p/a", cversion: .max))
        #expect(try stat("/p").cversion == .max)
        apply(3, create("/p/b", cversion: .min))
        apply(4, create("/p/c", cversion: -1))
        #expect(try stat("/p").cversion == .max)
        #expect(try stat("/p").pzxid == Zxid(2))
        #expect(tree.stat(of: try #require(tree.find("/p"))).cversion == -5)
    }

    @Test func `a multi applies all or nothing`() throws {
        let applied = apply(
            3,
            .multi([
                create("/a"), .check("/a", version: 1), create("/a/b"),
                .setData("/a/b", data: [7], version: 1), .delete("/a/b", isContainer: false),
            ]))
        guard case .multi(let results) = applied.result else {
            Issue.record("not a multi")
            return
        }
        #expect(results.count == 5)
        #expect(results[1] == .checked)
        #expect(results[4] == .deleted)
        #expect(
            applied.events.map(\.kind) == [
                .created, .childrenChanged, .created, .childrenChanged, .dataChanged, .deleted,
                .childrenChanged,
            ])
        let before = tree.dump()
        let aborted = apply(
            4, .multi([create("/c", cversion: 2), .error(.noNode), .error(.runtimeInconsistency)]))
        #expect(aborted.events.isEmpty)
        #expect(
            aborted.result
                == .multi([.error(.ok), .error(.noNode), .error(.runtimeInconsistency)]))
        #expect(tree.dump() == before)
        #expect(tree.lastProcessed == Zxid(4))
        #expect(apply(5, .multi([])).result == .multi([]))
    }

    @Test func `a closing session takes its ephemerals with it`() throws {
        for (place, name) in ["c", "a", "b", "d"].enumerated() {
            apply(
                Int64(place + 1), create(Path("/\(name)"), ephemeral: true, cversion: 1),
                session: name == "d" ? 8 : 9)
        }
        apply(6, create("/persistent"))
        #expect(tree.ephemerals(of: SessionID(9)) == ["/a", "/b", "/c"])
        #expect(tree.ephemeralCount == 4)
        #expect(tree.ephemeralOwners == [SessionID(8), SessionID(9)])
        // The leader's list first, in its order; then what it did not know, sorted.
        let applied = apply(10, .closeSession(ephemerals: ["/c", "/missing"]), session: 9)
        #expect(applied.result == .sessionClosed)
        #expect(
            applied.events.map(\.path) == ["/c", "/", "/a", "/", "/b", "/"])
        #expect(tree.ephemeralOwners == [SessionID(8)])
        #expect(tree.persistedStat(of: .root).pzxid == Zxid(10))
        apply(11, .closeSession(ephemerals: nil), session: 8)
        #expect(tree.ephemeralCount == 0)
        #expect(tree.childNames(of: .root) == ["persistent", "zookeeper"])
    }

    @Test(
        arguments: [
            (1, true), (0xff_ffff_ffff, true), (0, false), (-5, false), (1 << 40, false),
        ] as [(Int64, Bool)])
    func `a time to live out of range makes a persistent znode`(ttl: Int64, valid: Bool) throws {
        apply(1, create("/t", type: .createTTL, ttl: ttl))
        let kind = OwnerKind(try stat("/t").ephemeralOwner)
        #expect(kind == (valid ? .timeToLive(milliseconds: ttl) : .persistent))
        #expect(tree.timeToLiveZnodes == (valid ? ["/t"] : []))
        #expect(tree.stat(of: try #require(tree.find("/t"))).ephemeralOwner == 0)
        apply(2, .delete("/t", isContainer: true))
        #expect(tree.timeToLiveZnodes.isEmpty)
    }

    @Test func `containers are listed`() {
        for name in ["b", "c", "a"] {
            apply(1, create(Path("/\(name)"), type: .createContainer, cversion: 1))
        }
        #expect(tree.containers == ["/a", "/b", "/c"])
        apply(2, .delete("/b", isContainer: true))
        #expect(tree.containers == ["/a", "/c"])
    }

    @Test func `an error changes the zxid only, and zxids never go back`() {
        let before = tree.dump()
        #expect(apply(5, .error(.noAuth)).result == .error(.noAuth))
        #expect(apply(6, .check("/", version: 1)).result == .checked)
        #expect(
            apply(4, .createSession(timeout: 30)).result == .sessionCreated(timeout: 30))
        #expect(tree.lastProcessed == Zxid(6))
        #expect(tree.dump() == before)
    }

    @Test func `nothing a client may have written stops the tree`() throws {
        let limits: Path = "/zookeeper/quota/zookeeper_limits"
        apply(1, create(limits, data: [0xff, 0]))
        apply(2, create("/zookeeper/quota/a", data: nil))
        apply(3, create("/zookeeper/quota/a/zookeeper_stats", data: Array("count=x".utf8)))
        apply(4, create("/a", cversion: 1))
        for path in [
            "", "/", "foo", "/a/", "//", "/a//b", "/missing/b", "//x", "/\0", "/a/\u{1}", "a/b",
        ] as [Path] {
            for (type, ephemeral) in [
                (OpCode.create, true), (.createTTL, false), (.createContainer, false),
                (OpCode(rawValue: 99), true),
            ] {
                apply(5, create(path, type: type, ephemeral: ephemeral, ttl: -1), session: .min)
            }
            apply(6, .setData(path, data: nil, version: .min))
            apply(6, .setACL(path, acl: [], version: .max))
            apply(6, .reconfig(path, data: nil, version: 0))
            apply(6, .check(path, version: 0))
            apply(6, .delete(path, isContainer: true))
            apply(6, .closeSession(ephemerals: [path]), session: .max)
        }
        apply(7, .multi([.multi([]), .closeSession(ephemerals: nil)]))
        #expect(tree.find(limits) != nil)
        #expect(tree.find(.root) == .root)
        #expect(tree.digest == tree.recomputedDigest())
        #expect(tree.lastProcessed == Zxid(7))
    }

    @Test func `a replay wants no events`() {
        let applied = tree.apply(transaction(1, create("/a")), gatheringEvents: false)
        #expect(applied.events.isEmpty)
    }
}
