import Jute
import Records
import Testing

@testable import Tree

@Suite struct SnapshotCursorTests {
    /// A snapshot in progress, and what the log got since its start.
    private struct Writing {
        let cursor: SnapshotCursor
        var bytes: [UInt8]
        var log: [Transaction] = []

        init(_ tree: DataTree) {
            cursor = tree.startSnapshot()
            var writer = JuteWriter()
            cursor.writeACLTable(to: &writer)
            bytes = writer.copyBytes()
        }

        /// Writes one slice; true when there is no more.
        mutating func advance(limitBytes: Int) -> Bool {
            var writer = JuteWriter()
            let progress = cursor.next(limitBytes: limitBytes, into: &writer)
            bytes += writer.copyBytes()
            return progress == .complete
        }

        /// The tree that a server has after a restart from this snapshot and its log.
        func recovered() throws -> DataTree {
            var writer = JuteWriter()
            writer.writeString("/")
            let tree = try DataTree(loading: bytes + writer.copyBytes())
            for transaction in log { tree.apply(transaction, gatheringEvents: false) }
            return tree
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `a snapshot written during writes, and the log since, make the tree`(
        seed: UInt64
    ) throws {
        var leader = RandomLeader(seed: seed)
        let tree = DataTree(seed: seed)
        for _ in 0..<Int(seed * 5) { tree.apply(leader.next()) }
        var writings: [Writing] = []
        for round in 0..<300 {
            if round % 100 == 0 { writings.append(Writing(tree)) }
            let made = leader.next()
            tree.apply(made)
            for place in writings.indices { writings[place].log.append(made) }
            // A slice now and then, of about one znode.
            let place = Int.random(in: 0..<(writings.count * 2), using: &leader.random)
            if place < writings.count { _ = writings[place].advance(limitBytes: 1) }
        }
        for place in writings.indices {
            while !writings[place].advance(limitBytes: 50) {}
            let recovered = try writings[place].recovered()
            let differences = differences(recovered.dump(), leader.model.znodes)
            #expect(differences == [], "snapshot \(place)")
            #expect(recovered.digest == tree.digest, "snapshot \(place)")
        }
    }

    @Test func `a finished cursor leaves nothing behind`() {
        let tree = DataTree(seed: 1)
        do {
            let cursor = tree.startSnapshot()
            #expect(cursor.start == .zero)
            #expect(tree.cursors.count == 1)
        }
        #expect(tree.cursors.isEmpty)
    }

    @Test func `a znode born after the start is left out with all below it`() throws {
        let tree = DataTree(seed: 1)
        let cursor = tree.startSnapshot()
        tree.apply(transaction(1, create("/new", acl: digestACL("u:x"))))
        tree.apply(transaction(2, create("/new/below")))
        let younger = tree.startSnapshot()
        var writer = JuteWriter()
        #expect(cursor.next(limitBytes: 10_000, into: &writer) == .complete)
        // The root and /zookeeper with its two children, as a fresh tree's 352 bytes without the end.
        #expect(writer.count == 352 - 5)
        writer.removeAll()
        #expect(younger.next(limitBytes: 10_000, into: &writer) == .complete)
        #expect(writer.count > 352)
        #expect(younger.aclTable.map(\.list).contains(digestACL("u:x")))
    }

    @Test func `an ACL that changed is written as it was`() throws {
        let tree = DataTree(seed: 1)
        tree.apply(transaction(1, create("/a", acl: digestACL("old:x"))))
        let old = tree.aclIndex(of: try #require(tree.find("/a")))
        var writing = Writing(tree)
        tree.apply(transaction(2, .setACL("/a", acl: digestACL("new:x"), version: 1)))
        tree.apply(transaction(3, .setACL("/a", acl: ACL.open, version: 2)))
        #expect(tree.acl(of: try #require(tree.find("/a"))) == ACL.open)
        #expect(writing.advance(limitBytes: 10_000) == true)
        let recovered = try writing.recovered()
        let index = try #require(recovered.find("/a"))
        #expect(recovered.acl(of: index) == digestACL("old:x"))
        #expect(recovered.aclIndex(of: index) == old)
    }

    @Test func `the znode that is next may be deleted, and the rest of its tree`() throws {
        let tree = DataTree(seed: 1)
        for (place, path) in ["/a", "/a/b", "/a/b/c", "/d"].enumerated() {
            tree.apply(transaction(Int64(place + 1), create(Path(path), cversion: 1)))
        }
        for steps in 0..<8 {
            let copy = try DataTree(loading: tree.snapshotBytes())
            var writing = Writing(copy)
            for _ in 0..<steps { _ = writing.advance(limitBytes: 1) }
            var zxid: Int64 = 10
            for path in ["/a/b/c", "/a/b", "/a"] as [Path] {
                zxid += 1
                writing.log.append(transaction(zxid, .delete(path, isContainer: false)))
                copy.apply(writing.log[writing.log.count - 1])
            }
            while !writing.advance(limitBytes: 1) {}
            #expect(differences(try writing.recovered().dump(), copy.dump()) == [])
        }
    }

    @Test func `a reset ends the snapshots`() {
        let tree = DataTree(seed: 1)
        let cursor = tree.startSnapshot()
        tree.reset()
        var writer = JuteWriter()
        #expect(cursor.next(limitBytes: 1000, into: &writer) == .abandoned)
        #expect(writer.count == 0)
    }

    @Test(arguments: [Int.min, 0, 1, .max])
    func `a slice makes progress whatever its limit`(limitBytes: Int) {
        let cursor = DataTree(seed: 1).startSnapshot()
        var writer = JuteWriter()
        var slices = 0
        while slices < 10, cursor.next(limitBytes: limitBytes, into: &writer) == .more {
            slices += 1
        }
        #expect(slices == (limitBytes == .max ? 0 : 3))
        #expect(writer.count == 352 - 5)
    }

    @Test func `a slice is bounded even where nothing is written`() {
        let tree = DataTree(seed: 1)
        let cursor = tree.startSnapshot()
        for zxid in 1...10_000 as ClosedRange<Int64> {
            tree.apply(transaction(zxid, create(Path("/n\(zxid)"), cversion: Int32(zxid))))
        }
        var writer = JuteWriter()
        var slices = 1
        while cursor.next(limitBytes: 6000, into: &writer) == .more { slices += 1 }
        #expect(slices > 90)
        #expect(writer.count == 352 - 5)
    }
}
