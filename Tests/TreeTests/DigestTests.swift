import Jute
import Records
import Testing

@testable import Tree

@Test func `the digest of a fresh tree is the reference's`() {
    let zero = StatPersisted()
    #expect(TreeDigest.node(path: "", data: [], stat: zero) == 0x0412_8908)
    #expect(TreeDigest.node(path: "/", data: [], stat: zero) == 0x0412_8908)
    #expect(TreeDigest.node(path: "/zookeeper", data: [], stat: zero) == 0x4db4_4d58)
    #expect(TreeDigest.node(path: "/zookeeper/quota", data: [], stat: zero) == 0)
    #expect(DataTree(seed: 1).digest == 0x51c6_d660)
}

@Test(arguments: ["", "/", "/a", "/zookeeper", "/zookeeper/config", "/zookeeperx/y"] as [Path])
func `a znode's digest is the CRC of path, data and stat, unless it is below the system's`(
    path: Path
) {
    let stat = StatPersisted(
        czxid: Zxid(1), mzxid: Zxid(2), ctime: 3, mtime: 4, version: 5, cversion: 6, aversion: 7,
        ephemeralOwner: 8, pzxid: Zxid(9))
    for data in [nil, [], Array(0...200)] as [[UInt8]?] {
        var writer = JuteWriter()
        if path != "/" { writer.writeBytes(path.bytes) }
        writer.writeBytes(data ?? [])
        for long in [1, 2, 9, 3, 4] as [Int64] { writer.writeInt64(long) }
        for int in [5, 6, 7] as [Int32] { writer.writeInt32(int) }
        writer.writeInt64(8)
        let expected =
            path == "/zookeeper/config" ? 0 : UInt64(plainChecksum(writer.copyBytes()))
        #expect(TreeDigest.node(path: path, data: data, stat: stat) == expected)
        #expect(ContentDigest(path: path, data: data).withStat(stat) == expected)
    }
}

@Test func `the leader predicts the digest from what the tree keeps`() throws {
    let tree = DataTree(seed: 1)
    tree.apply(transaction(1, create("/a", data: [1, 2, 3])))
    let index = try #require(tree.find("/a"))
    var stat = tree.persistedStat(of: index)
    #expect(tree.digest(of: index) == TreeDigest.node(path: "/a", data: [1, 2, 3], stat: stat))
    stat.cversion = 1
    stat.pzxid = Zxid(2)
    let child = StatPersisted(
        czxid: Zxid(2), mzxid: Zxid(2), ctime: 2000, mtime: 2000, pzxid: Zxid(2))
    let predicted =
        tree.digest &- tree.digest(of: index) &+ tree.contentDigest(of: index).withStat(stat)
        &+ TreeDigest.node(path: "/a/b", data: nil, stat: child)
    tree.apply(transaction(2, create("/a/b", data: nil)))
    #expect(tree.digest == predicted)
    let config = try #require(tree.find("/zookeeper/config"))
    #expect(tree.digest(of: config) == 0)
    #expect(tree.contentDigest(of: config).withStat(stat) == 0)
}
