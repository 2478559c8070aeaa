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
