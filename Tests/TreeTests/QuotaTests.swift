import Jute
import Records
import Testing

@testable import Tree

/// The upkeep of quotas, and what their znodes may hold.
struct QuotaTests {
    private func text(_ string: String) -> QuotaText? { QuotaText(Array(string.utf8)) }

    @Test func `a text is read as Apache ZooKeeper reads it`() throws {
        let full = try #require(
            text("count=3,bytes=20=;byteHardLimit=50;countHardLimit=5"))
        #expect(full.count == 3 && full.bytes == 20)
        #expect(full.countHardLimit == 5 && full.bytesHardLimit == 50)
        for string in ["", ",", ";;", "count=5;;bytes=7", "=5", "count=1=2", "count= ", "a==b"] {
            #expect(text(string) != nil, "\(string)")
        }
        #expect(text("count= ")?.count == -1)
        #expect(text("")?.bytes == -1)
        for string in [
            "hello", "count", "count=", "count=x", "count= 5", ",count=5", "=", "a=b=c",
            "count=9223372036854775808",
        ] {
            #expect(text(string) == nil, "\(string)")
        }
        #expect(QuotaText(nil) == nil)
        #expect(QuotaText([0xff, 0xfe]) == nil)
    }

    @Test func `a text is written with its stray sign, the other keys sorted`() throws {
        #expect(QuotaText(count: 1, bytes: 2).encoded == Array("count=1,bytes=2".utf8))
        let more = try #require(text("foo=7,countHardLimit=-1,byteHardLimit=4,count=3"))
        #expect(
            more.encoded
                == Array("count=3,bytes=-1=;byteHardLimit=4;countHardLimit=-1;foo=7".utf8))
    }

    @Test func `random texts are read or refused, and never trap`() {
        var random = SeededGenerator(seed: 5)
        let alphabet = Array("=,; 019-countbyes".utf8) + [0, 0xff]
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...12, using: &random)
            let bytes = (0..<length).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            if let read = QuotaText(bytes) { #expect(QuotaText(read.encoded) != nil) }
        }
    }

    // MARK: In a tree

    private func treeWithQuota(on path: Path) -> DataTree {
        let tree = DataTree(seed: 1)
        let top = Path(Array("/zookeeper/quota".utf8) + path.bytes)
        tree.apply(transaction(1, create(path, data: [1, 2])))
        tree.apply(transaction(2, create(top, data: [])))
        tree.apply(transaction(3, create(QuotaPaths.limits(of: path), data: [])))
        tree.apply(transaction(4, create(QuotaPaths.usage(of: path), data: [9])))
        return tree
    }

    private func usage(_ tree: DataTree, _ path: Path) -> String {
        guard let index = tree.find(QuotaPaths.usage(of: path)) else { return "none" }
        return String(decoding: tree.data(of: index) ?? [], as: UTF8.self)
    }

    @Test func `znodes and bytes below are counted, the path itself included`() {
        let tree = treeWithQuota(on: "/q")
        #expect(tree.quotaPaths == ["/q"])
        #expect(usage(tree, "/q") == "count=1,bytes=2")
        tree.apply(transaction(5, create("/q/a", data: [1, 2, 3], cversion: 1)))
        tree.apply(transaction(6, create("/qq", data: [1, 2, 3], cversion: 9)))
        #expect(usage(tree, "/q") == "count=2,bytes=5")
        tree.apply(transaction(7, .setData("/q/a", data: [1], version: 1)))
        #expect(usage(tree, "/q") == "count=2,bytes=3")
        tree.apply(transaction(8, .setData("/q/a", data: nil, version: 2)))
        tree.apply(transaction(9, .delete("/q/a", isContainer: false)))
        #expect(usage(tree, "/q") == "count=1,bytes=2")
        tree.apply(transaction(10, .delete(QuotaPaths.limits(of: "/q"), isContainer: false)))
        tree.apply(transaction(11, create("/q/b", cversion: 3)))
        #expect(usage(tree, "/q") == "count=1,bytes=2")
        #expect(tree.quotaPaths == [])
    }

    @Test func `upkeep is no write: version, zxid and digest stay`() throws {
        let tree = treeWithQuota(on: "/q")
        let index = try #require(tree.find(QuotaPaths.usage(of: "/q")))
        let before = tree.persistedStat(of: index)
        let other = treeWithQuota(on: "/x")
        let applied = tree.apply(transaction(5, create("/q/a")))
        #expect(applied.events.map(\.path) == ["/q/a", "/q"])
        other.apply(transaction(5, create("/q/a")))
        #expect(tree.persistedStat(of: index) == before)
        #expect(tree.digest(of: index) == 0)
    }

    @Test func `only the nearest quota counts`() {
        let tree = treeWithQuota(on: "/q")
        tree.apply(transaction(5, create("/q/in", data: [], cversion: 1)))
        tree.apply(transaction(6, create("/zookeeper/quota/q/in", data: [], cversion: 9)))
        tree.apply(transaction(7, create(QuotaPaths.limits(of: "/q/in"), cversion: 1)))
        tree.apply(transaction(8, create(QuotaPaths.usage(of: "/q/in"), cversion: 2)))
        tree.apply(transaction(9, create("/q/in/x", data: [1], cversion: 1)))
        #expect(usage(tree, "/q/in") == "count=2,bytes=1")
        #expect(usage(tree, "/q") == "count=2,bytes=2")
    }

    @Test func `a usage that a client spoilt is counted anew`() {
        let tree = treeWithQuota(on: "/q")
        for spoilt in [Array("hello".utf8), Array("count=".utf8), nil] as [[UInt8]?] {
            tree.apply(
                transaction(5, .setData(QuotaPaths.usage(of: "/q"), data: spoilt, version: 1)))
            tree.apply(transaction(6, .setData("/q", data: [1, 2, 3, 4], version: 1)))
            #expect(usage(tree, "/q") == "count=1,bytes=4")
        }
        tree.apply(transaction(7, .delete(QuotaPaths.usage(of: "/q"), isContainer: false)))
        tree.apply(transaction(8, create("/q/a")))
        #expect(usage(tree, "/q") == "none")
    }

    @Test func `a quota on the root is none`() {
        let tree = DataTree(seed: 1)
        for (number, name) in ["zookeeper_limits", "zookeeper_stats"].enumerated() {
            tree.apply(transaction(Int64(number) + 1, create(Path("/zookeeper/quota/\(name)"))))
        }
        #expect(tree.quotaPaths == [])
        tree.apply(transaction(3, create("/a")))
        let index = tree.find(Path("/zookeeper/quota/zookeeper_stats"))
        #expect(index.flatMap { tree.data(of: $0) } == [1])
    }

    @Test func `a loaded tree knows its quotas and counts them anew`() throws {
        let tree = treeWithQuota(on: "/q")
        tree.apply(
            transaction(
                5, .setData(QuotaPaths.usage(of: "/q"), data: Array("count=77".utf8), version: 1)))
        let loaded = DataTree(seed: 2)
        loaded.reset()
        for path in ["", "/zookeeper", "/zookeeper/quota", "/zookeeper/quota/q", "/q", "/q/a"]
            as [Path]
        {
            try loaded.insertLoaded(
                path: path, data: [1], aclIndex: -1, stat: StatPersisted())
        }
        for path in [QuotaPaths.limits(of: "/q"), QuotaPaths.usage(of: "/q")] {
            try loaded.insertLoaded(path: path, data: [], aclIndex: -1, stat: StatPersisted())
        }
        loaded.finishLoading()
        #expect(usage(loaded, "/q") == "count=2,bytes=2")
        loaded.reset()
        #expect(loaded.quotaPaths == [])
    }
}
