import Jute
import Records
import Testing

@testable import Tree

@Suite struct LoadingTests {
    let tree: DataTree

    init() {
        tree = DataTree(seed: 3)
        tree.reset()
    }

    private func insert(_ path: Path, acl: Int64 = -1, owner: Int64 = 0) throws(TreeLoadError) {
        try tree.insertLoaded(
            path: path, data: [1], aclIndex: acl, stat: StatPersisted(ephemeralOwner: owner))
    }

    @Test func `a snapshot whose znodes do not fit together is refused`() throws {
        try tree.defineACL(3, ACL.readOnly)
        try insert("")
        try insert("/a", acl: 3)
        #expect(throws: TreeLoadError.missingParent("/b/c")) { try insert("/b/c") }
        #expect(throws: TreeLoadError.missingParent("x")) { try insert("x") }
        #expect(throws: TreeLoadError.missingParent("/a/")) { try insert("/a/") }
        #expect(throws: TreeLoadError.missingACL("/b", index: 4)) { try insert("/b", acl: 4) }
        #expect(throws: TreeLoadError.duplicate("/a")) { try insert("/a") }
        #expect(throws: TreeLoadError.invalidACLIndex(3)) { try tree.defineACL(3, ACL.open) }
        #expect(throws: TreeLoadError.invalidACLIndex(-1)) { try tree.defineACL(-1, ACL.open) }
    }

    @Test func `loading rebuilds what is not stored`() throws {
        try tree.defineACL(1, ACL.open)
        try tree.defineACL(2, ACL.readOnly)
        try tree.defineACL(7, digestACL("nobody:x"))
        try insert("", acl: 1)
        try insert("/e", acl: 1, owner: 0x55)
        try insert("/c", acl: 2, owner: OwnerKind.containerMark)
        try insert("/c/x")
        tree.finishLoading()
        #expect(tree.ephemerals(of: SessionID(0x55)) == ["/e"])
        #expect(tree.containers == ["/c"])
        #expect(tree.aclIndex(of: .root) == 1)
        #expect(tree.aclCount == 2)
        // The snapshot came from a server without these.
        #expect(tree.find("/zookeeper/config") != nil)
        #expect(tree.nodeCount == 8)
        #expect(tree.digest == tree.recomputedDigest())
        tree.apply(transaction(9, create("/n", acl: digestACL("new:x"))))
        #expect(tree.aclIndex(of: try #require(tree.find("/n"))) == 8)
    }

    @Test func `a tree can be emptied and filled again`() throws {
        let live = DataTree(seed: 4)
        for zxid in 1...500 as ClosedRange<Int64> {
            live.apply(transaction(zxid, create(Path("/n\(zxid)"), cversion: Int32(zxid))))
        }
        let bytes = live.snapshotBytes()
        for _ in 0..<3 {
            let copy = try DataTree(loading: bytes)
            #expect(copy.dump() == live.dump())
            #expect(copy.digest == live.digest)
            #expect(copy.approximateDataSize == live.approximateDataSize)
            copy.reset()
            #expect(copy.nodeCount == 2)
            #expect(copy.find("/n7") == nil)
        }
    }

    @Test func `the empty tree has the bytes of the reference's snapshot`() throws {
        let tree = DataTree(seed: 1)
        let bytes = tree.snapshotBytes()
        // The ACL table has 39 bytes, the znodes 352; then the path `/`.
        #expect(bytes.count == 39 + 352)
        #expect(bytes[..<12] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test func `bytes that are cut or flipped are an error or another tree, never a trap`() throws {
        let live = DataTree(seed: 4)
        live.apply(transaction(1, create("/a", data: [1, 2, 3])))
        live.apply(transaction(2, create("/a/b", acl: ACL.readOnly)))
        let bytes = live.snapshotBytes()
        for length in bytes.indices {
            #expect(throws: (any Error).self) {
                try DataTree(loading: Array(bytes[..<length]))
            }
        }
        for place in bytes.indices {
            for bit in [0x01, 0x80, 0xff] as [UInt8] {
                var flipped = bytes
                flipped[place] ^= bit
                if let tree = try? DataTree(loading: flipped) {
                    #expect(tree.digest == tree.recomputedDigest())
                }
            }
        }
    }
}
